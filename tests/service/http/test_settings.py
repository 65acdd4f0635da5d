"""What `http:` refuses: what would be open by mistake, and what cannot work."""

from __future__ import annotations

import pytest

from trailbell.configuration.config import ConfigError, load_config
from trailbell.health import server_findings
from trailbell.http.server import HttpServer, ListenError
from trailbell.http.settings import HttpSettings


@pytest.fixture
def read(tmp_path):
    """A function: the settings below ``http:`` of that text."""

    def make(text, environ=None):
        file = tmp_path / "trailbell.yaml"
        file.write_text(f"http: {text}\n", encoding="utf-8")
        return load_config(file, environ or {}).http

    return make


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{listen: '0.0.0.0:80', tokens: [x]}", "can be reached from elsewhere"),
        ("{listen: '0.0.0.0:80', allow_public: true}", "everybody could read the alerts"),
        ("{listen: '[::]:80', tokens: [x]}", "can be reached from elsewhere"),
        ("{listen: '8700'}", "no address with a port"),
        ("{listen: '127.0.0.1:70000'}", "no address with a port"),
        ("{senders: [{source: app}]}", "exactly one proof"),
        ("{senders: [{source: app, token: a, user: b, password: c}]}", "exactly one proof"),
        ("{senders: [{source: app, user: b}]}", "exactly one proof"),
        ("{senders: [{source: app, signing_secret: short}]}", "24 to 64"),
        ("{senders: [{source: app, token: a}, {source: web, token: a}]}", "could tell them apart"),
        ("{senders: [{source: app, token: '${NOT_SET}'}]}", "NOT_SET is not set"),
        ("{audit: [{key: a}]}", "secret"),
        ("{nonsense: 1}", "nonsense"),
    ],
)
def test_refused(read, text, words):
    """Each is told in words, with its place."""
    with pytest.raises(ConfigError) as refused:
        read(text)
    (problem,) = refused.value.problems
    assert words in problem.summary
    assert problem.span.line == 1


def test_secrets_come_from_the_environment_and_stay_hidden(read, tmp_path):
    """As ``${NAME}``, or from the file that ``NAME_FILE`` names; printed, they are stars."""
    (tmp_path / "secret").write_text("from-file\n", encoding="utf-8")
    environ = {"TOKEN": "from-environment", "PAIR_FILE": str(tmp_path / "secret")}
    settings = read("{tokens: ['${TOKEN}'], audit: [{key: k, secret: '${PAIR}'}]}", environ)
    assert settings.tokens[0].reveal() == "from-environment"
    assert settings.audit[0].secret.reveal() == "from-file"
    assert "from-" not in repr(settings)


def test_this_machine_by_default():
    """Without a word, nobody else can reach it."""
    assert HttpSettings().loopback


def test_an_address_that_is_taken(tmp_path):
    """It is told, and not a traceback; so does `doctor` find it."""
    first = HttpServer(lambda *_: None, HttpSettings(port=0))
    settings = HttpSettings(port=int(first.url.rpartition(":")[2]))
    with first:
        with pytest.raises(ListenError, match="cannot listen on"):
            HttpServer(lambda *_: None, settings)
        (finding,) = server_findings(settings)
        assert (finding.state, "somebody listens" in finding.words) == ("note", True)
    assert [finding.state for finding in server_findings(HttpSettings(port=0))] == ["ok"]
    assert list(server_findings(None)) == []


def test_a_certificate_that_is_none(tmp_path):
    """It is the file that is told, and not the address."""
    (tmp_path / "cert.pem").write_text("no certificate")
    (tmp_path / "key.pem").write_text("no key")
    for key, words in (("key.pem", "are no pair"), ("gone.pem", "gone.pem cannot be read")):
        settings = HttpSettings(port=0, certificate=tmp_path / "cert.pem", key=tmp_path / key)
        with pytest.raises(ListenError, match=words):
            HttpServer(lambda *_: None, settings)
        (finding,) = server_findings(settings)
        assert (finding.state, words in finding.words) == ("wrong", True)
