"""``during`` and ``outside``: is it a time in or out of a schedule. Both are positive: what is no time is neither."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from trailbell_engine.schedule import Schedule
from trailbell_engine.timestamps import DAY_US, MINUTE_US, parse_time
from trailbell_engine.values import Json

from .base import Check, Names, OperandError, Operator
from .checks import describe


def inside(value: Json, schedule: Schedule, zone: str | None = None) -> bool | None:
    """Whether the value is a time inside the schedule; None if it is no time at all."""
    instant = parse_time(value) if isinstance(value, str) else None
    if instant is None:
        return None
    try:
        return schedule.contains(instant, zone)
    except OverflowError:  # the year 1 or 9999, a zone away from the edge of the calendar
        return None


@lru_cache(maxsize=256)
def by_minute(schedule: Schedule) -> Callable[[int], bool]:
    """``schedule.contains`` in the schedule's own zone, with the answers of the last minutes at hand.

    A schedule is made of minutes, and since 1973 so are all zones' offsets from UTC (Liberia was the last to change, in
    January 1972: https://data.iana.org/time-zones/tzdb/africa). Events of the same minute share the answer.
    """
    answers: dict[int, bool] = {}

    def contains(time_us: int) -> bool:
        if time_us < _WHOLE_MINUTES_US:
            return schedule.contains(time_us)
        minute = time_us // MINUTE_US
        answer = answers.get(minute)
        if answer is None:
            if len(answers) >= _MINUTES_KEPT:
                answers.clear()
            answer = answers[minute] = schedule.contains(time_us)
        return answer

    return contains


_WHOLE_MINUTES_US: Final = 3 * 365 * DAY_US + DAY_US  # 1973-01-01, 1972 being a leap year
_MINUTES_KEPT: Final = 4096


def _compiled(schedule: Schedule, *, wanted: bool) -> Check:
    contains = by_minute(schedule)

    def check(value: Json) -> bool:
        instant = parse_time(value) if isinstance(value, str) else None
        try:
            return instant is not None and contains(instant) is wanted
        except OverflowError:  # as in ``inside``
            return False

    return check


def _during(value: Json, schedule: Schedule, _fold: bool) -> bool:
    return inside(value, schedule) is True


def _outside(value: Json, schedule: Schedule, _fold: bool) -> bool:
    return inside(value, schedule) is False


def _compile_during(schedule: Schedule, _fold: bool) -> Check:
    return _compiled(schedule, wanted=True)


def _compile_outside(schedule: Schedule, _fold: bool) -> Check:
    return _compiled(schedule, wanted=False)


def _prepare(operand: Json, names: Names) -> Schedule:
    if isinstance(operand, Schedule):  # an inline schedule, already built from its own text
        return operand
    if not isinstance(operand, str):
        raise OperandError(f"expected a schedule or the name of one, found {describe(operand)}")
    if operand not in names.schedules:
        known = ", ".join(sorted(names.schedules)) or "none is defined"
        raise OperandError(
            f"no schedule is called {operand!r}",
            f"define it below `schedules:` in a file whose name starts with `_` (defined: {known}), or write it inline",
            code="undefined-name",
        )
    return names.schedules[operand]


_SCHEMA: Final = {"$ref": "#/$defs/scheduleOrName"}

DURING: Final = Operator(
    name="during",
    summary="the string is a time inside the schedule",
    schema=_SCHEMA,
    prepare=_prepare,
    holds=_during,
    compile=_compile_during,
    example={"timezone": "Europe/London", "days": "mon-fri", "hours": "08:00-18:00"},
)

OUTSIDE: Final = Operator(
    name="outside",
    summary="the string is a time outside the schedule",
    schema=_SCHEMA,
    prepare=_prepare,
    holds=_outside,
    compile=_compile_outside,
    example={"timezone": "Europe/London", "days": "mon-fri", "hours": "08:00-18:00"},
)
