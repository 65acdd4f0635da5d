"""From a schedule as written to the engine's: weekdays, hours, holidays, time zone."""

from __future__ import annotations

import re
from functools import cache
from typing import Final
from zoneinfo import available_timezones

from trailbell_engine.path import Path
from trailbell_engine.schedule import DAYS, Hours, Schedule, holiday_calendars, load_zone
from trailbell_engine.values import Json

from .document import Place
from .report import Report, kind
from .suggest import did_you_mean, listed, nearest

_KEYS: Final = ("timezone", "days", "hours", "holidays")
_HOURS: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*(?:([01]?\d|2[0-3]):([0-5]\d)|24:00)")
_LONG_DAYS: Final = {
    "monday": "mon",
    "tuesday": "tue",
    "wednesday": "wed",
    "thursday": "thu",
    "friday": "fri",
    "saturday": "sat",
    "sunday": "sun",
}


def read_schedule(value: Json, place: Place, report: Report) -> Schedule:
    """The schedule of a mapping; what is wrong goes to the report."""
    if not isinstance(value, dict):
        help_ = "write `{timezone: Europe/London, days: mon-fri, hours: 08:00-18:00}`"
        report.value("wrong-type", f"a schedule is a mapping, not {kind(value)}", place, help_)
        return Schedule()
    for name in value:
        if name not in _KEYS:
            label = did_you_mean(name, _KEYS)
            help_ = "" if label else f"a schedule has {listed(_KEYS, 'and')}"
            report.key("unknown-key", f'unknown key "{name}"', (*place, name), help_, label)
    if not value:
        report.value("bad-schedule", "an empty schedule is always", place, "give it `days` or `hours`")
    zone, zone_from = _timezone(value, place, report)
    return Schedule(
        zone=zone,
        zone_from=zone_from,
        days=_days(value["days"], (*place, "days"), report) if "days" in value else frozenset(range(7)),
        hours=_hours(value["hours"], (*place, "hours"), report) if "hours" in value else (),
        holidays=_holidays(value["holidays"], (*place, "holidays"), report) if "holidays" in value else "",
    )


def _timezone(value: dict[str, Json], place: Place, report: Report) -> tuple[str, Path | None]:
    if "timezone" not in value:
        return "UTC", None
    written, place = value["timezone"], (*place, "timezone")
    if not isinstance(written, dict):
        return _zone(written, place, report), None
    for name in written.keys() - {"from", "default"}:
        label = did_you_mean(name, ("from", "default"))
        report.key("unknown-key", f'unknown key "{name}"', (*place, name), "write `{from: path, default: UTC}`", label)
    for name in ("from", "default"):
        if name not in written:
            report.key(
                "missing-key", f'the key "{name}" is missing in "timezone"', place, "write `{from: path, default: UTC}`"
            )
    path = report.path(written["from"], (*place, "from")) if "from" in written else None
    return _zone(written.get("default", "UTC"), (*place, "default"), report), path


def _zone(name: Json, place: Place, report: Report) -> str:
    if isinstance(name, str) and load_zone(name) is not None:
        return name
    found = f'"{name}"' if isinstance(name, str) else kind(name)
    cities = {zone.rpartition("/")[2]: zone for zone in _zones()}
    city = nearest(name, cities)
    label = did_you_mean(name, _zones()) or (f'did you mean "{cities[city]}"?' if city else "")
    report.value("bad-schedule", f"{found} is no time zone", place, "write an IANA name such as Europe/London", label)
    return "UTC"


@cache
def _zones() -> list[str]:
    return sorted(available_timezones())


def _days(value: Json, place: Place, report: Report) -> frozenset[int]:
    entries = value if isinstance(value, list) else [value]
    if not entries:
        report.value("bad-schedule", "a schedule without days is never", place, "write `mon-fri`, or leave `days` out")
    days: set[int] = set()
    for position, entry in enumerate(entries):
        here = (*place, position) if isinstance(value, list) else place
        days |= _day_range(entry, here, report)
    return frozenset(days)


def _day_range(entry: Json, place: Place, report: Report) -> set[int]:
    """``fri`` or ``fri-mon``, which runs over the weekend."""
    parts = [part.strip() for part in entry.casefold().split("-")] if isinstance(entry, str) else []
    parts = [_LONG_DAYS.get(part, part) for part in parts]
    if not 1 <= len(parts) <= 2 or any(part not in DAYS for part in parts):
        help_ = "write `mon-fri`, `sat`, or a list of these"
        label = did_you_mean(entry, DAYS)
        report.value("bad-schedule", f"expected weekdays, found {_shown(entry)}", place, help_, label)
        return set()
    first, last = DAYS.index(parts[0]), DAYS.index(parts[-1])
    return {(first + step) % 7 for step in range((last - first) % 7 + 1)}


def _shown(entry: Json) -> str:
    return f'"{entry}"' if isinstance(entry, str) else kind(entry)


def _hours(value: Json, place: Place, report: Report) -> tuple[Hours, ...]:
    entries = value if isinstance(value, list) else [value]
    if not entries:
        report.value("bad-schedule", "a list without hours", place, "leave `hours` out for the whole day")
    ranges = []
    for position, entry in enumerate(entries):
        here = (*place, position) if isinstance(value, list) else place
        found = _HOURS.fullmatch(entry.strip()) if isinstance(entry, str) else None
        if found is None:
            help_ = 'write "08:00-18:00", or "22:00-06:00" over midnight; 24:00 may end a range'
            report.value("bad-schedule", f"expected hours, found {_shown(entry)}", here, help_)
            continue
        start = int(found[1]) * 60 + int(found[2])
        end = int(found[3]) * 60 + int(found[4]) if found[3] else 24 * 60
        if start == end:
            help_ = "leave `hours` out for the whole day"
            report.value("bad-schedule", f"{entry} begins where it ends", here, help_)
        ranges.append(Hours(start, end))
    return tuple(ranges)


def _holidays(value: Json, place: Place, report: Report) -> str:
    calendars = holiday_calendars()
    country, dash, part = value.partition("-") if isinstance(value, str) else ("", "", "")
    if country not in calendars:
        label = did_you_mean(value, calendars)
        help_ = "write an ISO 3166 country such as GB, or one with a subdivision such as GB-ENG"
        report.value("bad-schedule", f"no holidays are known for {_shown(value)}", place, help_, label)
        return ""
    if dash and part not in calendars[country]:
        help_ = f"known: {listed(calendars[country], 'and')}" if calendars[country] else f"write {country} alone"
        label = did_you_mean(part, calendars[country])
        report.value("bad-schedule", f"{country} has no subdivision {part}", place, help_, label)
        return ""
    return str(value)
