"""Alerts made by hand, and servers on loopback."""

from __future__ import annotations

import json
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from trailbell.testing.slack import FakeSlack
from trailbell.testing.webhook import FakeWebhook
from trailbell_engine.alert import Alert, Folded
from trailbell_engine.event import Event
from trailbell_engine.path import parse_path
from trailbell_engine.rule import Words
from trailbell_engine.timestamps import parse_time
from trailbell_notifiers.message import compose
from trailbell_notifiers.render import present

NOW_S = 1_800_000_000.0
OPENED_US = parse_time("2026-11-02T11:00:00Z")


def _event(number, **fields):
    data = {
        "id": f"e{number}",
        "event_type": "NUMBER_UPDATED",
        "created_at": f"2026-11-02T11:0{number}:00",
        "user_email": "ada@example.com",
        "source_ip": "203.0.113.9",
        "source_country": "FR",
        "context": {"msisdn": "447700900000", "voice-type": "app", "voice-value": "a1b2c3d4"},
        **fields,
    }
    return Event("vonage", str(data["id"]), data["event_type"], OPENED_US + number * 60_000_000, data)


@pytest.fixture
def event():
    """A function that makes the event number N (N minutes after the first), with fields replaced."""
    return _event


@pytest.fixture
def alert():
    """Three changes of a number's voice route; the last one opened the alert."""
    events = tuple(_event(number) for number in range(3))
    return Alert(
        id="0123456789abcdef0123456789abcdef",
        rule_id="vonage-number-voice-type-changed",
        rule_version="a1b2c3d4e5f6",
        severity="high",
        key={"context.msisdn": "447700900000"},
        opened_at_us=events[0].time_us,
        last_at_us=events[-1].time_us,
        event_count=41,
        event_ids=tuple(f"e{number}" for number in range(41)),
        events=events,
        opener=events[-1],
        facts={"change": {"old": "sip", "new": "app"}, "count": 41},
        why="41 changes in 2m, threshold 3 in 10m",
        previous=Folded("fedcba9876543210fedcba9876543210", 12, OPENED_US - 3_600_000_000),
    )


@pytest.fixture
def words():
    """The words of a rule that uses most of what rules can say."""
    return Words(
        title="Voice route of {{ context.msisdn }} changed from {{ change.old }} to {{ change.new }}",
        summary="{{ user_email or 'The API' }} moved {{ context.msisdn }} to {{ context['voice-value'] }}",
        fields=tuple(map(parse_path, ("user_email", "source_ip", "context.voice-value"))),
        description="Calls to the number now go somewhere else.",
        references=("https://developer.vonage.com/en/audit/overview",),
        runbook="https://wiki.example.com/runbooks/voice-route",
        tags=("vonage", "attack.t1565"),
        owner="telecom-platform",
    )


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


HOSTILE = json.loads((Path(__file__).parent / "data" / "hostile.json").read_text("utf-8"))
"""Texts that attackers and accidents put into events."""


def pytest_generate_tests(metafunc):
    """Give every test that asks for ``hostile`` one run per hostile text."""
    if "hostile" in metafunc.fixturenames:
        metafunc.parametrize("hostile", HOSTILE, ids=[f"h{number}" for number in range(len(HOSTILE))])


@pytest.fixture
def hostile_message(alert, words, hostile):
    """A message about an alert whose every text, but for what the rule's author wrote, is the hostile one."""
    data = {
        "user_email": hostile,
        "source_ip": hostile,
        "source_country": hostile,
        "context": {"msisdn": hostile, "voice-value": hostile, "list": [hostile, hostile], hostile: hostile},
        hostile: hostile,
    }
    event = Event("vonage", hostile, hostile, OPENED_US, data)
    changed = replace(
        alert,
        events=(event,) * 5,
        opener=event,
        event_ids=(hostile,) * 5,
        event_count=9,
        key={"context.msisdn": hostile, "user_email": hostile},
        facts={"change": {"old": hostile, "new": hostile}},
        why=f"changed from {hostile} to {hostile}",
    )
    return compose(changed, words, present(changed, words))


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
