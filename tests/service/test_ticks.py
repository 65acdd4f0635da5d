"""The clock in the tests of rules: ``{tick: TIME}`` shows what fires because nothing comes."""

from __future__ import annotations

import pytest

RULE = """
id: quiet
title: "Nothing since {{{{ last }}}}"
severity: low
match: {{event_type: USER_LOGIN}}
when: {{absent: {{for: 1h, by: user_email}}}}
tests:
  - name: a story
    events:
      - {{event_type: USER_LOGIN, created_at: 2026-11-02T10:00:00Z, user_email: ada@example.com}}
{events}
    alerts: {alerts}
"""
ALERT = "[{opened_at: 2026-11-02T11:00:00Z, count: 0, event_ids: [], state: open}]"


@pytest.mark.parametrize(
    ("events", "alerts"),
    [
        ("      - tick: 2026-11-02T11:00:00Z", ALERT),
        ("      - {tick: 2026-11-02 13:00:00+02:00}", ALERT),
        ("      - tick: 2026-11-02T10:59:59.999999Z", "[]"),
        ("      - tick: 2026-11-02T11:00:00Z\n      - {event_type: USER_LOGIN, user_email: ada@example.com}", None),
    ],
    ids=["the very instant", "a zone", "just before", "the next event is a second later"],
)
def test_a_tick_lets_time_pass(tmp_path, trailbell, events, alerts):
    """Whatever was to happen until then, that instant included, has come."""
    alerts = alerts or "[{opened_at: 2026-11-02T11:00:00Z, last_at: 2026-11-02T11:00:01Z, state: resolved}]"
    file = tmp_path / "rule.yaml"
    file.write_text(RULE.format(events=events, alerts=alerts), encoding="utf-8")
    code, out, _ = trailbell("test", file)
    assert (code, "1 passed, 0 failed" in out) == (0, True), out


def test_a_tick_that_is_no_time(tmp_path, trailbell):
    """The form is a problem of the file; a date that does not exist is one of the test."""
    file = tmp_path / "rule.yaml"
    file.write_text(RULE.format(events="      - tick: soon", alerts="[]"), encoding="utf-8")
    code, out, _ = trailbell("check", file)
    assert code == 1
    assert "a time is written `2026-11-02T10:00:00Z`" in out
    file.write_text(RULE.format(events="      - tick: 2026-13-02T10:00:00Z", alerts="[]"), encoding="utf-8")
    code, out, _ = trailbell("test", file)
    assert code == 1
    assert 'the tick "2026-13-02T10:00:00Z" is no time' in out


def test_a_rule_of_silence_may_speak_of_its_key_only(tmp_path, trailbell):
    """Where no event opens the alert, an event's other fields are unknown names."""
    file = tmp_path / "rule.yaml"
    text = RULE.format(events="      - tick: 2026-11-02T11:00:00Z", alerts="[{}]")
    file.write_text(text.replace("Nothing since", "Nothing from {{ source_ip }} since"), encoding="utf-8")
    _, out, _ = trailbell("check", file)
    assert "unknown-variable" in out
    assert "source_ip" in out
    file.write_text(text.replace("Nothing since", "Nothing from {{ user_email }} since"), encoding="utf-8")
    _, out, _ = trailbell("check", file)
    assert "unknown-variable" not in out
