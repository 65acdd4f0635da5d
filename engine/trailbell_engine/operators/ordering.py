"""``gt``, ``gte``, ``lt``, ``lte``: numbers, decimal strings and timestamps in order."""

from __future__ import annotations

import math
import operator as order
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from trailbell_engine.timestamps import parse_time
from trailbell_engine.values import Json

from .base import Check, Names, OperandError, Operator
from .checks import describe, is_number

_DECIMAL: Final = re.compile(r"[+-]?(?:\d{1,400}(?:\.\d{0,400})?|\.\d{1,400})\Z", re.ASCII)

Comparison: TypeAlias = Callable[[Any, Any], bool]


def number(value: Json) -> Any:
    """The value as a number, if it is one or a string that is wholly a decimal number; None if it is none.

    A fraction that is greater than every double is none: read as one it would be infinity.
    """
    if is_number(value):
        return value
    if isinstance(value, str) and _DECIMAL.match(value):
        if "." not in value:
            return int(value)
        fraction = float(value)
        return fraction if math.isfinite(fraction) else None
    return None


def _instant(value: Json) -> int | None:
    return parse_time(value) if isinstance(value, str) else None


def _holds(compare: Comparison) -> Callable[[Json, Json, bool], bool]:
    def holds(value: Json, operand: Json, _fold: bool) -> bool:
        bound, found = number(operand), number(value)
        if bound is not None:
            return found is not None and compare(found, bound)
        instant, limit = _instant(value), _instant(operand)
        return instant is not None and limit is not None and compare(instant, limit)

    return holds


def _compiled(compare: Comparison) -> Callable[[Json, bool], Check]:
    def compile_(operand: Json, _fold: bool) -> Check:
        bound = number(operand)
        if bound is not None:

            def by_number(value: Json) -> bool:
                if value.__class__ is int or value.__class__ is float:
                    return compare(value, bound)
                found = number(value)
                return found is not None and compare(found, bound)

            return by_number
        limit = _instant(operand)

        def by_time(value: Json) -> bool:
            instant = _instant(value)
            return instant is not None and compare(instant, limit)

        return by_time

    return compile_


def _prepare(operand: Json, _names: Names) -> Json:
    if is_number(operand) or (
        isinstance(operand, str) and (number(operand) is not None or _instant(operand) is not None)
    ):
        return operand
    if isinstance(operand, str):
        raise OperandError(
            f"{operand!r} is neither a number nor a time", "write a number, or a time such as 2026-11-22T10:00:00Z"
        )
    raise OperandError(
        f"expected a number or a time, found {describe(operand)}",
        "write one number, or a time such as 2026-11-22T10:00:00Z",
    )


def _operator(name: str, words: str, compare: Comparison) -> Operator:
    return Operator(
        name=name,
        summary=f"the number, decimal string or time is {words}; anything else is not comparable",
        schema={"type": ["number", "string"]},
        prepare=_prepare,
        holds=_holds(compare),
        compile=_compiled(compare),
        example=10,
    )


GT: Final = _operator("gt", "greater than the operand", order.gt)
GTE: Final = _operator("gte", "greater than the operand or equal", order.ge)
LT: Final = _operator("lt", "less than the operand", order.lt)
LTE: Final = _operator("lte", "less than the operand or equal", order.le)
