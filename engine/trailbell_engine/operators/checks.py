"""Checks of operands that several operators share, and the JSON Schema fragments that say the same to an editor."""

from __future__ import annotations

from typing import Any, Final

from trailbell_engine.values import Json

from .base import Names, OperandError

SCALAR_SCHEMA: Final[dict[str, Any]] = {"type": ["string", "number", "boolean", "null"]}
TEXTS_SCHEMA: Final[dict[str, Any]] = {
    "type": ["string", "array"],
    "items": {"type": "string"},
    "minItems": 1,
}


def is_scalar(value: Json) -> bool:
    """Whether the value is no array and no object."""
    return value is None or isinstance(value, str | int | float)


def is_number(value: Json) -> bool:
    """Whether the value is a number; booleans are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def describe(value: Json) -> str:
    """The kind of a JSON value in words, for messages."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case str():
            return "a string"
        case int() | float():
            return "a number"
        case list() | tuple():
            return "a list"
        case _:
            return "a mapping"


def scalar(operand: Json, _names: Names) -> Json:
    """A single value.

    Raises:
        OperandError: on a list or a mapping.
    """
    if not is_scalar(operand):
        raise OperandError(
            f"expected a single value, found {describe(operand)}", "for a list of values write `in: […]`"
        )
    return operand


def scalars(operand: Json, names: Names) -> tuple[Json, ...]:
    """A list of single values, or the name of a list.

    Raises:
        OperandError: on anything else, at the entry that is at fault.
    """
    if isinstance(operand, str):
        return named_list(operand, names)
    if not isinstance(operand, list) or not operand:
        found = "an empty list" if operand == [] else describe(operand)
        raise OperandError(
            f"expected a list of values or the name of a list, found {found}", "for one value write `equals: …`"
        )
    for position, item in enumerate(operand):
        if not is_scalar(item):
            raise OperandError(f"expected a single value in the list, found {describe(item)}", at=(position,))
    return tuple(operand)


def named_list(name: str, names: Names) -> tuple[Json, ...]:
    """The values of a defined list.

    Raises:
        OperandError: if no list has that name; its code is ``undefined-name``.
    """
    if name not in names.lists:
        known = ", ".join(sorted(names.lists)) or "none is defined"
        raise OperandError(
            f"no list is called {name!r}",
            f"define it below `lists:` in a file whose name starts with `_` (defined: {known}), or write [values]",
            code="undefined-name",
        )
    return names.lists[name]


def texts(operand: Json, _names: Names) -> tuple[str, ...]:
    """A string or a list of strings, of which any may hold.

    Raises:
        OperandError: on anything else, and on an empty string, which would hold for every string.
    """
    entries = list(operand) if isinstance(operand, list) else [operand]
    if not entries:
        raise OperandError("an empty list never holds", "give at least one string")
    for position, item in enumerate(entries):
        at = (position,) if isinstance(operand, list) else ()
        if not isinstance(item, str):
            raise OperandError(
                f"expected a string, found {describe(item)}", f'quote it: "{item}"' if is_scalar(item) else "", at
            )
        if not item:
            raise OperandError(
                "an empty string holds for every string", "write `exists: true` or `length: {gte: 1}`", at
            )
    return tuple(entries)
