"""``equals`` and ``in``: is it that value."""

from __future__ import annotations

from typing import Final

from trailbell_engine.value_list import ValueList
from trailbell_engine.values import Json, identity, json_equal

from .base import Check, Operator
from .checks import SCALAR_SCHEMA, scalar, scalars


def _folded(value: Json) -> Json:
    return value.casefold() if isinstance(value, str) else value


def _equal(value: Json, operand: Json, fold: bool) -> bool:
    return json_equal(_folded(value), _folded(operand)) if fold else json_equal(value, operand)


def _compile_equals(operand: Json, fold: bool) -> Check:
    if isinstance(operand, str):
        if fold:
            wanted = operand.casefold()
            return lambda value: value.__class__ is str and value.casefold() == wanted
        return lambda value: bool(value == operand)
    if operand is None or isinstance(operand, bool):
        return lambda value: value is operand
    return lambda value: bool(value == operand) and value.__class__ is not bool


def _is_one_of(value: Json, operand: tuple[Json, ...], fold: bool) -> bool:
    if isinstance(operand, ValueList):  # an explanation should not take a walk over a million values
        return _compile_in(operand, fold)(value)
    return any(_equal(value, item, fold) for item in operand)


def _compile_in(operand: tuple[Json, ...], fold: bool) -> Check:
    if isinstance(operand, ValueList):
        return operand.derived(("in", fold), lambda: _membership(operand, fold))
    return _membership(operand, fold)


def _membership(operand: tuple[Json, ...], fold: bool) -> Check:
    wanted = frozenset(identity(_folded(item) if fold else item) for item in operand)
    if fold:
        return lambda value: identity(_folded(value)) in wanted
    if all(isinstance(item, str) for item in operand):
        return lambda value: value.__class__ is str and value in wanted
    return lambda value: identity(value) in wanted


EQUALS: Final = Operator(
    name="equals",
    summary="the field is that value: numbers by value, booleans only booleans, strings exactly",
    schema=SCALAR_SCHEMA,
    prepare=scalar,
    holds=_equal,
    compile=_compile_equals,
    folds=True,
    negative="not_equals",
    example="sip",
)

IN: Final = Operator(
    name="in",
    summary="the field is one of the values of a list, written out or named",
    schema={"type": ["array", "string"], "items": SCALAR_SCHEMA, "minItems": 1},
    prepare=scalars,
    holds=_is_one_of,
    compile=_compile_in,
    folds=True,
    negative="not_in",
    example=["sip", "app"],
)
