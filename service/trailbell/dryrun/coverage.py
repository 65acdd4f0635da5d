"""Which days the history covers, so that a quiet rule can be told from a missing week."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, NamedTuple

from trailbell_engine.timestamps import DAY_US, HOUR_US, format_time
from trailbell_engine.values import Json

BARS: Final = 400
"""At most so many bars of time in a report: one stray event of 1970 must not make it fifty years of days."""
BY_HOUR_DAYS: Final = 4
"""Histories on no more days than this are shown by the hour: two bars tell nothing."""
_EPOCH: Final = date(1970, 1, 1)


class Gap(NamedTuple):
    """Days (since the epoch, UTC) without any event, both ends included."""

    first_day: int
    last_day: int

    @property
    def days(self) -> int:
        """How many."""
        return self.last_day - self.first_day + 1

    def __str__(self) -> str:
        first, last = day_text(self.first_day), day_text(self.last_day)
        return first if self.days == 1 else f"{first} → {last}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """The time from the first to the last event, cut into bars.

    Attributes:
        first_us, last_us: times of the first and the last event; None without any.
        bar_us: the length of one bar: an hour for short histories, a day, or several for very long ones.
        bars: events in each bar, the first first.
        gaps: runs of days without any event between the first and the last one.
    """

    first_us: int | None = None
    last_us: int | None = None
    bar_us: int = DAY_US
    bars: tuple[int, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def start_us(self) -> int:
        """When the first bar starts: a full hour, or midnight (UTC)."""
        unit_us = min(self.bar_us, DAY_US)
        return 0 if self.first_us is None else self.first_us // unit_us * unit_us

    @property
    def span_days(self) -> float:
        """The length of the history in days; by it rates are taken, so it is one at least."""
        if self.first_us is None or self.last_us is None:
            return 1.0
        return max(1.0, (self.last_us - self.first_us) / DAY_US)

    def in_bars(self, per_hour: Mapping[int, int]) -> tuple[int, ...]:
        """Counts by hour (since the epoch) as counts by bar; hours outside go to the nearest bar, if there is one."""
        if not self.bars:
            return ()
        bars = [0] * len(self.bars)
        for hour, count in per_hour.items():
            bars[min(max(0, (hour * HOUR_US - self.start_us) // self.bar_us), len(bars) - 1)] += count
        return tuple(bars)

    def to_json(self) -> dict[str, Json]:
        """``coverage`` of the document."""
        gaps = [{"from": day_text(gap.first_day), "to": day_text(gap.last_day), "days": gap.days} for gap in self.gaps]
        return {"bar_hours": self.bar_us // HOUR_US, "events": list(self.bars), "gaps": gaps}


def coverage(first_us: int | None, last_us: int | None, per_hour: Mapping[int, int]) -> Coverage:
    """The coverage of a history.

    Args:
        first_us: the earliest event (microseconds, UTC).
        last_us: the latest.
        per_hour: events by hour since the epoch; hours may be missing.
    """
    if first_us is None or last_us is None:
        return Coverage()
    days = last_us // DAY_US - first_us // DAY_US + 1
    bar_us = HOUR_US if days <= BY_HOUR_DAYS else -(-days // BARS) * DAY_US
    gaps = tuple(_gaps(sorted({hour * HOUR_US // DAY_US for hour in per_hour})))
    empty = Coverage(first_us, last_us, bar_us, (), gaps)
    empty = replace(empty, bars=(0,) * ((last_us - empty.start_us) // bar_us + 1))
    return replace(empty, bars=empty.in_bars(per_hour))


def _gaps(days: Iterable[int]) -> Iterator[Gap]:
    before: int | None = None
    for day in days:
        if before is not None and day > before + 1:
            yield Gap(before + 1, day - 1)
        before = day


def day_text(day: int) -> str:
    """The date of a day since the epoch, as ``2026-11-02``."""
    return (_EPOCH + timedelta(days=day)).isoformat()


def hour_text(time_us: int) -> str:
    """An hour, as ``2026-11-02 14h``."""
    return f"{format_time(time_us)[:13].replace('T', ' ')}h"
