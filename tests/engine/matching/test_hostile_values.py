"""Values that somebody chose to do harm: they cost what their length costs, and nothing keeps growing."""

import sys
from collections.abc import Sized

import pytest

from trailbell_engine.conditions.each import Each
from trailbell_engine.event import Event
from trailbell_engine.matching import Matcher
from trailbell_engine.operators.memo import LONGEST, Memory
from trailbell_engine.path import parse_path
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.predicate import AllOf
from trailbell_engine.predicate import Test as One  # under its own name pytest would collect it
from trailbell_engine.rule import Rule, RuleSet, Words
from trailbell_engine.schedule import Schedule
from trailbell_engine.state import MemoryState


def a_matcher(*predicates, memory=None):
    return Matcher(
        RuleSet([Rule(f"r{n}", "low", match, Each(), Words("t")) for n, match in enumerate(predicates)]), memory
    )


def an_event(event_type="T", **data):
    return Event("test", "e", event_type, 0, data)


def ids(matcher, event):
    return [hit.rule.id for hit in matcher.matches(event)]


def a_test(path, operator, operand, *, fold=False):
    return One(parse_path(path), operator, operand, fold)


def size_bytes(thing, seen=None):
    """What an object of this project and all that it alone refers to take."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return 0
    seen.add(id(thing))
    inner = []
    if isinstance(thing, dict):
        inner = [*thing, *thing.values()]
    elif isinstance(thing, list | tuple | set | frozenset):
        inner = thing
    return sys.getsizeof(thing) + sum(size_bytes(item, seen) for item in inner)


PATTERNS = (
    a_test("agent", "matches", ("(curl|wget)/[0-9]+",)),
    a_test("agent", "starts_with", ("evil",)),
    a_test("agent", "cidr", ("10.0.0.0/8",)),
    AllOf((a_test("event_type", "equals", "T"), a_test("agent", "glob", ("*needle*",)))),
    a_test("agent", "matches", ("^[0-9]+$",)),  # which no piece of text can tell
)


def test_a_flood_of_values_that_never_repeat_fills_the_memory_and_no_more():
    """However many distinct values come, memos stay below their bytes, counted and measured; answers stay right."""
    memory = Memory(limit_bytes=200_000)
    matcher = a_matcher(*PATTERNS, memory=memory)
    for number in range(20_000):
        assert ids(matcher, an_event(agent=f"agent-{number}")) == []
        assert memory.used_bytes <= memory.limit_bytes
    assert ids(matcher, an_event(agent="a needle here")) == ["r3"]
    assert sum(map(size_bytes, memory._memos)) <= 1.5 * memory.limit_bytes


def test_a_flood_of_values_that_are_asked_for_little_leaves_nothing_behind():
    """What the text itself is asked for need not be remembered."""
    memory = Memory()
    matcher = a_matcher(*PATTERNS[:-1], memory=memory)
    for number in range(1_000):
        assert ids(matcher, an_event(agent=f"agent-{number}")) == []
    assert memory.used_bytes == memory.misses == 0


def test_a_flood_shows_in_the_counters():
    """Somebody who watches sees that values do not repeat, and how often everything had to be forgotten."""
    memory = Memory(limit_bytes=50_000)
    matcher = a_matcher(*PATTERNS, memory=memory)
    for number in range(5_000):
        matcher.matches(an_event(agent=f"agent-{number}"))
    counters = memory.counters()
    assert counters["misses"] >= 5_000
    assert counters["clears"] > 5
    before = counters["misses"]
    for _ in range(100):
        matcher.matches(an_event(agent="agent-4999"))
    assert memory.counters()["misses"] <= before + 2


def test_a_pipeline_hands_out_the_counters():
    """Whoever runs the engine can watch the matcher's memory from outside."""
    pipeline, state = Pipeline(RuleSet([Rule("r", "low", PATTERNS[-1], Each(), Words("t"))])), MemoryState()
    before = dict(pipeline.matching_counters())
    for number in range(100):
        pipeline.take(an_event(agent=f"agent-{number}"), state)
    after = pipeline.matching_counters()
    assert after["misses"] >= before["misses"] + 100
    assert before["used_bytes"] < after["used_bytes"] <= after["limit_bytes"]


def test_long_values_are_looked_at_and_not_remembered():
    """A megabyte is scanned, whatever is in it, and leaves nothing behind."""
    memory = Memory()
    matcher = a_matcher(*PATTERNS, memory=memory)
    assert ids(matcher, an_event(agent="x" * 1_000_000 + "needle")) == ["r3"]
    assert ids(matcher, an_event(agent="y" * (LONGEST + 1))) == []
    assert memory.used_bytes == 0


def test_unknown_event_types_leave_nothing_behind():
    """Whoever writes events may invent types; they all share one plan."""
    matcher = a_matcher(*PATTERNS)

    def plans():
        return len(matcher._plans) if isinstance(matcher._plans, Sized) else 0

    before = plans()
    for number in range(1_000):
        matcher.matches(an_event(event_type=f"T{number}", agent="curl/8"))
    assert plans() == before


@pytest.mark.parametrize(
    "value", [{}, [], [[]], [{}], {"agent": "curl/1"}, [None, True, 1, 1.5, "", ["", {}]], 10**400, -1, float("nan")]
)
def test_values_of_every_kind_are_let_pass(value):
    """What an operator does not look at, it does not fail on, wherever it lies."""
    rules = (
        *PATTERNS,
        a_test("agent", "lt", 5),
        a_test("agent.agent", "equals", 1),
        a_test("agent", "in", (None, True)),
    )
    for hit in a_matcher(*rules).matches(an_event(agent=value)):
        assert hit.error is None


def test_no_number_is_nowhere_among_numbers():
    """NaN, which JSON does not have and a program's own records may, is neither below nor above anything."""
    matcher = a_matcher(a_test("n", "lt", 5), a_test("n", "gte", 5))
    assert ids(matcher, an_event(n=float("nan"))) == []


def test_one_rules_failure_is_its_own():
    """A rule that cannot be evaluated on an event is given with the error, in its place among those that match."""
    broken = a_test("at", "during", Schedule(zone="Nowhere/At-All"))
    matcher = a_matcher(a_test("a", "equals", 1), broken, a_test("a", "in", (1, 2)), a_test("a", "equals", 3))
    hits = matcher.matches(an_event(a=1, at="2026-11-22T10:00:00Z"))
    assert [(hit.rule.id, hit.error is not None) for hit in hits] == [("r0", False), ("r1", True), ("r2", False)]
    assert "Nowhere/At-All" in str(hits[1].error)


def test_a_text_that_is_no_unicode_stops_only_the_rules_that_look_at_it():
    """Half a surrogate pair cannot be searched; the rules of other fields are evaluated as ever."""
    matcher = a_matcher(
        a_test("agent", "matches", ("x+",)), a_test("user", "equals", "eve"), a_test("user", "equals", "bob")
    )
    hits = matcher.matches(an_event(agent="\ud800", user="eve"))
    assert [(hit.rule.id, hit.error is not None) for hit in hits] == [("r0", True), ("r1", False)]
