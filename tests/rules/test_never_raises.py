"""Whatever the text, reading it ends in problems with places, never in an exception."""

import random
from collections.abc import Callable

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from trailbell_rules.build import build_rule
from trailbell_rules.codes import CODES
from trailbell_rules.definitions import Definitions, DefinitionsDocument
from trailbell_rules.document import read_documents
from trailbell_rules.printers import github, machine, sarif
from trailbell_rules.printers.text import problems_text
from trailbell_rules.problem import Problem

RULE = """\
id: login-burst
title: "Logins of {{ user_email }}"
severity: high
description: |
  Some text: with a colon
references: [https://example.com]
tags: [a, b]
match:
  event_type: [USER_LOGIN, "USER_LOGOUT"]
  user_email: {ends_with: "@example.com", ignore_case: true}
  source_ip: {not_cidr: [10.0.0.0/8, private]}
  roles: {any_element: {name: admin, since: {lt: 2026-01-01T00:00:00Z}, scope: {same_as: $.scope}}}
  a."b.c"[0]: {length: {gte: 3}, matches: '^x+$', not: {glob: "*y"}}
  time: {outside: {timezone: Europe/London, days: mon-fri, hours: ["08:00-12:00", "13:00-18:30"], holidays: GB}}
  any:
    - b: null
    - not: {use: named}
when:
  count: {at_least: 5, within: 10m, by: [user_email, context.x]}
alert:
  summary: "{{ count }}"
  fields: [user_email]
  severity: [{if: {source_country: {not_in: [GB, NO]}}, then: critical}]
suppress: {for: 1h30m, by: user_email}
tests:
  - name: it fires
    events: [{event_type: USER_LOGIN, n: 0447, deep: {a: [1, 2.5, ~]}}]
    alerts: [{severity: high, count: 5}]
"""
DEFINITIONS = """\
schedules:
  night: {hours: "22:00-06:00", timezone: {from: zone, default: UTC}}
lists:
  vips: [a, 10.0.0.0/8, 5]
predicates:
  named: {a: {in: vips}, time: {during: night}}
  other: {use: named, all: [{b: 1}]}
"""
PIECES = [
    "\t",
    "  ",
    "\n",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    "&a ",
    "*a",
    "---\n",
    "!!str ",
    "# ",
    "|\n",
    "\x00",
    "\ud800",
]
VALUES = [
    "null",
    "true",
    "-1",
    ".inf",
    "1e999",
    "{}",
    "[]",
    "[[]]",
    "{a: {b: 1}}",
    "''",
    "x",
    "0x1F",
    "日本",
    "\u202e",
    "$",
    "a..b",
]


def _read(data: bytes) -> list[Problem]:
    """Read the bytes as rules and as definitions; every problem."""
    reading = read_documents("f.yaml", data)
    definitions = Definitions(DefinitionsDocument(document) for document in reading.documents)
    shared = Definitions(
        DefinitionsDocument(each) for each in read_documents("_d.yaml", DEFINITIONS.encode()).documents
    )
    problems = [*reading.problems, *definitions.problems, *definitions.unused()]
    for document in reading.documents:
        for scope in (definitions, shared):
            built = build_rule(document, scope)
            assert built.rule is not None or not document.sound or built.problems
            problems += built.problems
    sources = {"f.yaml": reading.source}
    for problem in problems:
        assert problem.code in CODES
        line = reading.source.line(problem.span.line)
        assert 1 <= problem.span.column <= len(line) + 1
        assert problem.span[1:3] < problem.span[3:5]
    for text in problems_text(problems, sources):
        assert all(mark.isprintable() or mark in "\n\u00a0\u3000\u2003\u200d" or ord(mark) > 127 for mark in text.plain)
    machine.as_json(problems, rules=0, tests=0)
    machine.as_junit(problems, ["f.yaml"])
    sarif.as_sarif(problems, CODES, version="1")
    github.as_github(problems)
    github.as_markdown(problems, title="t")
    return problems


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def test_the_texts_to_mutate_are_sound(problems: Callable) -> None:
    """The seeds have no problem but the one they show on purpose."""
    assert [problem.code for problem in problems(RULE, DEFINITIONS)] == ["leading-zero"]


@settings(max_examples=300, deadline=None)
@given(st.text())
@example("\ufeff")
@example("---\n---")
@example("? ")
@example("&a [*a]")
@example("!")
@example("%TAG ! x\n---\na")
def test_any_text(text: str) -> None:
    """Any text at all."""
    _read(_bytes(text))


@settings(max_examples=200, deadline=None)
@given(st.binary())
def test_any_bytes(data: bytes) -> None:
    """Any bytes at all."""
    _read(data)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32), st.sampled_from([RULE, DEFINITIONS]), st.integers(1, 4))
def test_mutated_rules(seed: int, text: str, mutations: int) -> None:
    """Rules and definitions with pieces cut out, put in and moved."""
    dice = random.Random(seed)
    for _ in range(mutations):
        start, end = sorted(dice.choices(range(len(text) + 1), k=2))
        end = min(end, start + 30)
        kind = dice.randrange(4)
        if kind == 0:
            text = text[:start] + text[end:]
        elif kind == 1:
            text = text[:start] + dice.choice(PIECES) + text[start:]
        elif kind == 2:
            text = text[:start] + text[end:] + text[start:end]
        else:
            lines = text.split("\n")
            line = dice.randrange(len(lines))
            lines[line] = f"{lines[line].partition(':')[0]}: {dice.choice(VALUES)}"
            text = "\n".join(lines)
    _read(_bytes(text))


WORDS = [
    "all",
    "any",
    "not",
    "use",
    "a",
    "this",
    "$.x",
    "equals",
    "in",
    "cidr",
    "during",
    "length",
    "any_element",
    "id",
    "match",
]
VALUES_OF_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.sampled_from(WORDS),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)
KEYS = [
    "id",
    "title",
    "severity",
    "match",
    "when",
    "alert",
    "suppress",
    "tests",
    "notify",
    "lists",
    "schedules",
    "predicates",
]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(KEYS), VALUES_OF_JSON))
def test_any_values_below_the_right_keys(value: dict) -> None:
    """Values of every kind in every place."""
    import json

    _read(_bytes(json.dumps({"id": "a", "title": "t", "severity": "low", "match": {}} | value, ensure_ascii=False)))
    _read(_bytes(json.dumps(value, ensure_ascii=False)))
