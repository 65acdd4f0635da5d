"""What a whole rule becomes."""

from collections.abc import Callable

import pytest

from trailbell_engine.conditions.changed import Changed
from trailbell_engine.conditions.count import Count
from trailbell_engine.conditions.each import Each
from trailbell_engine.path import Path, Root
from trailbell_engine.predicate import ALWAYS
from trailbell_engine.predicate import Test as Holds
from trailbell_engine.rule import SeverityCase, Suppress
from trailbell_engine.timestamps import HOUR_US, MINUTE_US

FULL = """
id: route-changed
title: "Route of {{ context.msisdn }}"
severity: high
description: Why.
references: [https://example.com/a]
runbook: https://example.com/b
tags: [x, y]
owner: team
match: {event_type: NUMBER_UPDATED}
when:
  changed: {of: context.voice-type, by: context.msisdn}
alert:
  summary: "{{ user_email }}"
  fields: [user_email, context.voice-value]
  severity: [{if: {source_country: GB}, then: low}]
suppress: {for: 1h, by: [context.msisdn, user_email]}
notify: [security-slack]
status: experimental
tests:
  - name: fires
    events: [{event_type: NUMBER_UPDATED}]
    alerts: [{severity: high}]
  - name: silent
    events: [{event_type: OTHER}]
    alerts: []
"""


def test_every_key_arrives(rule: Callable) -> None:
    """Nothing that is written in a rule gets lost."""
    built = rule(FULL.lstrip())
    assert (built.id, built.severity, built.status, built.notify) == (
        "route-changed",
        "high",
        "experimental",
        ("security-slack",),
    )
    assert built.match == Holds(Path(("event_type",), Root.ENVELOPE), "equals", "NUMBER_UPDATED")
    assert built.condition == Changed(of=Path(("context", "voice-type")), by=(Path(("context", "msisdn")),))
    assert built.suppress == Suppress(HOUR_US, (Path(("context", "msisdn")), Path(("user_email",))))
    assert built.severity_cases == (SeverityCase(Holds(Path(("source_country",)), "equals", "GB"), "low"),)
    words = built.words
    assert (words.title, words.summary) == ("Route of {{ context.msisdn }}", "{{ user_email }}")
    assert words.fields == (Path(("user_email",)), Path(("context", "voice-value")))
    assert (words.description, words.references, words.runbook) == (
        "Why.",
        ("https://example.com/a",),
        "https://example.com/b",
    )
    assert (words.tags, words.owner) == (("x", "y"), "team")


def test_tests_come_with_their_rule(build: Callable) -> None:
    """A rule's tests are read with it, each with the line it stands on."""
    tests = build(FULL.lstrip()).tests
    assert [(test.name, test.rule_id, test.span.line) for test in tests] == [
        ("fires", "route-changed", 20),
        ("silent", "route-changed", 23),
    ]
    assert tests[0].events == ({"event_type": "NUMBER_UPDATED"},)
    assert (tests[0].alerts, tests[1].alerts) == (({"severity": "high"},), ())


def test_a_rule_knows_where_it_is_written(rule: Callable) -> None:
    """The origin is the line of the first key, comments before it left out."""
    assert rule("id: a\ntitle: t\nseverity: low\nmatch: {}\n").origin == ("rule.yaml", 1)


@pytest.mark.parametrize(
    ("when", "condition"),
    [
        ("", Each()),
        ("when: each\n", Each()),
        ("when: {each: }\n", Each()),
        ("when: {each: {by: a}}\n", Each(by=(Path(("a",)),))),
        ("when: {count: {at_least: 5, within: 10m}}\n", Count(5, 10 * MINUTE_US)),
        ("when: {changed: {of: a, track_null: true}}\n", Changed(Path(("a",)), track_null=True)),
        ("when: {changed: {of: a, within: 1h}}\n", Changed(Path(("a",)), within=HOUR_US)),
    ],
)
def test_condition(rule: Callable, when: str, condition: object) -> None:
    """`when` is one condition, `each` by default, as a bare word or with parameters."""
    assert rule(f"match: {{a: 1}}\n{when}").condition == condition


@pytest.mark.parametrize(
    ("suppress", "expected"),
    [
        ("", Suppress(None, None)),
        ("suppress: {for: 0}\n", Suppress(0, None)),
        ("suppress: {for: 0s}\n", Suppress(0, None)),
        ("suppress: {by: a}\n", Suppress(None, (Path(("a",)),))),
    ],
)
def test_suppress(rule: Callable, suppress: str, expected: Suppress) -> None:
    """Folding can be switched off, and its span left to the condition."""
    assert rule(f"match: {{a: 1}}\n{suppress}").suppress == expected


def test_a_plain_severity_of_alerts_always_holds(rule: Callable) -> None:
    """`alert.severity: high` is the case that always holds."""
    assert rule("match: {a: 1}\nalert: {severity: high}\n").severity_cases == (SeverityCase(ALWAYS, "high"),)


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ("title: t", True),
        ("owner: x", True),
        ("match: {a: {equals: 1}}", True),
        ("match: {a: 2}", False),
        ("when: {count: {at_least: 2, within: 1m}}", False),
        ("suppress: {for: 1m}", False),
    ],
)
def test_the_version_is_of_what_decides(rule: Callable, changed: str, same: bool) -> None:
    """Words and spelling leave the version alone; match, when and suppress do not."""
    key = changed.partition(":")[0]
    lines = [line for line in ("title: old", "match: {a: 1}") if not line.startswith(key)]
    first = rule("id: a\nseverity: low\ntitle: old\nmatch: {a: 1}\n")
    second = rule("\n".join(["id: a", "severity: low", *lines, changed]) + "\n")
    assert (first.version == second.version) is same
