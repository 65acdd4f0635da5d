"""``exists``, ``length``, ``same_as`` and the element operators: what a field is part of, or made of.

Their operands are predicates and paths, so they are evaluated where predicates are (``trailbell_engine.interpret`` and
``trailbell_engine.compile``); what is declared here is their grammar and their words.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

from trailbell_engine.values import Json

from .base import Names, OperandError, Operator
from .checks import describe


def size(value: Json) -> int | None:
    """Code points of a string, elements of an array, members of an object; nothing else has a length."""
    return len(value) if isinstance(value, str | list | dict) else None


def _elsewhere(*_: Any) -> NoReturn:
    raise AssertionError("structural operators are evaluated with their predicate")


def _boolean(operand: Json, _names: Names) -> bool:
    if not isinstance(operand, bool):
        raise OperandError(f"expected true or false, found {describe(operand)}")
    return operand


def _structural(name: str, summary: str, **more: Any) -> Operator:
    return Operator(name=name, summary=summary, holds=_elsewhere, compile=_elsewhere, whole=True, **more)


STRUCTURAL: Final = (
    _structural(
        "exists",
        "the field is present (present and null counts)",
        schema={"type": "boolean"},
        prepare=_boolean,
        example=True,
    ),
    _structural(
        "length",
        "the length of the string (code points), array (elements) or object (members) meets the test",
        schema={"$ref": "#/$defs/test"},
        operand="test",
        example={"gte": 3},
    ),
    _structural(
        "same_as",
        "the field equals another field of the same event; null is the same as null",
        schema={"type": "string"},
        operand="path",
        folds=True,
        negative="differs_from",
        example="user_email",
    ),
    _structural(
        "any_element",
        "one element of the array meets the whole predicate",
        schema={"$ref": "#/$defs/predicate"},
        operand="predicate",
        negative="no_element",
        example={"role": "admin", "active": True},
    ),
    _structural(
        "every_element",
        "every element of the array meets the whole predicate; an empty array has none that does not",
        schema={"$ref": "#/$defs/predicate"},
        operand="predicate",
        example={"active": True},
    ),
)
