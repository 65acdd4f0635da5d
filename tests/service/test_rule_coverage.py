"""What of a rule its tests exercise."""

from __future__ import annotations

import pytest

from trailbell.loading import load
from trailbell.rule_testing import coverage, run_tests

HEAD = "id: a\ntitle: t\nseverity: low\n"


@pytest.fixture
def gaps(tmp_path):
    """A function: the gaps of a rule, as (line, what, outcome), and how many outcomes there are."""

    def of(text, definitions=""):
        (tmp_path / "_d.yaml").write_text(definitions or "lists: {}\n", encoding="utf-8")
        (tmp_path / "a.yaml").write_text(HEAD + text, encoding="utf-8")
        loaded = load([str(tmp_path)])
        assert loaded.errors == ()
        (entry,) = coverage(loaded, run_tests(loaded.rules, loaded.tests))
        return [(gap.line, gap.what, gap.outcome) for gap in entry.gaps], entry.outcomes

    return of


def test_everything_is_exercised(gaps):
    """Each test is met once and missed once."""
    text = "match: {a: 1, b: {starts_with: x}}\ntests: [{name: y, events: [{a: 1, b: xy}, {}], alerts: [{}]}]\n"
    assert gaps(text) == ([], 4)


def test_what_was_never_met_or_missed(gaps):
    """Named as the rule says it, at its line."""
    text = (
        "match:\n  a: 1\n  b: {exists: true, not_in: [x]}\ntests: [{name: y, events: [{a: 1, b: y}], alerts: [{}]}]\n"
    )
    assert gaps(text) == (
        [(5, "a is 1", "never missed"), (6, "b exists", "never missed"), (6, 'b in "x"', "never met")],
        6,
    )


def test_an_alternative_that_was_never_taken(gaps):
    """One of several tests counts as a whole, beside its tests; one of a single test is that test."""
    text = (
        "match:\n  any:\n    - {a: 1}\n    - {b: 2, c: 3}\n"
        "tests: [{name: y, events: [{a: 1}, {b: 2}, {c: 3}], alerts: [{}]}]\n"
    )
    assert gaps(text) == ([(7, "the alternative b is 2 and c is 3", "never met")], 7)


def test_a_field_that_stands_twice(gaps):
    """Each has its own line, in the order of writing."""
    text = "match:\n  any:\n    - {a: 1}\n    - {a: 2}\ntests: [{name: y, events: [{a: 1}], alerts: [{}]}]\n"
    assert gaps(text)[0] == [(6, "a is 1", "never missed"), (7, "a is 2", "never met")]


def test_what_a_named_predicate_brings_in(gaps):
    """It has no line of its own in the rule, so it is at `match`."""
    text = "match: {use: p}\ntests: [{name: y, events: [{a: 1}], alerts: [{}]}]\n"
    assert gaps(text, "predicates: {p: {a: 1}}\n") == ([(4, "a is 1", "never missed")], 2)


def test_a_severity_that_was_never_chosen(gaps):
    """Only the first case that holds is chosen, and only for an alert."""
    text = (
        "match: {a: {exists: true}}\nalert:\n  severity:\n"
        "    - {if: {a: 1}, then: high}\n    - {if: {a: [1, 2]}, then: critical}\n"
        "tests: [{name: y, events: [{a: 1}, {b: 2}], alerts: [{}]}]\n"
    )
    assert gaps(text) == ([(8, "severity critical if a in 1, 2", "never chosen")], 4)


def test_a_rule_without_tests(gaps):
    """Nothing is exercised."""
    assert gaps("match: {a: 1}\n") == ([(4, "a is 1", "never met"), (4, "a is 1", "never missed")], 2)
