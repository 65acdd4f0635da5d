"""The predicate tree: what a rule's ``match`` means, as frozen nodes that print as JSON.

Nodes hold plain values, so they can be hashed, compared, sent to a worker and explained. Speed is the business
of the compiler.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from .path import Path
from .schedule import Schedule
from .value_list import ValueList
from .values import Json


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; with no parts it always holds."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Predicate


@dataclass(frozen=True, slots=True)
class Test:
    """One positive operator on one field. Negative operators are a ``Not`` around their positive.

    Attributes:
        path: the field.
        operator: the name of a positive operator in ``operators.OPERATORS``.
        operand: what ``Operator.prepare`` returned: a JSON value with tuples for lists, a ``Path``, a ``Schedule`` or
            a ``Predicate``, as the operator declares.
        fold: compare without case (``ignore_case: true``).
    """

    path: Path
    operator: str
    operand: Operand
    fold: bool = False


Predicate: TypeAlias = AllOf | AnyOf | Not | Test
Operand: TypeAlias = Any

ALWAYS = AllOf(())


def to_json(node: Operand) -> Json:
    """The tree (or an operand of it) as JSON; what a rule's version is hashed from."""
    match node:
        case AllOf(parts):
            return {"all": [to_json(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [to_json(part) for part in parts]}
        case Not(part):
            return {"not": to_json(part)}
        case Test(path, operator, operand, fold):
            return {"path": str(path), operator: to_json(operand)} | ({"ignore_case": True} if fold else {})
        case Path():
            return {"path": str(node)}
        case Schedule():
            return node.to_json()
        case ValueList():
            return {"list": node.name}
        case tuple():
            return [to_json(item) for item in node]
        case _:
            return node


def tests(node: Predicate) -> Iterator[Test]:
    """Every test of the tree in reading order, those inside element operators and ``length`` included."""
    match node:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from tests(part)
        case Not(part):
            yield from tests(part)
        case Test(operand=operand):
            yield node
            if isinstance(operand, AllOf | AnyOf | Not | Test):
                yield from tests(operand)
