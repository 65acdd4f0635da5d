"""Alerts made by hand, and servers on loopback."""

from __future__ import annotations

import ssl
from dataclasses import replace

import pytest
import trustme

from trailbell.testing.hostile import hostile_texts
from trailbell.testing.messages import SAMPLE_WORDS, hostile_message, sample_alert, sample_event
from trailbell.testing.slack import FakeSlack
from trailbell.testing.webhook import FakeWebhook
from trailbell_notifiers.message import compose
from trailbell_notifiers.words.render import present

NOW_S = 1_800_000_000.0


@pytest.fixture
def event():
    """A function that makes the event number N (N minutes after the first), with fields replaced."""
    return sample_event


@pytest.fixture
def alert():
    """Three changes of a number's voice route; the last one opened the alert."""
    return sample_alert()


@pytest.fixture
def words():
    """The words of a rule that uses most of what rules can say."""
    return SAMPLE_WORDS


@pytest.fixture
def message(alert, words):
    """The message of that alert."""
    return compose(alert, words, present(alert, words))


@pytest.fixture
def message_of(alert, words):
    """A function: the message of the alert, with fields of alert and words replaced."""

    def make(kind="opened", *, words_=None, **changes):
        changed = replace(alert, **changes)
        chosen = words_ or words
        return compose(changed, chosen, present(changed, chosen), kind)

    return make


@pytest.fixture(scope="session")
def hostile_messages():
    """A message for each hostile text, which stands in its every field: pairs of text and message."""
    return [(text, hostile_message(text)) for text in hostile_texts()]


@pytest.fixture(scope="session")
def hostile_groups():
    """The same with groups of three alerts."""
    return [(text, hostile_message(text, "updated", size=3)) for text in hostile_texts()]


@pytest.fixture
def slack_server():
    """A fake Slack."""
    with FakeSlack() as slack:
        yield slack


@pytest.fixture
def hook():
    """A fake webhook receiver whose clock stands at 1 800 000 000."""
    with FakeWebhook(now_s=lambda: NOW_S) as webhook:
        yield webhook


@pytest.fixture(scope="session")
def authority():
    """A certificate authority that only the tests trust."""
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority, tmp_path_factory):
    """Its certificate, as a file."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="session")
def tls_of(authority):
    """A function: a server's TLS context for a name, signed by the authority."""

    def make(name="127.0.0.1"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        return context

    return make
