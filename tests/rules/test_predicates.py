"""How a written predicate becomes the engine's tree."""

from collections.abc import Callable

import pytest

from trailbell_engine.operators import NEGATIVES, OPERATORS
from trailbell_engine.path import Path, Root
from trailbell_engine.predicate import AllOf, AnyOf, Not
from trailbell_engine.predicate import Test as Holds

A, B = Path(("a",)), Path(("b",))
THIS = Path(())

TREES = [
    ("a: 1", Holds(A, "equals", 1)),
    ("a: null", Holds(A, "equals", None)),
    ("a: ", Holds(A, "equals", None)),
    ("a: [1, null]", Holds(A, "in", (1, None))),
    ("a: 1, b: 2", AllOf((Holds(A, "equals", 1), Holds(B, "equals", 2)))),
    ("", AllOf(())),
    ("a: {starts_with: x, ends_with: y}", AllOf((Holds(A, "starts_with", ("x",)), Holds(A, "ends_with", ("y",))))),
    ("a: {not_equals: 1}", Not(Holds(A, "equals", 1))),
    ("a: {not_in: [1]}", Not(Holds(A, "in", (1,)))),
    ("a: {not: {contains: x}}", Not(Holds(A, "contains", ("x",)))),
    ("a: {not: 1}", Not(Holds(A, "equals", 1))),
    ("a: {not: [1, 2]}", Not(Holds(A, "in", (1, 2)))),
    ("a: {not: {not: 1}}", Not(Not(Holds(A, "equals", 1)))),
    ("a: {exists: true}", Holds(A, "exists", True)),
    ("a: {exists: false}", Not(Holds(A, "exists", True))),
    ("a: {same_as: b}", Holds(A, "same_as", B)),
    ("a: {differs_from: b}", Not(Holds(A, "same_as", B))),
    ("a: {length: 3}", Holds(A, "length", Holds(THIS, "equals", 3))),
    ("a: {length: {gte: 3, lt: 5}}", Holds(A, "length", AllOf((Holds(THIS, "gte", 3), Holds(THIS, "lt", 5))))),
    ("all: [{a: 1}, {b: 2}]", AllOf((Holds(A, "equals", 1), Holds(B, "equals", 2)))),
    ("any: [{a: 1}, {not: {b: 2}}]", AnyOf((Holds(A, "equals", 1), Not(Holds(B, "equals", 2))))),
    ("not: {a: 1}", Not(Holds(A, "equals", 1))),
    ("a: {equals: X, ignore_case: true}", Holds(A, "equals", "X", fold=True)),
    ("a: {gt: 1, ignore_case: true}", Holds(A, "gt", 1)),
    ("a: {not: {contains: X}, ignore_case: true}", Not(Holds(A, "contains", ("X",), fold=True))),
    ("a: {same_as: b, ignore_case: true}", Holds(A, "same_as", B, fold=True)),
    ("a: {equals: X, ignore_case: false}", Holds(A, "equals", "X")),
    ("event_type: x", Holds(Path(("event_type",), Root.ENVELOPE), "equals", "x")),
    ("'\"all\"': 1", Holds(Path(("all",)), "equals", 1)),
    ("'\"id\"': 1", Holds(Path(("id",)), "equals", 1)),
    ("a: {any_element: {b: 1}}", Holds(A, "any_element", Holds(B, "equals", 1))),
    ("a: {no_element: {b: 1}}", Not(Holds(A, "any_element", Holds(B, "equals", 1)))),
    ("a: {every_element: {this: 1}}", Holds(A, "every_element", Holds(THIS, "equals", 1))),
    ("a: {any_element: {$.b: 1}}", Holds(A, "any_element", Holds(Path(("b",), Root.EVENT), "equals", 1))),
    (
        "a: {any_element: {b: {same_as: $.b}}}",
        Holds(A, "any_element", Holds(B, "same_as", Path(("b",), Root.EVENT))),
    ),
    ("a: {any_element: {event_type: 1}}", Holds(A, "any_element", Holds(Path(("event_type",)), "equals", 1))),
    ("this: 1", Holds(Path(("this",)), "equals", 1)),
]


@pytest.mark.parametrize(("written", "tree"), TREES)
def test_tree(rule: Callable, written: str, tree: object) -> None:
    """Each form of the language has one tree."""
    assert rule(f"match: {{{written}}}\n").match == tree


def test_ignore_case_stops_at_elements(rule: Callable) -> None:
    """Folding belongs to the tests of one mapping; the fields of an element have their own."""
    tree = rule("match: {a: {any_element: {b: X}, ignore_case: true}}\n").match
    assert tree == Holds(A, "any_element", Holds(B, "equals", "X"))


@pytest.mark.parametrize("name", [*OPERATORS, *NEGATIVES])
def test_every_operator_takes_its_own_example(rule: Callable, name: str) -> None:
    """The example that an operator declares builds a tree with that operator."""
    import json

    operator = OPERATORS[NEGATIVES.get(name, name)]
    tree = rule(f"match: {{a: {{{name}: {json.dumps(operator.example)}}}}}\n").match
    if name in NEGATIVES:
        assert isinstance(tree, Not)
        tree = tree.part
    assert (tree.path, tree.operator) == (A, operator.name)


def test_use_is_the_predicate_as_if_written_here(rule: Callable) -> None:
    """Outside elements a named predicate is about the event, inside it is about the element."""
    shared = "predicates: {one: {a: 1}}\n"
    assert rule("match: {use: one}\n", shared).match == Holds(A, "equals", 1)
    tree = rule("match: {b: {any_element: {use: one}}}\n", "predicates: {one: {event_type: 1}}\n").match
    assert tree == Holds(B, "any_element", Holds(Path(("event_type",)), "equals", 1))


def test_named_lists_and_schedules_are_their_values(rule: Callable) -> None:
    """Names are resolved at load: a rule does not change when a definition of the same value is renamed."""
    shared = "lists: {vips: [x, y]}\nschedules: {night: {hours: 22:00-06:00}}\n"
    named = rule("match: {a: {in: vips}, time: {during: night}}\n", shared)
    inline = rule("match: {a: [x, y], time: {during: {hours: 22:00-06:00}}}\n")
    assert named.match == inline.match
    assert named.version == inline.version
