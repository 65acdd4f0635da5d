"""`why-not` about events of alerts that fold, and of alerts with more events than they list."""

from __future__ import annotations

import json

import pytest

from trailbell.cli.exits import Exit

RULES = """
id: every
title: every
severity: low
match: {event_type: LOGIN}
when: {each: {by: user_email}}
suppress: {for: 1d}
---
id: bursts
title: bursts
severity: low
match: {event_type: LOGIN}
when: {count: {at_least: 3, within: 1d, by: user_email}}
---
id: flood
title: flood
severity: low
match: {event_type: LOGIN}
when: {count: {at_least: 130, within: 1d, by: user_email}}
"""
EVENTS = 134


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder with rules, and a login a second of one person; the one before the last is somebody else's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules/a.yaml").write_text(RULES, encoding="utf-8")
    (tmp_path / "trailbell.yaml").write_text("rules: rules/\n", encoding="utf-8")
    records = [
        {
            "id": f"e{number:03}",
            "event_type": "LOGIN",
            "created_at": f"2026-11-02T10:{number // 60:02}:{number % 60:02}",
            "user_email": "bob@example.com" if number == EVENTS - 1 else "ada@example.com",
        }
        for number in range(1, EVENTS + 1)
    ]
    (tmp_path / "events.ndjson").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")


@pytest.fixture
def live(home, trailbell):
    """A function: the answer of `why-not` on the store of a run."""
    assert trailbell("run", "--events", "events.ndjson")[0] == Exit.OK

    def ask(rule, event_id):
        code, out, _ = trailbell("why-not", rule, event_id, "--format", "json")
        assert code == Exit.OK
        return json.loads(out)["answer"]

    return ask


@pytest.fixture
def dry(home, trailbell):
    """A function: the answer of `dry-run --why-not`."""

    def ask(rule, event_id):
        command = ("dry-run", "rules/", "-e", "events.ndjson", "--why-not", rule, event_id, "--format", "json")
        code, out, _ = trailbell(*command)
        assert code == Exit.OK
        return json.loads(out)["why_not"]["answer"]

    return ask


def test_an_open_alert_is_no_firing_of_this_event(live, dry):
    """The alert folds what fires; the last event was one of three, and fired nothing."""
    for ask in (live, dry):
        assert ask("bursts", "e134") == "the event matches, and `count` was not met"


def test_a_firing_beyond_the_list_of_an_alert(live, dry):
    """The alert lists 100 events and counts this one; the store does not know it for certain, a dry-run has seen it."""
    assert dry("every", "e120").startswith("it did: the event is part of alert ")
    answer = live("every", "e120")
    assert answer.startswith("the event matches, and may be part of alert ")
    assert answer.endswith(", which lists the first 100 of its 133 events")


def test_a_window_larger_than_the_list_of_an_alert(live, dry):
    """An event of the window that opened the alert may be counted; one after it, or of another key, is not."""
    for ask in (live, dry):
        assert ask("flood", "e100").startswith("it did: the event is part of alert ")
        assert "may be part of alert" in ask("flood", "e101")
        assert ask("flood", "e131") == "the event matches, and `count` was not met"
        assert ask("flood", "e133") == "the event matches, and `count` was not met"


def test_the_event_that_opened_it_is_known(live, dry):
    """However far behind the list it stands: it is kept whole."""
    for ask in (live, dry):
        assert ask("flood", "e130").startswith("it did: the event opened alert ")
