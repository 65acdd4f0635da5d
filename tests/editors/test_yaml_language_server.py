"""The schemas as an editor uses them: completion, one diagnostic at the one wrong key, words on hovering."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count

import pytest

from trailbell_engine.alert import SEVERITIES
from trailbell_engine.conditions import BY, CONDITIONS
from trailbell_engine.operators import NEGATIVES, OPERATORS

HEAD = "# yaml-language-server: $schema=rule.json\nid: a\ntitle: t\nseverity: low\n"
SHARED = "# yaml-language-server: $schema=definitions.json\n"
KEYS = {
    "match",
    "when",
    "alert",
    "suppress",
    "description",
    "references",
    "runbook",
    "tags",
    "owner",
    "notify",
    "tests",
}
OPERATOR_NAMES = {*OPERATORS, *NEGATIVES, "not", "ignore_case"}
_NUMBERS = count()


@pytest.fixture
def name() -> Callable[[], str]:
    """A file name that no other test has opened."""
    return lambda: f"rule-{next(_NUMBERS)}.yaml"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("⎀\n", KEYS, id="keys of a rule"),
        pytest.param("match:\n  ⎀\n", {"all", "any", "not", "use"}, id="what combines predicates"),
        pytest.param("match:\n  user_email:\n    ⎀\n", OPERATOR_NAMES, id="operators"),
        pytest.param("match:\n  any:\n    - user_email:\n        ⎀\n", OPERATOR_NAMES, id="operators in alternatives"),
        pytest.param("match:\n  roles:\n    any_element:\n      name:\n        ⎀\n", OPERATOR_NAMES, id="in elements"),
        pytest.param("match: {}\nwhen:\n  ⎀\n", set(CONDITIONS), id="conditions"),
        pytest.param("match: {}\nalert:\n  ⎀\n", {"summary", "fields", "severity"}, id="alert"),
        pytest.param("match: {}\nalert:\n  severity: ⎀\n", set(SEVERITIES), id="another severity"),
        pytest.param("match: {}\nsuppress:\n  ⎀\n", {"for", "by"}, id="suppress"),
        pytest.param("match: {}\nstatus: ⎀\n", {"stable", "experimental"}, id="status"),
        pytest.param("match: {}\ntests:\n  - ⎀\n", {"name", "events", "alerts"}, id="a test"),
        pytest.param(
            "match:\n  time:\n    outside:\n      ⎀\n", {"timezone", "days", "hours", "holidays"}, id="a schedule"
        ),
    ],
)
def test_what_is_completed(editor, name: Callable[[], str], text: str, expected: set[str]) -> None:
    """Everything that may stand there is offered."""
    assert expected <= set(editor.completions(name(), HEAD + text))


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=lambda spec: spec.name)
def test_parameters_of_conditions_are_completed(editor, name: Callable[[], str], condition) -> None:
    """Each condition with its own, described in the words of its declaration."""
    offered = editor.completions(name(), f"{HEAD}match: {{}}\nwhen:\n  {condition.name}:\n    ⎀\n")
    assert {parameter.name for parameter in (*condition.parameters, BY)} <= set(offered)
    for parameter in condition.parameters:
        assert _plain(parameter.summary[1:]) in _plain(offered[parameter.name])


def test_severities_are_completed(editor, name: Callable[[], str]) -> None:
    """The words of the list and no others."""
    assert set(editor.completions(name(), HEAD.replace("low", "⎀"))) == set(SEVERITIES)


def test_definitions_are_completed(editor, name: Callable[[], str]) -> None:
    """Files of definitions have a schema of their own."""
    assert {"schedules", "lists", "predicates"} <= set(editor.completions(name(), f"{SHARED}⎀\n"))
    text = f"{SHARED}schedules:\n  office:\n    ⎀\n"
    assert {"timezone", "days", "hours", "holidays"} <= set(editor.completions(name(), text))


@pytest.mark.parametrize(
    ("text", "line", "underlined"),
    [
        ("match: {}\nseverty: high\n", 6, "severty"),
        ("match: {a: {eqals: 1}}\n", 5, "eqals"),
        ("match: {any: [{a: 1}, {b: {not: {eqals: 1}}}]}\n", 5, "eqals"),
        ("match: {a: {any_element: {b: {gtt: 1}}}}\n", 5, "gtt"),
        ("match: {a: {cidr: 5}}\n", 5, "5"),
        ("match: {a: [x, {b: 1}]}\n", 5, "{b: 1}"),
        ("match: {a: {during: {days: mon-fry}}}\n", 5, "mon-fry"),
        ("match: {}\nwhen: {cuont: {at_least: 1, within: 1m}}\n", 6, "cuont"),
        ("match: {}\nwhen: {count: {at_lest: 1, within: 1m}}\n", 6, "at_lest"),
        ("match: {}\nwhen: {count: {at_least: 0, within: 1m}}\n", 6, "0"),
        ("match: {}\nwhen: {count: {at_least: 1, within: 10 minutes}}\n", 6, "10 minutes"),
        ("match: {}\nwhen: {count: {at_least: 1}}\n", 6, "count"),
        ("match: {}\nwhen: sometimes\n", 6, "sometimes"),
        ("match: {}\nnotify: security-slack\n", 6, "security-slack"),
        ("match: {}\nalert: {severity: [{if: {a: {eqals: 1}}, then: low}]}\n", 6, "eqals"),
        ("match: {}\ntests: [{name: n, events: [{}], alerts: [{sevrity: low}]}]\n", 6, "sevrity"),
    ],
)
def test_one_mistake_is_one_diagnostic(editor, name: Callable[[], str], text: str, line: int, underlined: str) -> None:
    """At the one wrong word, not at everything around it."""
    found = editor.diagnostics(name(), HEAD + text)
    assert [(at, words) for at, words, _ in found] == [(line, underlined)]


def test_two_conditions_are_told(editor, name: Callable[[], str]) -> None:
    """`when` takes one."""
    found = editor.diagnostics(name(), f"{HEAD}match: {{}}\nwhen:\n  each:\n  count: {{at_least: 2, within: 1m}}\n")
    assert len(found) == 1


def test_the_language_is_yaml_1_2(editor, name: Callable[[], str]) -> None:
    """Where YAML 1.1 sees a boolean and a number, the editor sees what we see: texts."""
    assert editor.diagnostics(name(), f"{HEAD}match: {{country: NO, at: {{starts_with: 18:00}}}}\nowner: on\n") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("match: {a: {start⎀s_with: x}}\n", OPERATORS["starts_with"].summary),
        ("match: {a: {not_i⎀n: [x]}}\n", "Holds exactly where `in` does not."),
        ("match: {}\nwhen: {cou⎀nt: {at_least: 1, within: 1m}}\n", CONDITIONS["count"].summary),
        ("match: {}\nwhen: {count: {at_least: 1, with⎀in: 1m}}\n", CONDITIONS["count"].parameters[1].summary[1:]),
        ("match: {}\nrun⎀book: x\n", "The link to what to do."),
    ],
)
def test_words_on_hovering(editor, name: Callable[[], str], text: str, words: str) -> None:
    """The sentence of the declaration, from which the reference is made too."""
    assert _plain(words) in _plain(editor.hover(name(), HEAD + text))


def _plain(text: str) -> str:
    """Without Markdown's escapes."""
    return re.sub(r"[\\`*_]|&nbsp;", "", text)
