"""What anchors leave open: rules of the same shape share what runs, and only what is their own is theirs."""

from __future__ import annotations

import pytest

from trailbell_engine.compile import Compiler
from trailbell_engine.matching.rests import Rests
from trailbell_engine.predicate import AllOf, Not


@pytest.fixture
def rest_of(a_test):
    """A function: the rest made of tests, each given as path, operator and operand."""
    rests = Rests(Compiler())
    return lambda *tests: rests.of([a_test(*test) for test in tests])


def test_rules_that_ask_the_same_share_everything(rest_of):
    """One function and one set of texts, in whatever order a rule writes them."""
    one, other = (rest_of(("a", "in", texts), ("b.c", "equals", "z")) for texts in (["x", "y"], ["y", "x"]))
    assert all(ours is theirs for ours, theirs in zip(one, other, strict=True))


def test_rules_that_ask_differently_share_the_function(rest_of):
    """Only the texts are their own."""
    one, other = rest_of(("a", "in", ["x", "y"])), rest_of(("a", "equals", "z"))
    assert one[0] is other[0]
    assert (one[1], other[1]) == ({"x", "y"}, {"z"})


@pytest.mark.parametrize("kept", range(1, 5))
def test_all_parts_must_hold(a_test, an_event, kept):
    """Of one part, of two and of more; texts and other tests mixed, each on its own operand."""
    names = ("a", "b.c", "d", "e")[:kept]
    parts = [
        a_test(name, "equals", name) if at % 2 else AllOf((Not(a_test(name, "equals", 7)),))
        for at, name in enumerate(names)
    ]
    rest = Rests(Compiler()).of(parts)
    whole = {"a": "a", "b": {"c": "b.c"}, "d": "d", "e": "e"}
    event = an_event(whole)
    assert rest[0](event.data, event, rest)
    for at, name in enumerate(names):
        wrong = an_event({**whole, "b": {"c": 7}} if name == "b.c" else {**whole, name: 7})
        assert not rest[0](wrong.data, wrong, rest), f"part {at} was not asked"


@pytest.mark.parametrize(
    ("found", "met"),
    [
        ("x", True),
        (["q", "x"], True),
        ([["x"]], True),
        (["q", 1], False),
        ({"x": "x"}, False),
        (None, False),
        (1, False),
    ],
)
def test_texts_are_sought_in_arrays_too(rest_of, an_event, found, met):
    """An array means any of its elements, at the path itself and on the way to it."""
    for path, data in (("a", {"a": found}), ("a.b", {"a": {"b": found}}), ("a.b", {"a": [{"b": found}]})):
        rest, event = rest_of((path, "in", ["x", "y"])), an_event(data)
        assert rest[0](event.data, event, rest) is met
