"""Vendors' sources by the configuration: a run tells of an alert, doctor whether the token works; no secret shows."""

import json

import pytest

from trailbell.clock import now_us
from trailbell.testing.vendor_logs import TOKEN, FakeOkta
from trailbell_engine.timestamps import MINUTE_US, format_time

RULE = """
id: okta-sign-in
title: "{{ actor.alternateId }} signed in"
severity: high
match: {event_type: user.session.start}
"""


@pytest.fixture
def okta():
    with FakeOkta() as fake:
        yield fake


@pytest.fixture
def configured(tmp_path, monkeypatch):
    def write(sources):
        (tmp_path / "rules").mkdir(exist_ok=True)
        (tmp_path / "rules" / "okta.yaml").write_text(RULE)
        file = tmp_path / "trailbell.yaml"
        file.write_text(f"rules: rules/\nsources: {json.dumps(sources)}\n")
        return file

    monkeypatch.setenv("OKTA_API_TOKEN", TOKEN)
    return write


def sign_in(okta):
    okta.records.append(
        {
            "uuid": "e1",
            "eventType": "user.session.start",
            "published": format_time(now_us() - 10 * MINUTE_US),
            "actor": {"alternateId": "ann@acme.example"},
        }
    )


def test_a_run_over_okta_prints_the_alert(okta, configured, trailbell):
    """From the address and the token in the configuration to the line that people read."""
    sign_in(okta)
    file = configured({"okta": {"url": okta.base_url, "token": "${OKTA_API_TOKEN}"}})
    code, out, err = trailbell("run", "--once", "-c", file)
    assert (code, "ann@acme.example signed in" in out) == (0, True)
    assert TOKEN not in out + err
    code, out, _ = trailbell("run", "--once", "-c", file)
    assert (code, out) == (0, "")


def test_doctor_says_that_a_token_works_and_how_old_the_newest_event_is(okta, configured, trailbell):
    """Nothing is stored by looking."""
    sign_in(okta)
    file = configured({"okta": {"url": okta.base_url, "token": "${OKTA_API_TOKEN}"}})
    code, out, err = trailbell("doctor", "-c", file)
    assert code == 0
    assert "it may be read; the newest event looked at is 10m" in out
    assert TOKEN not in out + err
    assert not (file.parent / ".trailbell").exists()


def test_doctor_says_that_a_token_does_not_work(okta, configured, trailbell):
    """In the vendor's words, without the token."""
    file = configured({"okta": {"url": okta.base_url, "token": "wrong-token"}})
    code, out, err = trailbell("doctor", "-c", file)
    assert code == 1
    assert "401" in out
    assert "wrong-token" not in out + err


def test_doctor_looks_into_folders_and_files(tmp_path, configured, trailbell):
    """A bucket that is not there is to be mended; a log file without events is well."""
    (tmp_path / "app.log").write_text("")
    file = configured(
        {"cloudtrail": {"url": str(tmp_path / "nowhere")}, "app": {"files": {"paths": [str(tmp_path / "app.log")]}}}
    )
    code, out, _ = trailbell("doctor", "-c", file)
    assert code == 1
    assert "nowhere is not there" in out
    assert "it has nothing new" in out


@pytest.mark.parametrize("wrong", ["2x", "", "0s", "99999w", "-5m"])
@pytest.mark.parametrize("kind", ["okta", "cloudtrail", "vonage"])
def test_a_duration_that_is_none_is_refused_with_its_place(configured, trailbell, kind, wrong):
    """Exit 3, whichever source it is."""
    own = {"okta": {"url": "https://acme.okta.com", "token": "t"}, "cloudtrail": {"url": "/x"}, "vonage": {}}[kind]
    file = configured({kind: own | {"poll_every": wrong}})
    code, _, err = trailbell("run", "--once", "-c", file)
    assert code == 3
    assert "trailbell.yaml:2" in err
