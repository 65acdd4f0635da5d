"""`trailbell test`: expectations over messages and routes, coverage, and running again."""

from __future__ import annotations

import json

import pytest

from trailbell.cli.exits import Exit
from trailbell.cli.watching import look, watch

RULE = """
id: a
title: "<b> & {{ user_email }}"
severity: high
match: {event_type: X}
alert: {summary: "{{ user_email }} did what nobody of the whole house would ever do on a day like this one"}
tests:
  - name: y
    events: [{event_type: X, user_email: ada@example.com}]
    alerts: [EXPECTED]
  - {name: n, events: [{event_type: Y}], alerts: []}
"""
CONFIGURATION = """
receivers:
  security: {webhook: {url: "http://127.0.0.1:9/", secret: "0123456789abcdef0123456789abcdef"}}
  ops: {webhook: {url: "http://127.0.0.1:9/", secret: "0123456789abcdef0123456789abcdef"}}
route: {receiver: ops, routes: [{receiver: security, matchers: ["severity=high"]}]}
"""


@pytest.fixture
def outcome(tmp_path, monkeypatch, trailbell):
    """A function: exit code and the first test's outcome, of the rule with an expectation."""
    monkeypatch.chdir(tmp_path)

    def of(expected, *arguments, rule=RULE):
        (tmp_path / "a.yaml").write_text(rule.replace("EXPECTED", expected), encoding="utf-8")
        code, out, err = trailbell("test", "a.yaml", "--format", "json", *arguments)
        assert err == ""
        return code, json.loads(out)["tests"][0]

    return of


@pytest.mark.parametrize(
    "expected",
    [
        '{slack: "<b> & ada@example.com"}',
        "{slack: [ada@example.com did what, High]}",
        "{email: [High, 'did what nobody']}",
        "{told: []}",
    ],
)
def test_messages_are_expected_as_they_are_read(outcome, expected):
    """Not as they are escaped on the way."""
    assert outcome(expected)[0] == Exit.OK


def test_a_text_that_is_missing_from_a_message(outcome):
    """The message is shown beside it."""
    code, found = outcome("{slack: [ada@example.com, eve@example.com]}")
    assert code == Exit.FINDINGS
    (difference,) = found["diff"]
    assert difference.startswith('alerts[0].slack contains\n  - expected: "eve@example.com"\n  + actual:   "')
    assert "ada@example.com" in difference


def test_who_is_told_by_the_configured_routes(outcome, tmp_path):
    """Of the configuration that is found, or named."""
    (tmp_path / "other.yaml").write_text(CONFIGURATION, encoding="utf-8")
    assert outcome("{told: [security]}", "--config", "other.yaml")[0] == Exit.OK
    code, found = outcome("{told: [ops]}", "--config", "other.yaml")
    assert (code, found["diff"]) == (
        Exit.FINDINGS,
        ['alerts[0].told\n  - expected: ["ops"]\n  + actual:   ["security"]'],
    )


def test_who_is_told_by_the_rule_itself(outcome):
    """`notify` wins over routes, and an experimental rule tells nobody."""
    rule = RULE.replace("severity: high\n", "severity: high\nnotify: [x]\n")
    assert outcome("{told: [x]}", rule=rule)[0] == Exit.OK
    assert outcome("{told: []}", rule=rule.replace("notify: [x]", "notify: [x]\nstatus: experimental"))[0] == Exit.OK


def test_long_texts_are_shown_where_they_part(outcome):
    """With a caret below the first character that differs."""
    summary = "ada@example.com did what nobody of the whole house should ever do on a day like this one"
    (difference,) = outcome(f"{{summary: {summary}}}")[1]["diff"]
    where, expected, actual, caret = difference.split("\n")
    assert where == "alerts[0].summary"
    assert caret.strip() == "^ character 52"
    at = caret.index("^")
    assert (expected[at:].startswith("should"), actual[at:].startswith("would")) == (True, True)


def test_coverage_names_what_no_test_exercises(tmp_path, trailbell):
    """Beside the summary; in JSON with its places."""
    rule = RULE.replace("EXPECTED", "{}").replace("{event_type: X}\nalert", "{event_type: X, b: {not_in: [1]}}\nalert")
    (tmp_path / "a.yaml").write_text(rule, encoding="utf-8")
    code, out, _ = trailbell("test", tmp_path / "a.yaml", "--coverage")
    assert code == Exit.OK
    assert "     5  never met     b in 1" in out
    assert "coverage 75%   3 of 4 outcomes, 0 of 1 rule in full" in out
    (entry,) = json.loads(trailbell("test", tmp_path / "a.yaml", "--coverage", "--format", "json")[1])["coverage"]
    assert (entry["rule_id"], entry["outcomes"], entry["covered"]) == ("a", 4, 3)
    assert entry["gaps"][0]["line"] == 5


def test_watching_is_for_people(trailbell):
    """A stream of documents is none."""
    code, _, err = trailbell("test", "pack:vonage", "--watch", "--format", "json")
    assert (code, "--watch is for people" in err) == (Exit.USAGE, True)


def test_a_change_runs_it_again(tmp_path):
    """Of a file, of one that was read besides, and a new file; without one it waits."""
    rules, table, runs = tmp_path / "rules", tmp_path / "table.csv", []
    rules.mkdir()
    (rules / "a.yaml").write_text("a", encoding="utf-8")
    changes = iter(
        [
            lambda: None,
            lambda: (rules / "a.yaml").write_text("longer", encoding="utf-8"),
            lambda: table.write_text("x", encoding="utf-8"),
            lambda: (rules / "b.yaml").write_text("b", encoding="utf-8"),
            (rules / "b.yaml").unlink,
        ]
    )

    def sleep(_seconds):
        change = next(changes, None)
        if change is None:
            raise KeyboardInterrupt
        change()

    def act():
        runs.append(len(look([str(rules)], [])))
        return [table]

    with pytest.raises(KeyboardInterrupt):
        watch([str(rules)], act, sleep)
    assert runs == [1, 1, 1, 2, 1]


def test_routes_that_are_quiet_at_times_are_read(shell_folder_with_intervals, trailbell):
    """`test` and `why-not` take the whole configuration: a route may name a time interval."""
    assert trailbell("test")[0] == Exit.OK
    assert trailbell("why-not", "a", "1", "--events", "events.json")[0] == Exit.OK


@pytest.fixture
def shell_folder_with_intervals(tmp_path, monkeypatch):
    """A working folder whose route is quiet at night."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trailbell.yaml").write_text(
        "rules: [r.yaml]\n"
        'receivers: {a: {webhook: {url: "https://x.example.com/"}}}\n'
        'time_intervals: {nights: [{times: [{start_time: "18:00", end_time: "08:00"}]}]}\n'
        "route: {receiver: a, routes: [{receiver: a, mute_time_intervals: [nights]}]}\n"
    )
    tests = "tests: [{name: y, events: [{event_type: A}], alerts: [{told: [a]}]}]\n"
    (tmp_path / "r.yaml").write_text(f"id: a\ntitle: t\nseverity: low\nmatch: {{event_type: A}}\n{tests}")
    (tmp_path / "events.json").write_text('{"id": "1", "event_type": "A", "created_at": "2026-11-02T10:00:00"}')


def test_a_time_that_is_none_fails_the_test(outcome):
    """Live it would be the time of the event before, and the test would not be about the window it speaks of."""
    wrong = RULE.replace("{event_type: X, user", "{event_type: X, created_at: yesterday, user")
    code, found = outcome("{}", rule=wrong)
    assert code == Exit.FINDINGS
    assert 'event 1: "yesterday" is no time' in found["diff"]
