"""`trailbell why-not` and `explain`: from the store, from files, and for an event on stdin."""

from __future__ import annotations

import json

import pytest
from rich.cells import cell_len

from trailbell.cli.exits import Exit
from trailbell.cli.tree import verdict_lines

CONFIGURATION = """
rules: rules/
receivers:
  security: {webhook: {url: "http://127.0.0.1:9/", secret: "0123456789abcdef0123456789abcdef"}}
  ops: {webhook: {url: "http://127.0.0.1:9/", secret: "0123456789abcdef0123456789abcdef"}}
route: {receiver: ops, routes: [{receiver: security, matchers: ["severity=high"]}]}
"""
RULES = """
id: login-elsewhere
title: login
severity: high
match: {event_type: USER_LOGIN, source_country: {exists: true, not_in: [GB, IE]}}
---
id: cancel-burst
title: burst
severity: low
match: {event_type: NUMBER_RELEASE, context.country: [GB, IE]}
when: {count: {at_least: 3, within: 10m, by: user_email}}
alert: {severity: [{if: {source_country: GB}, then: high}]}
---
id: trial
title: trial
severity: low
match: {event_type: NUMBER_RELEASE}
status: experimental
"""


def _id(number):
    return f"0000000{number}"


@pytest.fixture
def home(tmp_path, monkeypatch, trailbell):
    """A folder whose rules have run over six events; afterwards receivers are configured."""
    monkeypatch.chdir(tmp_path)
    for name, text in {"rules/a.yaml": RULES, "trailbell.yaml": "rules: rules/\n"}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    events = [
        {"event_type": "USER_LOGIN", "source_country": "KP"},
        {"event_type": "USER_LOGIN", "source_country": "GB"},
        {"event_type": "NUMBER_RELEASE", "context": {"country": "GB"}},
        {"event_type": "NUMBER_RELEASE", "context": {"country": "IE"}},
        {"event_type": "NUMBER_RELEASE", "context": {"Country": "gb"}},
    ]
    shared = {"user_email": "ada@example.com", "source_ip": "203.0.113.9", "source_country": "GB"}
    records = [
        shared | {"id": _id(number), "created_at": f"2026-11-02T10:0{number}:00"} | event
        for number, event in enumerate(events, 1)
    ]
    (tmp_path / "events.ndjson").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    assert trailbell("run", "--events", "events.ndjson")[0] == Exit.OK
    (tmp_path / "trailbell.yaml").write_text(CONFIGURATION, encoding="utf-8")
    return tmp_path


@pytest.fixture
def ask(home, trailbell):
    """A function: the document of `why-not`."""

    def call(*arguments):
        code, out, err = trailbell("why-not", *arguments, "--format", "json")
        assert (code, err) == (Exit.OK, "")
        return json.loads(out)

    return call


def test_what_does_not_hold_is_named(ask):
    """The tree tells which test failed, what was read, and what is nearly it."""
    found = ask("cancel-burst", _id(5))
    assert (found["answer"], found["matches"], found["memory"]) == ("the event does not match", False, None)
    assert found["match"]["all"][1] == {
        "holds": False,
        "path": "context.country",
        "in": ["GB", "IE"],
        "values": [],
        "remark": 'the event has "Country"',
    }
    assert found["would_tell"] == []


def test_a_window_that_is_not_full(ask):
    """The state of the key comes from the store, in the condition's own words."""
    found = ask("cancel-burst", _id(4))
    assert found["answer"] == "the event matches, and `count` was not met"
    assert found["memory"]["key"] == {"user_email": "ada@example.com"}
    assert found["memory"]["state"] == "2 of 3 in 10m, last 2026-11-02T10:04:00Z; needs 1 more before 10:13:00Z"


def test_who_would_be_told_and_why(ask):
    """By the severity that an alert of this event would have."""
    found = ask("cancel-burst", _id(4))
    assert found["severity"] == "high"
    assert found["would_tell"] == [{"receiver": "security", "reason": 'route 1: severity="high"'}]


def test_it_did(ask):
    """An event of an alert is answered with the alert, and not with a reason for silence."""
    found = ask("login-elsewhere", _id(1))
    assert found["answer"] == f"it did: the event opened alert {found['alerts'][0][:12]}"


def test_an_event_of_before_the_rule(ask, home):
    """A version that came later has only learned from the event."""
    (home / "rules/b.yaml").write_text(RULES.split("---")[1].replace("cancel-burst", "later"), encoding="utf-8")
    assert "has not run on this store" in ask("later", _id(4))["answer"]
    (home / "trailbell.yaml").write_text("rules: rules/\n", encoding="utf-8")


def test_a_rule_that_only_learned(ask, home, trailbell):
    """After its first run the rule knows the events of before, and says why it was silent on them."""
    (home / "trailbell.yaml").write_text("rules: rules/\n", encoding="utf-8")
    (home / "rules/b.yaml").write_text(RULES.split("---")[1].replace("cancel-burst", "later"), encoding="utf-8")
    assert trailbell("run", "--events", "events.ndjson")[0] == Exit.OK
    assert "it only learned from it" in ask("later", _id(4))["answer"]


def test_an_experimental_rule_tells_nobody(ask):
    """Whatever the routes say."""
    found = ask("trial", _id(3))
    assert (found["rule"]["status"], found["would_tell"]) == ("experimental", [])


def test_the_rule_of_another_folder(ask, tmp_path):
    """`--rules` is for rules that are not configured (yet)."""
    other = tmp_path / "draft.yaml"
    other.write_text("id: draft\ntitle: t\nseverity: low\nmatch: {event_type: OTHER}\n", encoding="utf-8")
    assert ask("draft", _id(1), "--rules", str(other))["matches"] is False


def test_an_event_of_a_file(ask):
    """Files are searched instead of the store; of a key's memory nothing is known then."""
    found = ask("cancel-burst", _id(3), "--events", "events.ndjson")
    assert found["memory"] is None
    assert found["answer"].startswith("the event matches; what `count` makes of it depends on the events before it")


def test_the_id_as_it_is_comes_before_ids_that_begin_so(ask, home):
    """An event whose id begins another's can be asked for, though the other comes first in the file."""
    events = [{"event_type": "OTHER", "id": "e10"}, {"event_type": "NUMBER_RELEASE", "id": "e1"}]
    (home / "ids.ndjson").write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    assert ask("trial", "e1", "--events", "ids.ndjson")["event"]["id"] == "e1"
    assert ask("trial", "e", "--events", "ids.ndjson")["event"]["id"] == "e10"


@pytest.mark.parametrize("first", ["e1", "e10"])
def test_a_dry_run_is_asked_about_the_id_as_it_is(home, trailbell, first):
    """As `why-not` itself does."""
    events = [{"event_type": "NUMBER_RELEASE", "id": name} for name in (first, {"e1": "e10", "e10": "e1"}[first])]
    (home / "ids.ndjson").write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    out = trailbell("dry-run", "rules", "-e", "ids.ndjson", "--why-not", "trial", "e1", "--format", "json")[1]
    assert json.loads(out)["why_not"]["event"]["id"] == "e1"


def test_an_event_on_stdin(ask, home, monkeypatch):
    """One object, of whatever map."""
    event = {"event_type": "USER_LOGIN", "id": "x", "created_at": "2026-11-02T10:00:00", "source_country": "gb"}
    (home / "one.json").write_text(json.dumps(event), encoding="utf-8")
    with (home / "one.json").open(encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        found = ask("login-elsewhere", "-")
    assert found["matches"] is True
    assert found["match"]["all"][1]["all"][1]["not"][0]["remark"] == "it differs only in case"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("cancel-burts", _id(1)), Exit.USAGE, 'did you mean "cancel-burst"?'),
        (("trial", "zz"), Exit.USAGE, "no event of the store has an id that begins with 'zz'"),
        (("trial", "0"), Exit.USAGE, "several events' ids begin with '0'"),
        (("trial", "zz", "--events", "events.ndjson"), Exit.USAGE, "no event's id begins with 'zz'"),
        (("trial", "zz", "--events", "nope.ndjson"), Exit.SOURCE, "nope.ndjson"),
    ],
)
def test_what_cannot_be_found(home, trailbell, arguments, code, words):
    """Names that lead nowhere are usage errors with a way out."""
    found, out, err = trailbell("why-not", *arguments)
    assert (found, out) == (code, "")
    assert words in err


@pytest.mark.parametrize("event", [_id(4), _id(5)])
def test_on_a_terminal_of_eighty_columns(home, trailbell, monkeypatch, event):
    """No line is broken by the terminal, and the first test that fails is marked."""
    monkeypatch.setenv("COLUMNS", "80")
    out = trailbell("why-not", "cancel-burst", event)[1]
    assert max(map(cell_len, out.splitlines())) <= 84
    assert ("▶" in out) is (event == _id(5))


def test_explain_shows_the_events_and_the_memory_now(home, trailbell):
    """Beside what was decided then, what is known now."""
    code, out, _ = trailbell("explain", "last", "--format", "json")
    found = json.loads(out)
    assert (code, [event["id"] for event in found["events"]]) == (Exit.OK, found["event_ids"])
    assert found["memory"] == {"key": {}, "state": "", "folding": None}
    text = trailbell("explain", "last")[1]
    assert "then      event_type" in text
    assert "2026-11-02T10:05:00Z  NUMBER_RELEASE  ada@example.com  203.0.113.9  00000005" in text


def test_explain_of_a_rule_that_decides_otherwise_now(home, trailbell):
    """The memory of another version says nothing about this alert."""
    (home / "rules/a.yaml").write_text(RULES.replace("event_type: NUMBER_RELEASE}\n", "event_type: X}\n"))
    assert "the rule decides otherwise since" in trailbell("explain", "last")[1]


def test_a_tree_is_aligned(home, rules, event):
    """Paths, tests and values stand in columns; what does not fit goes below; a nested `all` is one with its parent."""
    from trailbell_engine.explain import explain

    (rule,) = rules(RULES.split("---", maxsplit=1)[0] + "description: d\n")
    lines = [line.plain for line in verdict_lines(explain(rule.match, event(1, "USER_LOGIN")).to_json(), 80)]
    assert lines == [
        '  ✔ event_type      is "USER_LOGIN"    "USER_LOGIN"',
        '  ✔ source_country  exists             "GB"',
        '▶ ✘ source_country  not in "GB", "IE"  "GB"',
    ]
