"""Instants as whole microseconds since 1970-01-01T00:00:00Z, and their text.

Integers compare, subtract and print the same on every machine; floats and local zones do not.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SHORTEST: Final = len("2026-11-22T10:00")


def parse_time(text: str) -> int | None:
    """Read an RFC 3339 date and time; None if it is none.

    A time without a zone is taken as UTC, because the Audit API writes its times so. A bare date is no instant.
    The leap second ``:60`` is read as the last microsecond before it.
    """
    if len(text) < _SHORTEST or text[4] != "-" or text[7] != "-" or text[10] not in "Tt ":
        return None
    leap = text[17:19] == "60"
    try:
        moment = datetime.fromisoformat(text[:17] + "59.999999" + text[19:].lstrip("0123456789.") if leap else text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


def format_time(time_us: int) -> str:
    """RFC 3339 in UTC, with as many decimals as the instant has: ``2026-11-22T10:00:00Z``, ``…:00.25Z``."""
    moment = to_datetime(time_us)
    text = moment.strftime("%Y-%m-%dT%H:%M:%S") if moment.year >= 1000 else moment.isoformat()[:19]
    return f"{text}.{moment.microsecond:06d}".rstrip("0") + "Z" if moment.microsecond else text + "Z"


def to_datetime(time_us: int) -> datetime:
    """The instant as an aware ``datetime`` in UTC.

    Raises:
        OverflowError: outside the years 1 to 9999.
    """
    return _EPOCH + timedelta(microseconds=time_us)


def from_datetime(moment: datetime) -> int:
    """Microseconds of an aware ``datetime``.

    Raises:
        TypeError: if it has no zone.
    """
    return (moment - _EPOCH) // _MICROSECOND
