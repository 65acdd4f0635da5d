"""The compiler and the matcher mean what the interpreter says, on every predicate and every event."""

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailbell_engine.compile import compile_predicate
from trailbell_engine.conditions.each import Each
from trailbell_engine.interpret import holds
from trailbell_engine.matching import Matcher, event_types
from trailbell_engine.path import Path, Root
from trailbell_engine.predicate import AllOf
from trailbell_engine.predicate import Test as One  # under its own name pytest would collect it
from trailbell_engine.rule import Rule, RuleSet, Words

LONG = bool(os.environ.get("TRAILBELL_LONG"))
thoroughly = settings(max_examples=50_000 if LONG else 300, deadline=None, suppress_health_check=[HealthCheck.too_slow])

EVENT_TYPE = Path(("event_type",), Root.ENVELOPE)
TYPES = st.sampled_from(("LOGIN", "LOGOUT", "", "sip", "OTHER"))
TYPE_TESTS = st.one_of(
    st.builds(One, st.just(EVENT_TYPE), st.just("equals"), TYPES, st.booleans()),
    st.builds(One, st.just(EVENT_TYPE), st.just("in"), st.lists(TYPES, max_size=3).map(tuple), st.booleans()),
)


@thoroughly
@given(data=st.data())
def test_the_compiled_predicate_agrees_with_the_interpreter(data, encounters):
    """A compiled predicate holds exactly where the interpreter says so."""
    predicate, event = data.draw(encounters)
    assert compile_predicate(predicate)(event) is holds(predicate, event)


@thoroughly
@given(data=st.data())
def test_the_matcher_finds_exactly_the_rules_that_hold_in_their_order(data, predicates, events):
    """Looking rules up by event type leaves out no rule that holds, and keeps the order of the set."""
    anything = st.one_of(
        predicates,
        TYPE_TESTS,
        st.builds(lambda *parts: AllOf(parts), TYPE_TESTS, predicates),
        st.builds(lambda *parts: AllOf(parts), predicates, st.builds(lambda *parts: AllOf(parts), TYPE_TESTS)),
        st.builds(lambda *parts: AllOf(parts), TYPE_TESTS, TYPE_TESTS),
    )
    matches = data.draw(st.lists(anything, max_size=6))
    rules = RuleSet([Rule(f"r{n}", "low", match, Each(), Words("t")) for n, match in enumerate(matches)])
    matcher = Matcher(rules)
    for event in data.draw(st.lists(events, min_size=1, max_size=3)):
        expected = [rule.id for rule in rules if holds(rule.match, event)]
        assert [hit.rule.id for hit in matcher.matches(event)] == expected


def test_a_rule_that_names_its_event_types_matches_no_others(an_event):
    """Rules are looked up by the event types to which they bind themselves; the others are found for all."""
    bound = Rule("bound", "low", AllOf((One(EVENT_TYPE, "in", ("A", "B")),)), Each(), Words("t"))
    free = Rule("free", "low", AllOf(()), Each(), Words("t"))
    matcher = Matcher(RuleSet([bound, free]))
    assert [hit.rule.id for hit in matcher.matches(an_event(event_type="A"))] == ["bound", "free"]
    assert [hit.rule.id for hit in matcher.matches(an_event(event_type="C"))] == ["free"]


def test_true_is_not_one(an_event):
    """Tests for true and for 1 are told apart."""
    truth, number = (compile_predicate(One(Path(("a",)), "equals", operand)) for operand in (True, 1))
    assert (truth(an_event({"a": True})), number(an_event({"a": True}))) == (True, False)


def test_contradicting_event_types_leave_none():
    """``event_type`` that must be two things at once is looked up nowhere."""
    both = AllOf((One(EVENT_TYPE, "equals", "A"), AllOf((One(EVENT_TYPE, "in", ("B", "C")),))))
    assert event_types(both) == frozenset()


def test_folded_event_types_are_not_looked_up():
    """``ignore_case`` on the event type is asked of every event, because the lookup is exact."""
    assert event_types(One(EVENT_TYPE, "equals", "a", fold=True)) is None
