"""Schedules: the hours of a week in a time zone, with holidays. ``during`` and ``outside`` ask them about instants."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .timestamps import to_datetime
from .values import Json

if TYPE_CHECKING:
    from .path import Path

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_OF_DAY: Final = 24 * 60


class Hours(NamedTuple):
    """A range of local time in minutes since midnight, end exclusive; ``end <= start`` runs over midnight."""

    start: int
    end: int

    def __str__(self) -> str:
        return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in self)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A weekly schedule in local time.

    A range over midnight belongs to the day it starts on: ``fri 22:00-06:00`` lasts into Saturday. A holiday is a day
    on which no range starts. Both edges of daylight saving follow the wall clock: an hour that comes twice is inside
    twice, one that is skipped is never asked about.

    Attributes:
        zone: IANA name; the zone if ``zone_from`` is absent, finds nothing, or finds no zone.
        days: weekdays on which ranges start, 0 is Monday.
        hours: the ranges; none means the whole day.
        holidays: an ISO 3166 country, with a subdivision after a dash: ``GB``, ``GB-ENG``, ``DE-BY``; "" for none.
        zone_from: a path on the event to the subject's own zone.
    """

    zone: str = "UTC"
    days: frozenset[int] = frozenset(range(7))
    hours: tuple[Hours, ...] = ()
    holidays: str = ""
    zone_from: Path | None = None

    def contains(self, time_us: int, zone: str | None = None) -> bool:
        """Whether the instant is inside, in ``zone`` if that is a zone's name, else in the schedule's own."""
        info = (load_zone(zone) if zone else None) or load_zone(self.zone)
        if info is None:  # built without validation, or the zone data shrank since
            raise ZoneInfoNotFoundError(f"no time zone {self.zone!r}")
        local = to_datetime(time_us).astimezone(info)
        minute, today = local.hour * 60 + local.minute, local.date()
        if not self.hours:
            return self._starts_on(today)
        yesterday = today - timedelta(days=1)
        return any(
            (hours.start <= minute < hours.end and self._starts_on(today))
            if hours.start < hours.end
            else (minute >= hours.start and self._starts_on(today))
            or (minute < hours.end and self._starts_on(yesterday))
            for hours in self.hours
        )

    def _starts_on(self, day: date) -> bool:
        return day.weekday() in self.days and not (self.holidays and is_holiday(self.holidays, day))

    def to_json(self) -> Json:
        """The schedule in canonical form; what a rule's version is hashed from."""
        return {
            "timezone": {"from": str(self.zone_from), "default": self.zone} if self.zone_from else self.zone,
            "days": [DAYS[day] for day in sorted(self.days)],
            "hours": [str(hours) for hours in self.hours],
            "holidays": self.holidays,
        }


@lru_cache(maxsize=1024)
def load_zone(name: str) -> ZoneInfo | None:
    """The zone of that IANA name, or None. Event data may name it, so anything at all is allowed in."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # unknown; a path or NUL in it; the name of a folder
        return None


def is_holiday(country: str, day: date) -> bool:
    """Whether the day is a public holiday there, by the ``holidays`` library (loaded at the first question)."""
    return day in _calendar(country, day.year)


@lru_cache(maxsize=256)
def _calendar(country: str, year: int) -> frozenset[date]:
    import holidays

    code, _, subdivision = country.partition("-")
    with warnings.catch_warnings():  # for years beyond its tables the library says so on stderr; it gives what it knows
        warnings.simplefilter("ignore")
        return frozenset(holidays.country_holidays(code, subdiv=subdivision or None, years=year))


def holiday_calendars() -> dict[str, list[str]]:
    """The countries of the ``holidays`` library and their subdivisions, for checks and suggestions."""
    import holidays

    return {country: list(parts) for country, parts in holidays.list_supported_countries(include_aliases=True).items()}
