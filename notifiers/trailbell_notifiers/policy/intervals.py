"""Named stretches of time in which a route is quiet, or outside of which it is: Alertmanager's words and ours.

A range over midnight (``22:00-06:00``, which Alertmanager refuses) belongs to the day it starts on, and so do the other
fields: ``{weekdays: [fri], times: ["22:00-06:00"]}`` lasts into Saturday. Weekdays and months may wrap (``sat:mon``).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise, product
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from trailbell_engine.schedule import DAYS, MINUTES_OF_DAY, Hours, is_holiday, load_zone
from trailbell_engine.timestamps import HOUR_US, from_datetime, to_datetime

_MONTHS: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_LONG_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_EVERY_DAY: Final = frozenset(range(7))
_EVERY_MONTH: Final = frozenset(range(1, 13))
_HORIZON_DAYS: Final = 800
"""How far ahead an edge is looked for: more than two years, for the years of an interval."""
_DAY: Final = timedelta(days=1)
_LAST_DAY: Final = date.max - 3 * _DAY
"""Beyond it there is no day after the next one."""
_TIMES: Final = re.compile(r"(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)")

_WORDS: Final = {"type": ["string", "array", "integer"], "items": {"type": ["string", "integer"]}}
_SPAN: Final = {
    "type": "object",
    "properties": {
        "times": {
            "type": ["string", "array"],
            "items": {"type": ["string", "object"]},
            "description": '`"22:00-06:00"`, over midnight if the end comes first; the whole day by default.',
        },
        "weekdays": _WORDS | {"description": "`mon-fri`, `[saturday, sunday]`; every day by default."},
        "days_of_month": _WORDS | {"description": "`1:5`; -1 is the month's last day."},
        "months": _WORDS | {"description": "`december`, `1:3`."},
        "years": _WORDS | {"description": "`2026:2027`."},
        "location": {"type": "string", "description": "An IANA zone; UTC by default."},
        "holidays": {"type": "string", "description": "A country (`GB`, `DE-BY`) whose public holidays are left out."},
    },
    "minProperties": 1,
    "additionalProperties": False,
}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Stretches of time by name, for `mute_time_intervals` and `active_time_intervals` of routes.",
    "additionalProperties": {
        "type": ["object", "array"],
        "if": {"type": "array"},
        "then": {"items": _SPAN, "minItems": 1},
        "else": _SPAN,
    },
}


class IntervalError(ValueError):
    """An interval cannot be read.

    Attributes:
        place: of the fault, as keys and indexes from ``time_intervals``.
        help: what to write instead; may be empty.
    """

    def __init__(self, message: str, place: tuple[str | int, ...], help_: str = "") -> None:
        super().__init__(message)
        self.place = place
        self.help = help_


class Range(NamedTuple):
    """Whole numbers from the first to the last, both inside; negative ones count from the end of the month."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Span:
    """All that is given must hold at once. Days, months and years are those of the day on which the range starts."""

    times: tuple[Hours, ...] = ()
    weekdays: frozenset[int] = _EVERY_DAY
    days_of_month: tuple[Range, ...] = ()
    months: frozenset[int] = _EVERY_MONTH
    years: tuple[Range, ...] = ()
    location: str = "UTC"
    holidays: str = ""

    def contains(self, time_us: int) -> bool:
        """Whether the instant (microseconds, UTC) is inside."""
        local = to_datetime(time_us).astimezone(load_zone(self.location))
        minute, today = local.hour * 60 + local.minute, local.date()
        began = bool(self.times) and self._begins_on(today - _DAY)
        return _covered(self.times, minute, today=self._begins_on(today), yesterday=began)

    def _begins_on(self, day: date) -> bool:
        length = monthrange(day.year, day.month)[1]
        return (
            day.weekday() in self.weekdays
            and day.month in self.months
            and (not self.years or any(first <= day.year <= last for first, last in self.years))
            and (not self.days_of_month or any(_in_month(day.day, length, part) for part in self.days_of_month))
            and not (self.holidays and is_holiday(self.holidays, day))
        )

    def edges(self, time_us: int) -> Iterator[int]:
        """Instants after this one at which it may begin or end, in no order within a day.

        On a day of 24 hours only those at which it does: one that is never left, in whatever words, has none.
        """
        zone = load_zone(self.location)
        day = to_datetime(time_us).astimezone(zone).date() - _DAY
        turns, yesterday, before = _turns(self.times), self._begins_on(day), _offset(day, zone)
        offset = _offset(day + _DAY, zone)
        for _ in range(_HORIZON_DAYS):
            if day >= _LAST_DAY:
                return
            day += _DAY
            today, after = self._begins_on(day), _offset(day + _DAY, zone)
            if not today and not yesterday:
                pass
            elif before == offset == after:
                for minute in turns[today, yesterday]:
                    yield from_datetime(datetime.combine(day, time(minute // 60, minute % 60), zone))
            else:
                yield from self._around(day, zone)
            yesterday, before, offset = today, offset, after

    def _around(self, day: date, zone: ZoneInfo | None) -> Iterator[int]:
        """Every instant that may be an edge on a day on which the clocks are set, or on one beside it."""
        for minute in {0} | {minute % MINUTES_OF_DAY for hours in self.times for minute in hours}:
            for fold in (0, 1):
                yield from_datetime(datetime.combine(day, time(minute // 60, minute % 60, fold=fold), zone))
        # An edge may be an hour of which nobody has written.
        midnight_us = from_datetime(datetime.combine(day, time(), zone))
        yield from (midnight_us - midnight_us % HOUR_US + hour * HOUR_US for hour in range(26))


def _offset(day: date, zone: ZoneInfo | None) -> timedelta | None:
    """From UTC, as the day begins there."""
    return datetime.combine(day, time(), zone).utcoffset()


@lru_cache(maxsize=256)
def _turns(times: tuple[Hours, ...]) -> dict[tuple[bool, bool], tuple[int, ...]]:
    """The minutes of a day of 24 hours at which ranges begin or end all in all.

    Args:
        times: the ranges; none means the whole day.

    Returns:
        by whether they begin on that day, and did on the one before.
    """
    found = {}
    for today, yesterday in product((False, True), repeat=2):
        day = [_covered(times, minute, today=today, yesterday=yesterday) for minute in range(MINUTES_OF_DAY)]
        last = _covered(times, MINUTES_OF_DAY - 1, today=yesterday, yesterday=False)
        found[today, yesterday] = tuple(
            at for at, (one, other) in enumerate(pairwise([last, *day])) if one is not other
        )
    return found


def _covered(times: tuple[Hours, ...], minute: int, *, today: bool, yesterday: bool) -> bool:
    """Whether a minute lies in a range that began on that day, or in one over midnight that began the day before."""
    if not times:
        return today
    return any(
        (today and start <= minute < end)
        if start < end
        else (today and minute >= start) or (yesterday and minute < end)
        for start, end in times
    )


def _in_month(day: int, length: int, part: Range) -> bool:
    first = part.first if part.first > 0 else length + 1 + part.first
    last = part.last if part.last > 0 else length + 1 + part.last
    return max(first, 1) <= day <= last


Interval = tuple[Span, ...]
"""Inside if any of its spans is."""


def inside(interval: Interval, time_us: int) -> bool:
    """Whether the instant is inside one of the spans."""
    return any(span.contains(time_us) for span in interval)


def until_us(intervals: Sequence[Interval], time_us: int, *, wanted: bool) -> int | None:
    """The first instant after this one at which being inside any of the intervals is ``wanted``, as it is not now.

    None if that does not come within two years.
    """
    spans = [span for interval in intervals for span in interval]
    walks = [span.edges(time_us) for span in spans]
    best: int | None = None
    for walk in walks:
        found = _first(walk, intervals, time_us, best, wanted=wanted)
        best = found if best is None else best if found is None else min(best, found)
    return best


def _first(
    walk: Iterator[int], intervals: Sequence[Interval], time_us: int, best: int | None, *, wanted: bool
) -> int | None:
    found: int | None = None
    for edge_us in walk:
        limit_us = min((at for at in (best, found) if at is not None), default=None)
        if limit_us is not None and edge_us > limit_us + 26 * HOUR_US:
            break
        if edge_us <= time_us or (limit_us is not None and edge_us >= limit_us):
            continue
        if any(inside(interval, edge_us) for interval in intervals) is wanted:
            found = edge_us
    return found


def read_intervals(config: Mapping[str, Any]) -> dict[str, Interval]:
    """The intervals of a configuration that is valid against ``SCHEMA``.

    Raises:
        IntervalError: with the place of the fault.
    """
    read: dict[str, Interval] = {}
    for name, value in config.items():
        entries = value if isinstance(value, list) else [value]
        places = [(name, position) if isinstance(value, list) else (name,) for position in range(len(entries))]
        read[name] = tuple(_span(entry, place) for entry, place in zip(entries, places, strict=True))
    return read


def _span(entry: Mapping[str, Any], place: tuple[str | int, ...]) -> Span:
    location = entry.get("location", "UTC")
    if load_zone(location) is None:
        raise IntervalError(f'"{location}" is no time zone', (*place, "location"), "an IANA name such as Europe/London")

    def ranges(key: str, names: Sequence[Sequence[str]], first: int, last: int) -> list[Range]:
        return [_range(text, names, first, last, (*place, key)) for text in _listed(entry.get(key, []))]

    weekdays = ranges("weekdays", (DAYS, _LONG_DAYS), 0, 6)
    months = ranges("months", (_MONTHS,), 1, 12)
    return Span(
        times=tuple(_hours(part, (*place, "times")) for part in _listed(entry.get("times", []))),
        weekdays=frozenset(day for part in weekdays for day in _wrapped(part, 0, 6)) if weekdays else _EVERY_DAY,
        days_of_month=tuple(ranges("days_of_month", (), -31, 31)),
        months=frozenset(month for part in months for month in _wrapped(part, 1, 12)) if months else _EVERY_MONTH,
        years=tuple(ranges("years", (), 1, 9999)),
        location=location,
        holidays=entry.get("holidays", ""),
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _hours(value: Any, place: tuple[str | int, ...]) -> Hours:
    text = f"{value.get('start_time')}-{value.get('end_time')}" if isinstance(value, dict) else str(value)
    found = _TIMES.fullmatch(text.strip())
    if found is not None:
        start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
        if (
            start < MINUTES_OF_DAY
            and end <= MINUTES_OF_DAY
            and int(found[2]) < 60
            and int(found[4]) < 60
            and start != end
        ):
            return Hours(start, end)
    raise IntervalError(f"{text!r} is no range of times", place, 'write "08:00-18:00", or "22:00-06:00" over midnight')


def _range(value: Any, names: Sequence[Sequence[str]], first: int, last: int, place: tuple[str | int, ...]) -> Range:
    text = str(value).strip().casefold()
    parts = re.split(r"\s*:\s*|(?<=[a-z])\s*-\s*", text)
    low, high = _number(parts[0], names, first, last), _number(parts[-1], names, first, last)
    if len(parts) <= 2 and low is not None and high is not None:
        return Range(low, high)
    words = f"from {names[0][0]} to {names[0][-1]}" if names else f"from {first} to {last}"
    raise IntervalError(f"{text!r} is no range {words}", place, "write one, or two with a colon between: `1:5`")


def _number(text: str, names: Sequence[Sequence[str]], first: int, last: int) -> int | None:
    for listed in names:
        if text in listed:
            return listed.index(text) + first
    if names and names[0] == DAYS:
        return None
    found = int(text) if re.fullmatch(r"-?[1-9]\d{0,3}", text) else None
    return found if found is not None and first <= found <= last else None


def _wrapped(part: Range, first: int, last: int) -> Iterator[int]:
    size = last - first + 1
    yield from (first + (part.first - first + step) % size for step in range((part.last - part.first) % size + 1))
