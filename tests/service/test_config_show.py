"""`trailbell config show`: every setting with where it comes from, and no secret."""

import json

import pytest

from trailbell.cli.exits import Exit

CONFIG = """\
rules: [rules/, pack:vonage]
sources: {vonage: {since: 2d}}
receivers:
  chat: {slack: {token: "${SLACK_BOT_TOKEN}", channel: "#security"}}
  siem: {webhook: {url: "https://ann:hunter2@siem.example.com/hook", secret: abcdefghijklmnop}}
route:
  receiver: chat
  routes:
    - {matchers: ["severity=critical"], receiver: siem, continue: true}
"""


@pytest.fixture
def settings(tmp_path, monkeypatch, trailbell):
    """A function: the settings of a working folder by name, with this environment."""
    monkeypatch.chdir(tmp_path)

    def read(text=CONFIG, **environ):
        if text:
            (tmp_path / "trailbell.yaml").write_text(text)
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        code, out, _ = trailbell("config", "show", "--format", "json")
        assert code == Exit.OK
        return {entry["name"]: entry for entry in json.loads(out)["settings"]}

    return read


def test_each_setting_has_its_origin(settings):
    """The file and its line, a variable, or a default; the environment wins over the file."""
    found = settings(TRAILBELL_SOURCES_VONAGE_POLL_EVERY="90s", TRAILBELL_STATE="elsewhere")
    assert found["sources.vonage.since"] == {
        "name": "sources.vonage.since",
        "value": "2d",
        "origin": "file",
        "place": "trailbell.yaml:2",
        "unset": [],
    }
    assert found["sources.vonage.poll_every"]["place"] == "TRAILBELL_SOURCES_VONAGE_POLL_EVERY"
    assert (found["state"]["origin"], found["state"]["place"]) == ("environment", "TRAILBELL_STATE")
    assert found["sources.vonage.lateness"]["origin"] == "default"
    assert found["route.routes[0].receiver"]["value"] == "siem"
    assert found["rules"]["value"] == ["rules/", "pack:vonage"]


def test_the_address_of_the_api_is_shown(settings):
    """Whom the credentials are sent to: by default, by the environment, by the file."""
    assert settings()["sources.vonage.url"]["value"] == "https://api.nexmo.com/beta/audit"
    found = settings(VONAGE_AUDIT_URL="http://127.0.0.1:8080/beta/audit")["sources.vonage.url"]
    assert (found["value"], found["place"]) == ("http://127.0.0.1:8080/beta/audit", "VONAGE_AUDIT_URL")
    named = settings(CONFIG.replace("since: 2d", 'since: 2d, url: "https://api-eu.vonage.com/beta/audit"'))
    assert (named["sources.vonage.url"]["origin"], len(named["sources.vonage.url"]["value"])) == ("file", 36)


def test_a_setting_from_the_file_of_a_variable(settings, tmp_path):
    """Its place is the variable that names the file."""
    (tmp_path / "state").write_text("elsewhere\n")
    assert settings(TRAILBELL_STATE_FILE=str(tmp_path / "state"))["state"]["place"] == "TRAILBELL_STATE_FILE"


def test_no_secret_is_shown(settings, trailbell):
    """Neither by its name nor by its look, neither from the file nor from the environment, in no format."""
    settings(SLACK_BOT_TOKEN="xoxb-very-secret", VONAGE_API_KEY="k3y", VONAGE_API_SECRET="s3cr3t")
    for arguments in ((), ("--format", "json")):
        _, out, err = trailbell("config", "show", *arguments)
        for secret in ("xoxb", "hunter2", "abcdefghijklmnop", "k3y", "s3cr3t"):
            assert secret not in out + err
        assert "***" in out


def test_a_variable_that_is_not_set_is_said(settings, trailbell):
    """Where the file names it."""
    found = settings()
    assert found["receivers.chat.slack.token"]["unset"] == ["SLACK_BOT_TOKEN"]
    assert "SLACK_BOT_TOKEN is not set" in trailbell("config", "show")[1]


def test_without_a_file_the_defaults_hold(settings):
    """There is always an answer."""
    found = settings(text="")
    assert found.keys() == {"rules", "state", "watch_rules", "rule_cache"}
    assert {entry["origin"] for entry in found.values()} == {"default"}


def test_a_broken_configuration_shows_its_problems(settings, trailbell, tmp_path):
    """As every other command does."""
    (tmp_path / "trailbell.yaml").write_text("rulez: x\n")
    code, _, err = trailbell("config", "show")
    assert code == Exit.CONFIGURATION
    assert "did you mean" in err
