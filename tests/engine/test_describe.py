"""A match in one line: what an alert of ``each`` says is the reason."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell_engine.conditions import CONDITIONS
from trailbell_engine.describe import LIMIT, compile_description
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.predicate import ALWAYS, AllOf, AnyOf, Not
from trailbell_engine.rule import Rule, RuleSet, Words
from trailbell_engine.state import MemoryState


@pytest.fixture
def described(a_test, an_event):
    """A function: the description of (path, operator, operand)s that hold, on a record."""
    return lambda data, *tests: compile_description(AllOf(tuple(a_test(*test) for test in tests)))(an_event(data))


def test_values_are_read(described):
    """Where the value says it all the operator is left out; a negative names what it is not."""
    tests = (("event_type", "equals", "LOGIN"), ("country", "in", ["KP"]), ("ip", "not_cidr", ["192.0.2.0/24"]))
    assert described({"country": "KP", "ip": "203.0.113.9"}, *tests) == (
        "event_type LOGIN · country KP · ip 203.0.113.9 not inside 192.0.2.0/24"
    )


def test_a_field_is_named_once(described):
    """Several tests of one field share its value; that it exists is plain from that."""
    tests = (("country", "exists", True), ("country", "not_in", ["GB", "IE"]), ("country", "matches", "^..$"))
    assert described({"country": "KP"}, *tests) == "country KP not in GB, IE, matches ^..$"


def test_missing_is_said(described):
    """A negative may hold because there is nothing."""
    assert described({}, ("country", "not_in", ["GB", "IE"])) == "country missing, not in GB, IE"


def test_of_alternatives_the_first_that_is_met(a_test, an_event):
    """One is enough, as it was for the engine."""
    tree = AnyOf((a_test("a", "equals", 1), a_test("b", "equals", 2), a_test("c", "equals", 3)))
    assert compile_description(tree)(an_event({"a": 0, "b": 2, "c": 3})) == "b 2"
    neither = Not(AllOf((tree, a_test("d", "exists", True))))
    assert compile_description(neither)(an_event({"a": 1})) == "d missing"


def test_long_lists_and_values_are_cut(described):
    """The sentence stays about the event."""
    text = described({"a": "x" * 500, "b": 7}, ("a", "starts_with", "x"), ("b", "not_in", list(range(10, 30))))
    assert text == f"a {'x' * 47}… starts with x · b 7 not in 10, 11, 12, 13, 14, … (20 in all)"


def test_what_does_not_fit_is_counted(described):
    """At most 200 characters, and nothing left out in silence."""
    data = {f"field_{number:02}": "some value" for number in range(30)}
    text = described(data, *((name, "equals", "some value") for name in data))
    assert len(text) <= LIMIT
    assert text.endswith(" · 22 more")


def test_no_test_at_all(an_event):
    """A rule that takes every event says so."""
    assert compile_description(ALWAYS)(an_event()) == "every event matches"


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_every_match_has_a_short_description(data, encounters):
    """Whatever the predicate and the event: one line, bounded, the same each time."""
    predicate, event = data.draw(encounters)
    text = compile_description(predicate)(event)
    assert 0 < len(text) <= LIMIT
    assert text == compile_description(predicate)(event)


def test_an_alert_of_each_says_what_matched(a_test, an_event):
    """It has no threshold to speak of, so it speaks of the match."""
    match = AllOf((a_test("event_type", "equals", "LOGIN"), a_test("country", "not_in", ["GB"])))
    rule = Rule("r", "low", match, CONDITIONS["each"].build(), Words("t"))
    outputs = Pipeline(RuleSet([rule])).take(an_event({"country": "KP"}), MemoryState())
    assert outputs[-1].alert.why == "event_type LOGIN · country KP not in GB"
