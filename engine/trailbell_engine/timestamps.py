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
_NAIVE_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  # what texts without a zone are counted from: they mean UTC
_MICROSECOND: Final = timedelta(microseconds=1)
EARLIEST_US: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""0001-01-01T00:00:00Z. An offset can push a time over this edge or the other, where it could not be written."""
LATEST_US: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""9999-12-31T23:59:59.999999Z."""
_SHORTEST: Final = len("2026-11-22T10:00")
_read_moment: Final = datetime.fromisoformat  # asking the class for it takes longer than the reading
_SEPARATORS: Final = frozenset(
    {"--T", "--t", "-- "}
)  # the fifth, eighth and eleventh character, looked at in one slice


def parse_time(text: str) -> int | None:
    """Read an RFC 3339 date and time; None if it is none.

    A time without a zone is taken as UTC, because the Audit API writes its times so. A bare date is no instant.
    The leap second ``:60`` is read as the last microsecond before it.
    """
    if len(text) > _MEMORABLE:
        return _parse(text)
    try:
        return _MINUTES[text[:_SHORTEST]] + _SECONDS[text[_SHORTEST:_WHOLE]] + _RESTS[text[_WHOLE:]]
    except KeyError:
        time_us = _parse(text)
        if time_us is not None:
            _remember(text, time_us)
        return time_us


_SECONDS: Final = {f":{second:02d}": second * SECOND_US for second in range(60)}
_MINUTES: Final[dict[str, int]] = {}
_RESTS: Final[dict[str, int]] = {}
_REMEMBERED: Final = 4096
"""Minutes, and rests of a time after its second, that are remembered. A stream's events share them."""
_WHOLE: Final = len("2026-11-22T10:00:30")
_MEMORABLE: Final = len("2026-11-22T10:00:30+02:00")
"""Longer texts have more decimals than three: there are too many of them."""


def _remember(text: str, time_us: int) -> None:
    """Note what the text's minute and its rest after the second stand for: in every other text they stand for the same.

    Times with a compact hour, at hour 24, at a leap second, and at the edges of the calendar do not come apart so.
    """
    minute, rest = text[:_SHORTEST], text[_WHOLE:]
    minute_us, second_us = _parse(minute), _SECONDS.get(text[_SHORTEST:_WHOLE])
    if minute_us is None or second_us is None or minute[13] != ":" or minute[11:13] == "24":
        return
    if not EARLIEST_US + DAY_US <= minute_us <= LATEST_US - DAY_US:
        return
    for memo, part, part_us in ((_MINUTES, minute, minute_us), (_RESTS, rest, time_us - minute_us - second_us)):
        if len(memo) >= _REMEMBERED:
            memo.clear()
        memo[part] = part_us


def _parse(text: str) -> int | None:
    if text[4:11:3] not in _SEPARATORS or len(text) < _SHORTEST:
        return None
    try:
        moment = _read_moment(text)
    except ValueError:
        if text[-1:] == "z":  # RFC 3339 allows it, `fromisoformat` does not
            return _parse(text[:-1] + "Z")
        if text[17:19] != "60" or text[19:20].isdigit():
            return None
        return _parse(text[:17] + "59.999999" + text[19:].lstrip("0123456789."))
    # Whole days, seconds and microseconds: exact, and four times as fast as dividing by a timedelta.
    since = moment - (_NAIVE_EPOCH if moment.tzinfo is None else _EPOCH)
    time_us = since.days * DAY_US + since.seconds * SECOND_US + since.microseconds
    return time_us if EARLIEST_US <= time_us <= LATEST_US else None


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
