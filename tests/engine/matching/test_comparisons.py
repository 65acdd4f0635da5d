"""Rules that compare one field: whichever bounds a set names, a number finds exactly the rules that hold."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from trailbell_engine.conditions.each import Each
from trailbell_engine.event import Event
from trailbell_engine.interpret import holds
from trailbell_engine.matching import Matcher
from trailbell_engine.path import parse_path
from trailbell_engine.predicate import AllOf
from trailbell_engine.predicate import Test as One  # under its own name pytest would collect it
from trailbell_engine.rule import Rule, RuleSet, Words

COST = parse_path("cost")
NUMBERS = st.sampled_from((-1, 0, 0.0, 0.5, 1, 2**70))
SIDES = st.builds(One, st.just(COST), st.sampled_from(("gt", "gte", "lt", "lte")), NUMBERS)
LISTS = st.builds(One, st.just(COST), st.just("in"), st.tuples(st.sampled_from((None, 0, "0", True))))
TYPES = st.builds(One, st.just(parse_path("event_type")), st.just("equals"), st.sampled_from(("LOGIN", "LOGOUT")))
MATCHES = st.one_of(SIDES, LISTS, st.builds(AllOf, st.tuples(SIDES, SIDES)), st.builds(AllOf, st.tuples(TYPES, SIDES)))
VALUES = st.one_of(NUMBERS, st.sampled_from((None, True, "", "0", "1")), st.lists(NUMBERS, max_size=2))


@example([One(COST, "lte", 0), One(COST, "gte", 0)], [0, 0.0])
@given(st.lists(MATCHES, min_size=1, max_size=5), st.lists(VALUES, min_size=1, max_size=5))
def test_a_number_finds_the_rules_that_hold(matches, values):
    """Nothing is special: not zero, not a set whose bounds are open on both sides, not a number as text."""
    rules = RuleSet([Rule(f"r{n}", "low", match, Each(), Words("t")) for n, match in enumerate(matches)])
    matcher = Matcher(rules)
    for value in values:
        event = Event("test", "1", "LOGIN", 0, {"cost": value})
        expected = [rule.id for rule in rules if holds(rule.match, event)]
        assert [hit.rule.id for hit in matcher.matches(event)] == expected, value
