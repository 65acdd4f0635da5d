"""A predicate with the place of every test, every ``not`` pushed down to the tests.

The engine's tree knows no places, and the document no meaning. The two are walked side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from trailbell_engine.phrases import phrase
from trailbell_engine.predicate import AllOf, AnyOf, Not, Predicate, Test, to_json
from trailbell_engine.values import Json, canonical
from trailbell_rules.document import Place

_LONGEST_OPERAND: Final = 40
_NAMED_LISTS: Final = frozenset({"in", "not_in", "cidr", "not_cidr"})


@dataclass(frozen=True, slots=True)
class Claim:
    """One test, or its negation.

    Attributes:
        place: of the operator, or of the field where none is written.
        named: a definition takes part in it, which somebody else may change.
    """

    place: Place
    test: Test
    negated: bool = False
    named: bool = False


@dataclass(frozen=True, slots=True)
class Every:
    """All parts hold."""

    place: Place
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    place: Place
    parts: tuple[Node, ...]


Node: TypeAlias = Claim | Every | Some


def locate(value: Json, place: Place, node: Predicate) -> Node:
    """The predicate that was read from ``value``, which stands at ``place``."""
    return _predicate(value, place, node, negated=False)


def negation(node: Node) -> Node:
    """The node that holds exactly where this one does not."""
    match node:
        case Every(place, parts):
            return Some(place, tuple(map(negation, parts)))
        case Some(place, parts):
            return Every(place, tuple(map(negation, parts)))
        case _:
            return Claim(node.place, node.test, not node.negated, node.named)


def claims(node: Node) -> list[Claim]:
    """The tests that must all hold if the node does; those of alternatives are left out."""
    if isinstance(node, Every):
        return [claim for part in node.parts for claim in claims(part)]
    return [node] if isinstance(node, Claim) else []


def alternatives(node: Node) -> Iterator[Some]:
    """The alternatives that stand beside these tests."""
    if isinstance(node, Every):
        for part in node.parts:
            yield from alternatives(part)
    elif isinstance(node, Some):
        yield node


def inner(claim: Claim) -> Node:
    """The predicate that an operand such as that of ``any_element`` is, at the place of its operator."""
    return _opaque(claim.test.operand, claim.place, negated=False, named=claim.named)


def said(claim: Claim) -> str:
    """The test in one line, as a rule would write it; one about parts of the value in words."""
    test = claim.test
    if test.operator == "exists":
        return f"{test.path}: {{exists: {str(not claim.negated).lower()}}}"
    if isinstance(test.operand, AllOf | AnyOf | Not | Test):
        words = phrase(test.operator, to_json(test.operand), negated=claim.negated, quoted=True)
        return f"{test.path} {words}"
    operand = canonical(to_json(test.operand))
    text = f"{test.operator}: {operand if len(operand) <= _LONGEST_OPERAND else operand[:_LONGEST_OPERAND] + '…'}"
    return f"{test.path}: {{{f'not: {{{text}}}' if claim.negated else text}}}"


def _join(parts: tuple[Node, ...], place: Place, *, every: bool) -> Node:
    if len(parts) == 1:
        return parts[0]
    return Every(place, parts) if every else Some(place, parts)


def _predicate(value: Json, place: Place, node: Predicate, *, negated: bool) -> Node:
    assert isinstance(value, dict)
    nodes = _side_by_side(node, len(value))
    parts = tuple(
        _entry(name, entry, (*place, name), part, negated=negated)
        for (name, entry), part in zip(value.items(), nodes, strict=True)
    )
    return _join(parts, place, every=not negated)


def _side_by_side(node: Predicate, number: int) -> tuple[Predicate, ...]:
    """The parts of a mapping of so many entries: one entry is not wrapped."""
    if number == 1:
        return (node,)
    assert isinstance(node, AllOf)
    return node.parts


def _entry(name: str, value: Json, place: Place, node: Predicate, *, negated: bool) -> Node:
    if name in ("all", "any"):
        assert isinstance(node, AllOf | AnyOf)
        parts = tuple(
            _predicate(entry, (*place, position), part, negated=negated)
            for position, (entry, part) in enumerate(zip(value, node.parts, strict=True))
        )
        return _join(parts, place, every=(name == "all") != negated)
    if name == "not":
        assert isinstance(node, Not)
        return _predicate(value, place, node.part, negated=not negated)
    if name == "use":
        return _opaque(node, place, negated=negated, named=True)
    return _test(value, place, node, negated=negated)


def _test(value: Json, place: Place, node: Predicate, *, negated: bool) -> Node:
    if not isinstance(value, dict):
        return _opaque(node, place, negated=negated, named=False)
    operators = [name for name in value if name != "ignore_case"]
    parts = tuple(
        _operator(name, value[name], (*place, name), part, negated=negated)
        for name, part in zip(operators, _side_by_side(node, len(operators)), strict=True)
    )
    return _join(parts, place, every=not negated)


def _operator(name: str, value: Json, place: Place, node: Predicate, *, negated: bool) -> Node:
    if name == "not":
        assert isinstance(node, Not)
        return _test(value, place, node.part, negated=not negated)
    named = name in _NAMED_LISTS and isinstance(value, str)
    return _opaque(node, place, negated=negated, named=named)


def _opaque(node: Predicate, place: Place, *, negated: bool, named: bool) -> Node:
    """A tree all of which stands at one place."""
    match node:
        case Not(part):
            return _opaque(part, place, negated=not negated, named=named)
        case AllOf(parts) | AnyOf(parts):
            inside = tuple(_opaque(part, place, negated=negated, named=named) for part in parts)
            return _join(inside, place, every=isinstance(node, AllOf) != negated)
        case _:
            return Claim(place, node, negated, named)
