"""What the commands about delivery say where there is nothing, much, or something misspelled."""

import json
from itertools import count

import pytest

RULES = """
id: failed-logins
title: "Login failed for {{ user_email }}"
severity: high
match: {event_type: FAILED}
when: {each: {by: user_email}}
---
id: noise
title: Noise
severity: low
match: {event_type: NOISE}
"""
CONFIG = """
rules: [rules.yaml]
state: state/
receivers:
  a: {command: {argv: ["true"]}}
  b: {command: {argv: ["true"]}}
time_intervals: {always: {times: "00:00-24:00"}}
route:
  receiver: a
  routes: [{matchers: [severity=low], receiver: b, mute_time_intervals: [always]}]
"""


@pytest.fixture
def ran(tmp_path, monkeypatch, trailbell):
    """A function: what becomes of events of these kinds, one a minute, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "trailbell.yaml").write_text(CONFIG)
    names = count()

    def run(*kinds):
        events = [
            {"id": f"{kind}-{number}", "event_type": kind, "user_email": f"u{number}@example.com"}
            | {"created_at": f"2026-11-02T{number // 60:02}:{number % 60:02}:00Z"}
            for number, kind in enumerate(kinds)
        ]
        file = tmp_path / f"{next(names)}.ndjson"
        file.write_text("".join(json.dumps(event) + "\n" for event in events))
        assert trailbell("run", "--events", file)[0] == 0
        return file

    return run


def test_what_is_held_is_found_however_many_came_after_it(ran, trailbell):
    """The limit is one of what is shown, not of what is looked at."""
    ran("NOISE", *["FAILED"] * 60)
    _, out, err = trailbell("alerts", "list", "--held")
    assert "Noise" in out
    assert err == "1 held back: see `alerts show ID`\n"
    assert len(trailbell("alerts", "list", "--open", "--limit", "61")[1].splitlines()) == 61


def test_what_a_list_leaves_out_is_said(ran, trailbell):
    """Also that it is empty, so that nobody wonders whether it was asked."""
    ran("FAILED", "FAILED")
    assert trailbell("deliveries", "list", "--limit", "1")[2] == "there are more: --limit\n"
    assert trailbell("deliveries", "list", "--limit", "2")[2] == ""
    assert trailbell("deliveries", "list", "--state", "dead")[1:] == ("", "no such deliveries\n")
    assert trailbell("alerts", "list", "--held")[1:] == ("", "no such alerts\n")
    assert trailbell("silences", "list")[1:] == ("", "no silences now; --all shows expired ones\n")


def test_a_misspelled_label_of_a_silence_is_named(ran, trailbell):
    """It hides nothing; who asked for it would find out by the next alert."""
    ran("FAILED")
    _, out, err = trailbell("silences", "add", "usr_email=a", "--for", "1h", "--comment", "x")
    assert out.endswith("it would have hidden 0 alerts\n")
    assert err == (
        "no rule's alerts have a label 'usr_email'; "
        "there are rule, severity, event_type, tag, owner, source, state, user_email\n"
    )
    _, out, err = trailbell("silences", "preview", "user_email=u0@example.com", "--since", "2026-11-01")
    assert (out.splitlines()[0], err) == ("hides 1 alert, 1 of them high or critical", "")


def test_a_wish_is_granted_by_a_run_to_which_nothing_comes(ran, trailbell):
    """Such as the next of a timer's runs over a file that has nothing new."""
    file = ran("FAILED")
    assert trailbell("silences", "add", "rule=noise", "--for", "1h", "--comment", "x")[0] == 0
    assert "waits for the engine" in trailbell("silences", "list")[1]
    assert trailbell("run", "--events", file)[0] == 0
    assert "waits for the engine" not in trailbell("silences", "list")[1]


def test_the_routes_know_of_stored_silences_and_of_times(ran, trailbell):
    """Asked about a time they say what holds then; asked about none, what a time would decide."""
    file = ran("FAILED")
    assert trailbell("route", "test", "severity=low")[1].endswith("  only outside of always; see --at\n")
    assert trailbell("route", "test", "severity=low", "--at", "2026-11-02")[1].endswith("held back: muted by always\n")
    asked = ("route", "test", "severity=high", "rule=failed-logins", "--at")
    assert trailbell("silences", "add", "rule=failed-logins", "--for", "1h", "--comment", "tests")[0] == 0
    assert trailbell("run", "--events", file)[0] == 0
    [silence] = json.loads(trailbell("silences", "list", "--format", "json")[1])
    assert trailbell(*asked, silence["starts_at"])[1].endswith("held back: silenced: tests\n")
    assert trailbell(*asked, silence["ends_at"])[1].endswith("a: the top route: no other route takes it\n")
