"""What anchors leave open: rules of the same shape share what runs, and only what is their own is theirs."""

from __future__ import annotations

import pytest

from trailbell_engine.compile import Compiler
from trailbell_engine.conditions.each import Each
from trailbell_engine.matching.cases import Cases
from trailbell_engine.matching.postings import Hit
from trailbell_engine.predicate import AllOf, Not
from trailbell_engine.rule import Rule, Words

HIT = Hit(Rule("r", "low", AllOf(()), Each(), Words("t")))


@pytest.fixture
def case_of(a_test):
    """A function: the case that is left with tests, each given as path, operator and operand."""
    cases = Cases(Compiler())
    return lambda *tests: cases.of(0, HIT, [a_test(*test) for test in tests])


def test_rules_that_ask_the_same_share_everything(case_of):
    """One function and one set of texts, in whatever order a rule writes them."""
    one, other = (case_of(("a", "in", texts), ("b.c", "equals", "z")) for texts in (["x", "y"], ["y", "x"]))
    assert all(ours is theirs for ours, theirs in zip(one, other, strict=True))


def test_rules_that_ask_differently_share_the_function(case_of):
    """Only the texts are their own."""
    one, other = case_of(("a", "in", ["x", "y"])), case_of(("a", "equals", "z"))
    assert one[2] is other[2]
    assert (one[3:], other[3:]) == (({"x", "y"},), ({"z"},))


def test_nothing_left_open_asks_nothing(case_of):
    """Such a case has its place, its hit, and nothing to ask."""
    assert case_of() == (0, HIT, None)


@pytest.mark.parametrize("kept", range(1, 5))
def test_all_parts_must_hold(a_test, an_event, kept):
    """Of one part, of two and of more; texts and other tests mixed, each on its own operand."""
    names = ("a", "b.c", "d", "e")[:kept]
    parts = [
        a_test(name, "equals", name) if at % 2 else AllOf((Not(a_test(name, "equals", 7)),))
        for at, name in enumerate(names)
    ]
    case = Cases(Compiler()).of(0, HIT, parts)
    whole = {"a": "a", "b": {"c": "b.c"}, "d": "d", "e": "e"}
    event = an_event(whole)
    assert case[2](event.data, event, case)
    for at, name in enumerate(names):
        wrong = an_event({**whole, "b": {"c": 7}} if name == "b.c" else {**whole, name: 7})
        assert not case[2](wrong.data, wrong, case), f"part {at} was not asked"


@pytest.mark.parametrize(
    ("found", "met"),
    [
        ("x", True),
        (["q", "x"], True),
        ([["x"]], True),
        ([{"y": 1}, "x"], True),
        (["q", 1], False),
        (["q", {"x": "x"}, None], False),
        ({"x": "x"}, False),
        (None, False),
        (1, False),
    ],
)
def test_texts_are_sought_in_arrays_too(case_of, an_event, found, met):
    """An array means any of its elements, at the path itself and on the way to it."""
    for path, data in (("a", {"a": found}), ("a.b", {"a": {"b": found}}), ("a.b", {"a": [{"b": found}]})):
        case, event = case_of((path, "in", ["x", "y"])), an_event(data)
        assert case[2](event.data, event, case) is met
