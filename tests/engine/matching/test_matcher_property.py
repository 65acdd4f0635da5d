"""The matcher means what the interpreter says: the same rules in the same order, for every rule set and event."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailbell_engine.conditions.each import Each
from trailbell_engine.interpret import holds
from trailbell_engine.matching import Matcher
from trailbell_engine.operators.memo import Memory
from trailbell_engine.path import Path, Root
from trailbell_engine.predicate import AllOf, AnyOf, Not
from trailbell_engine.predicate import Test as One  # under its own name pytest would collect it
from trailbell_engine.rule import Rule, RuleSet, Words

LONG = bool(os.environ.get("TRAILBELL_LONG"))
thoroughly = settings(
    max_examples=10_000 if LONG else 120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

USER = Path(("user_email",))
EVENT_TYPE = Path(("event_type",), Root.ENVELOPE)
TYPES = st.sampled_from(("LOGIN", "LOGOUT", "", "sip", "OTHER"))
TYPE_TESTS = st.one_of(
    st.builds(One, st.just(EVENT_TYPE), st.just("equals"), TYPES, st.booleans()),
    st.builds(One, st.just(EVENT_TYPE), st.just("in"), st.lists(TYPES, max_size=3).map(tuple), st.booleans()),
)


def rule_set(predicates):
    return RuleSet([Rule(f"r{n}", "low", match, Each(), Words("t")) for n, match in enumerate(predicates)])


def answers(matcher, event):
    """The ids of the rules that match; no rule fails on these events."""
    hits = matcher.matches(event)
    assert all(hit.error is None for hit in hits)
    return [hit.rule.id for hit in hits]


@st.composite
def rule_sets_and_events(draw, encounters):
    """Rules over one vocabulary, and events into which values were put that meet some of their tests or nearly do."""
    met = draw(st.lists(encounters, min_size=1, max_size=60 if LONG else 16))
    predicates = [predicate for predicate, _ in met]
    matches = []
    for predicate in predicates:
        other = draw(st.sampled_from(predicates))
        matches.append(
            draw(
                st.sampled_from(
                    (
                        predicate,
                        AllOf((predicate, other)),
                        AnyOf((predicate, other)),
                        AllOf((draw(TYPE_TESTS), predicate)),
                        AnyOf((AllOf((draw(TYPE_TESTS), predicate)), AllOf((draw(TYPE_TESTS), other)))),
                    )
                )
            )
        )
    return rule_set(matches), [event for _, event in met]


@thoroughly
@given(data=st.data())
def test_the_matcher_finds_exactly_the_rules_that_hold_in_their_order(data, encounters):
    """Whatever the index leaves out does not hold, and whatever it gives does; asked again it says the same."""
    rules, events = data.draw(rule_sets_and_events(encounters))
    matcher = Matcher(rules)
    for event in events * 2:
        assert answers(matcher, event) == [rule.id for rule in rules if holds(rule.match, event)]


@thoroughly
@given(data=st.data())
def test_an_event_of_a_type_that_is_not_watched_matches_nothing(data, encounters):
    """Whatever it holds, so that its record need not even be read."""
    rules, events = data.draw(rule_sets_and_events(encounters))
    matcher = Matcher(rules)
    for event in events:
        if not matcher.watches(event.event_type):
            assert not any(holds(rule.match, event) for rule in rules)
            assert matcher.matches(event._replace(data={})) == ()


@pytest.mark.parametrize(
    ("matches", "watched"),
    [
        ([], ()),
        ([One(EVENT_TYPE, "equals", "LOGIN")], ("LOGIN",)),
        ([AllOf((One(EVENT_TYPE, "in", ("LOGIN", "LOGOUT")), One(USER, "equals", "a")))], ("LOGIN", "LOGOUT")),
        (
            [One(EVENT_TYPE, "equals", "LOGIN"), AllOf((One(EVENT_TYPE, "equals", ""), One(USER, "prefix", "a")))],
            ("LOGIN", ""),
        ),
        ([AnyOf((One(EVENT_TYPE, "equals", "LOGIN"), One(USER, "equals", "a")))], ("LOGIN", "LOGOUT", "OTHER", "")),
        ([Not(One(EVENT_TYPE, "equals", "LOGIN"))], ("LOGIN", "LOGOUT", "OTHER", "")),
        ([One(EVENT_TYPE, "equals", "login", fold=True)], ("LOGIN", "LOGOUT", "OTHER", "")),
        ([One(USER, "exists", operand=False)], ("LOGIN", "LOGOUT", "OTHER", "")),
    ],
)
def test_what_is_watched(matches, watched):
    """The types that rules bind themselves to; all, if one rule binds itself to none."""
    matcher = Matcher(rule_set(matches))
    assert tuple(name for name in ("LOGIN", "LOGOUT", "OTHER", "") if matcher.watches(name)) == watched


@thoroughly
@given(data=st.data())
def test_forgetting_changes_no_answer(data, encounters):
    """With a memory that is full at once, every answer is found anew, and it is the same."""
    rules, events = data.draw(rule_sets_and_events(encounters))
    matcher = Matcher(rules, Memory(limit_bytes=500))
    for event in events * 2:
        assert answers(matcher, event) == [rule.id for rule in rules if holds(rule.match, event)]
        assert matcher.memory.used_bytes <= 500
