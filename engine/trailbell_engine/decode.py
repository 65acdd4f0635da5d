"""From a record's bytes to events. Nothing that comes in is dropped or altered; what is no event says why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from operator import methodcaller
from typing import Any, Final, TypeAlias, TypeVar

import orjson

from .event import NO_ROWS, Event, Malformed
from .maps import EventMap, unwrapped
from .path import EVERY, Path, Segment
from .shallow_json import REFUSALS, read_shallow
from .timestamps import SECOND_US, parse_time
from .values import MISSING, Json, canonical

RECORD_LIMIT_BYTES: Final = 1024 * 1024
"""The largest event. A wrapping around many events may be larger."""
WRAPPING_LIMIT_BYTES: Final = 64 * 1024 * 1024
"""The largest wrapping (a CloudTrail file, a page of an API) that is decoded in one piece."""
DEPTH_LIMIT: Final = 64
"""Objects and arrays inside each other, the event itself being the first."""
RAW_KEPT_BYTES: Final = 64 * 1024
"""How much of a malformed record is kept."""

_DIGITS: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER: Final = b"0" * 19  # the shortest digits that may not fit in 64 bits


class NotJsonError(ValueError):
    """Bytes that are no JSON, with the reason in words."""


def read_json(raw: bytes) -> Json:
    """Decode one JSON text exactly: integers stay whole, fractions become doubles; of two equal keys the last wins.

    Raises:
        NotJsonError: for bytes that are no UTF-8, no JSON, NaN, Infinity, or a number that no double can hold.
    """
    try:
        return read_shallow(raw)
    except REFUSALS:
        return _read_any(raw)


def write_json(value: Json) -> bytes:
    """The compact JSON of a decoded record; integers beyond 64 bits, which orjson cannot write, included."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _read_any(raw: bytes) -> Json:
    """Decode what is out of the ordinary, or say what is wrong with it.

    orjson says it best, but turns integers beyond 64 bits into floats without a word. So a text with 19 digits in a row
    is read once more by the slower standard decoder, which keeps them whole.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise NotJsonError(_reason(raw, error)) from None
    return _read_wide(raw) if _LONG_NUMBER in raw.translate(_DIGITS) else value


def _reason(raw: bytes, error: orjson.JSONDecodeError) -> str:
    if not raw.strip():
        return "empty"
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "not UTF-8: it looks like UTF-16"
    try:
        text = raw.decode()
    except UnicodeDecodeError as undecodable:
        return f"not UTF-8: byte 0x{raw[undecodable.start]:02x} at {undecodable.start}"
    if text.startswith("\ufeff"):
        return "not JSON: it starts with a byte order mark"
    words = error.msg.partition(": line ")[0]
    token = text[error.pos :].lstrip("-")[:8]
    if token.startswith(("NaN", "Infinity")):
        return f"not JSON: {'NaN' if token.startswith('NaN') else 'Infinity'} at {error.pos} is no JSON number"
    return f"not JSON: {words} at {error.pos}"


def _read_wide(raw: bytes) -> Json:
    """Decode what orjson has accepted, integers whole."""
    try:
        return json.loads(raw)
    except RecursionError:
        raise NotJsonError(f"deeper than {DEPTH_LIMIT} levels") from None


class Decoder:
    """Turns records into events of one source by one map.

    It remembers one thing: the time of the last event that had one, which an event without a readable time borrows.

    Attributes:
        source: the source name of its events.
        event_map: where the envelope lies.
        last_time_us: the time the next untimed event gets; to be kept over restarts. Microseconds, UTC.
    """

    __slots__ = ("_ids", "_names", "_times", "_types", "_wrapping", "event_map", "last_time_us", "source")

    def __init__(self, source: str, event_map: EventMap, last_time_us: int = 0) -> None:
        self.source = source
        self.event_map = event_map
        self.last_time_us = last_time_us
        self._ids = _reachers(event_map.id)
        self._types = _reachers(event_map.event_type)
        self._times = _reachers(event_map.time)
        self._names = tuple(map(_plain_name, (event_map.id, event_map.event_type, event_map.time)))
        self._wrapping = event_map.unwrap.segments[0] if event_map.unwrap is not None else None

    def decode(self, raw: bytes, place: str) -> list[Event | Malformed]:
        """The event in the bytes, or the events in the wrapping they hold, or the reason why there is none.

        Args:
            raw: one JSON text, UTF-8.
            place: where it stands, for people: ``events.ndjson:17``.
        """
        if len(raw) > RECORD_LIMIT_BYTES:
            return self._decode_any(raw, place)
        try:
            record = read_shallow(raw)
        except REFUSALS:
            return self._decode_any(raw, place)
        if record.__class__ is dict and self._wrapping not in record:
            return [self._event(record)]
        return self._sorted_out(record, raw, place, may_be_deep=False)

    def decode_all(self, raws: Sequence[bytes], place: Callable[[int], str]) -> list[Event | Malformed]:
        """The same of many, one behind the other.

        Args:
            raws: JSON texts.
            place: where each stands, by its number in ``raws``; asked only where something is wrong or wrapped.
        """
        items: list[Event | Malformed] = []
        wrapping, event = self._wrapping, self._event
        for at, raw in enumerate(raws):
            if len(raw) <= RECORD_LIMIT_BYTES:
                try:
                    record = read_shallow(raw)
                except REFUSALS:
                    pass
                else:
                    if record.__class__ is dict and wrapping not in record:
                        items.append(event(record))
                        continue
            items += self.decode(raw, place(at))
        return items

    def decode_value(self, record: Json, place: str) -> list[Event | Malformed]:
        """The same for a record that is decoded already (``read_json``), such as one element of an API's answer."""
        if isinstance(record, dict):
            inner = unwrapped(self.event_map, record)
            if inner is not None:
                return self._unwrap(inner, place)
        return [self._checked(record, place)]

    def malformed(self, raw: bytes, place: str, reason: str) -> Malformed:
        """A record that is no event, with as much of its bytes as is kept."""
        return Malformed(self.source, place, reason, raw[:RAW_KEPT_BYTES])

    def _decode_any(self, raw: bytes, place: str) -> list[Event | Malformed]:
        if len(raw) > (RECORD_LIMIT_BYTES if self.event_map.unwrap is None else WRAPPING_LIMIT_BYTES):
            return [self._too_large(raw, place)]
        try:
            record = _read_any(raw)
        except NotJsonError as error:
            return [self.malformed(raw, place, str(error))]
        return self._sorted_out(record, raw, place, may_be_deep=True)

    def _sorted_out(self, record: Json, raw: bytes, place: str, *, may_be_deep: bool) -> list[Event | Malformed]:
        if not isinstance(record, dict):
            return [self.malformed(raw, place, f"not an object but {_kind(record)}")]
        inner = unwrapped(self.event_map, record)
        if inner is not None:
            return self._unwrap(inner, place)
        if len(raw) > RECORD_LIMIT_BYTES:
            return [self._too_large(raw, place)]
        if may_be_deep and _deeper_than(record, DEPTH_LIMIT):
            return [self.malformed(raw, place, f"deeper than {DEPTH_LIMIT} levels")]
        return [self._event(record)]

    def _too_large(self, raw: bytes, place: str) -> Malformed:
        return self.malformed(raw, place, f"larger than 1 MiB ({len(raw):,} bytes)")

    def _unwrap(self, records: list[Json], place: str) -> list[Event | Malformed]:
        return [self._checked(record, f"{place}[{number}]") for number, record in enumerate(records)]

    def _checked(self, record: Json, place: str) -> Event | Malformed:
        if _deeper_than(record, DEPTH_LIMIT):
            return self.malformed(_as_written(record), place, f"deeper than {DEPTH_LIMIT} levels")
        if not isinstance(record, dict):
            return self.malformed(write_json(record), place, f"not an object but {_kind(record)}")
        raw = write_json(record)
        if len(raw) > RECORD_LIMIT_BYTES:
            return self._too_large(raw, place)
        return self._event(record)

    def _event(self, record: dict[str, Json]) -> Event:
        id_name, type_name, time_name = self._names
        try:
            event_id, event_type, when = record[id_name], record[type_name], record[time_name]
        except KeyError:
            return self._sought_event(record)
        if event_id.__class__ is str and event_type.__class__ is str and when.__class__ is str:
            time_us = parse_time(when)
            if event_id and event_type and time_us is not None:
                self.last_time_us = time_us
                return _new_event(Event, (self.source, event_id, event_type, time_us, record, False, NO_ROWS))
        return self._sought_event(record)

    def _sought_event(self, record: dict[str, Json]) -> Event:
        """The event of a record whose envelope is not just three texts where the map looks first."""
        event_id = _first(self._ids, record, _id_text) or content_id(record)
        event_type = _first(self._types, record, _type_text) or ""
        time_us = _first(self._times, record, _time_us)
        if time_us is None:
            return Event(self.source, event_id, event_type, self.last_time_us, record, untimed=True)
        self.last_time_us = time_us
        return Event(self.source, event_id, event_type, time_us, record)


_new_event: Final[Callable[..., Event]] = tuple.__new__  # what `Event(...)` does in the end, in half the time


def _plain_name(paths: tuple[Path, ...]) -> Any:
    """The field that the first path names, if it is one of the record itself; else what no record has for a name."""
    segments = paths[0].segments if paths else ()
    return segments[0] if len(segments) == 1 and isinstance(segments[0], str) else MISSING


def content_id(record: dict[str, Json]) -> str:
    """The id of a record that has none: 64 hex digits, SHA-256 of its canonical JSON. Equal records are one event."""
    return hashlib.sha256(canonical(record).encode()).hexdigest()


_Reacher: TypeAlias = Callable[[dict[str, Json]], Json]
_T = TypeVar("_T")


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


def _deeper_than(value: Json, limit: int) -> bool:
    """Whether objects and arrays are nested more than ``limit`` times. No recursion: the value is not trusted."""
    level = [value]
    for _ in range(limit):
        level = [inner for outer in level for inner in _children(outer)]
    return any(isinstance(inner, dict | list) for inner in level)


def _children(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _as_written(record: Json) -> bytes:
    try:
        return write_json(record)
    except (ValueError, RecursionError):  # deeper than either writer goes
        return b""


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return "a text" if isinstance(value, str) else "an array"
