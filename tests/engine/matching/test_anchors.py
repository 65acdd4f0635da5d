"""Anchors: a rule is registered where few events meet it, and where no other event pays for that."""

from __future__ import annotations

import pytest

from trailbell_engine.matching.anchors import Anchors
from trailbell_engine.predicate import AllOf, AnyOf

COUNTRIES = [f"c{number}" for number in range(20)]


@pytest.fixture
def anchors_of(a_test):
    """A function: what rules are registered under, each rule given as tests of path, operator and operand."""

    def chosen(*rules):
        predicates = [AllOf(tuple(a_test(*test) for test in tests)) for tests in rules]
        return [
            None if choice.anchor is None else {(str(test.path), test.operator) for test in choice.anchor.tests}
            for choice in Anchors(predicates).chosen()
        ]

    return chosen


def test_the_rarer_of_two_values_counts(anchors_of):
    """An account of fifty, rather than one of two sources."""
    rules = [(("source", "equals", "AB"[n % 2]), ("account_id", "equals", f"a{n}")) for n in range(50)]
    assert anchors_of(*rules) == [{("account_id", "equals")}] * 50


def test_few_rules_do_not_have_all_events_scanned(anchors_of):
    """Two rules about a text, which every event would be scanned for, are found by a list of countries as well."""
    few = [(("agent", "contains", [f"x{n}"]), ("country", "in", COUNTRIES[n : n + 2])) for n in range(2)]
    others = [(("country", "equals", country),) for country in COUNTRIES]
    assert anchors_of(*few, *others)[:2] == [{("country", "in")}] * 2


def test_many_rules_are_worth_scanning_for(anchors_of):
    """A hundred such rules: with a tenth of them asked about each event, scanning is cheaper."""
    many = [(("agent", "contains", [f"x{n}"]), ("country", "in", COUNTRIES[n % 18 : n % 18 + 2])) for n in range(100)]
    assert anchors_of(*many) == [{("agent", "contains")}] * 100


@pytest.mark.parametrize(("its_type", "anchor"), [("A", ("agent", "contains")), ("B", ("country", "in"))])
def test_what_is_scanned_anyway_costs_nothing_more(anchors_of, its_type, anchor):
    """A rule that can be found by the text alone has it scanned, for events of its own type."""
    both = (("event_type", "equals", its_type), ("agent", "contains", ["x"]), ("country", "in", COUNTRIES[:2]))
    alone = (("event_type", "equals", "A"), ("agent", "contains", ["y"]))
    others = [(("country", "equals", country),) for country in COUNTRIES]
    assert anchors_of(both, alone, *others)[0] == {anchor}


def test_what_all_rules_look_for_is_nothing_rare(anchors_of):
    """A suffix that every rule names is met by half of the events, as one of five names is not."""
    rules = [(("host", "ends_with", [".example.com"]), ("name", "equals", f"n{n % 5}")) for n in range(50)]
    assert anchors_of(*rules) == [{("name", "equals")}] * 50


def test_without_an_anchor_all_is_left_open(a_test):
    """Of alternatives each must have one; nothing is lost of what the rule asks."""
    either = AnyOf((a_test("a", "equals", "x"), a_test("b", "exists", False)))
    (choice,) = Anchors([AllOf((either, a_test("event_type", "equals", "A")))]).chosen()
    assert (choice.types, choice.anchor, choice.left_open) == (frozenset({"A"}), None, [either])
