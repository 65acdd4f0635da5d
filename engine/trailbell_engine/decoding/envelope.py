"""Where the envelope of a record lies: its id, event type and time, under whatever names its source has for them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from operator import methodcaller
from typing import Any, Final, TypeAlias, TypeVar

from trailbell_engine.path import EVERY, Path, Segment
from trailbell_engine.timestamps import SECOND_US, parse_time
from trailbell_engine.values import MISSING, Json, canonical

from .maps import EventMap


def content_id(record: dict[str, Json]) -> str:
    """The id of a record that has none: 64 hex digits, SHA-256 of its canonical JSON. Equal records are one event."""
    return hashlib.sha256(canonical(record).encode()).hexdigest()


_Reacher: TypeAlias = Callable[[dict[str, Json]], Json]
_T = TypeVar("_T")


class Envelope:
    """Finds the envelope of the records of one map: of each part, the first path that leads to something usable.

    Attributes:
        names: the fields in which the id, the event type and the time stand in nearly every record, for a reader in a
            hurry; ``MISSING``, which no record has for a name, where that is no field of the record itself.
    """

    __slots__ = ("_ids", "_times", "_types", "names")

    def __init__(self, event_map: EventMap) -> None:
        self._ids = _reachers(event_map.id)
        self._types = _reachers(event_map.event_type)
        self._times = _reachers(event_map.time)
        self.names = tuple(map(_plain_name, (event_map.id, event_map.event_type, event_map.time)))

    def id(self, record: dict[str, Json]) -> str:
        """The id that the source gave, or else that of the content."""
        return _first(self._ids, record, _id_text) or content_id(record)

    def event_type(self, record: dict[str, Json]) -> str:
        """The event type; the empty text if there is none."""
        return _first(self._types, record, _type_text) or ""

    def time_us(self, record: dict[str, Json]) -> int | None:
        """When it happened, microseconds since the epoch, UTC; None if that cannot be read."""
        return _first(self._times, record, _time_us)


def _first(reachers: tuple[_Reacher, ...], record: dict[str, Json], read: Callable[[Json], _T | None]) -> _T | None:
    """What ``read`` makes of the first value it can use."""
    for reach in reachers:
        value = read(reach(record))
        if value is not None:
            return value
    return None


def _id_text(value: Json) -> str | None:
    if isinstance(value, str):
        return value or None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return canonical(value) if is_number else None


def _type_text(value: Json) -> str | None:
    if isinstance(value, str):
        return value or None
    return None if value is None else canonical(value)


def _time_us(value: Json) -> int | None:
    """A date and time, or a number since 1970 (as a text, too), in microseconds; None if it is neither."""
    if isinstance(value, str):
        time_us = parse_time(value)
        if time_us is not None or not value.isascii() or not value.replace(".", "", 1).isdigit() or len(value) > 30:
            return time_us
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    for low, high, multiplier, divisor in _EPOCH_UNITS:
        if low <= value < high:
            return round(value * multiplier) // divisor
    return None


# Seconds, milliseconds, microseconds and nanoseconds since 1970 tell themselves apart by size, from 1973 to 5138.
# Smaller numbers are no times: a 0 means that somebody had none.
_EPOCH_UNITS: Final = (
    (10**8, 10**11, SECOND_US, 1),
    (10**11, 10**14, 1_000, 1),
    (10**14, 10**17, 1, 1),
    (10**17, 10**20, 1, 1_000),
)


def _reachers(paths: tuple[Path, ...]) -> tuple[_Reacher, ...]:
    return tuple(map(_reacher, paths)) or (lambda _record: None,)


def _reacher(path: Path) -> _Reacher:
    """A function that gives the first value the path reaches in a record, None if it reaches none."""
    segments = path.segments
    if len(segments) == 1 and isinstance(segments[0], str):
        return methodcaller("get", segments[0])

    def reach(record: dict[str, Json]) -> Json:
        value: Json = record
        for segment in segments:
            value = _step(value, segment)
        return value

    return reach


def _step(value: Json, segment: Segment) -> Json:
    if isinstance(segment, str):
        holders = value if isinstance(value, list) else (value,)
        return next((holder[segment] for holder in holders if isinstance(holder, dict) and segment in holder), None)
    index = 0 if segment is EVERY else segment
    return value[index] if isinstance(value, list) and -len(value) <= index < len(value) else None


def _plain_name(paths: tuple[Path, ...]) -> Any:
    """The field that the first path names, if it is one of the record itself; else what no record has for a name."""
    segments = paths[0].segments if paths else ()
    return segments[0] if len(segments) == 1 and isinstance(segments[0], str) else MISSING
