"""From a record's bytes to events. Nothing that comes in is dropped or altered; what is no event says why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from trailbell_engine.event import NO_ROWS, Event, Malformed
from trailbell_engine.timestamps import parse_time
from trailbell_engine.values import Json

from .envelope import Envelope
from .exact_json import DEPTH_LIMIT, NotJsonError, read_any, write_json
from .maps import EventMap, unwrapped
from .shallow_json import REFUSALS, read_shallow

RECORD_LIMIT_BYTES: Final = 1024 * 1024
"""The largest event. A wrapping around many events may be larger."""
WRAPPING_LIMIT_BYTES: Final = 64 * 1024 * 1024
"""The largest wrapping (a CloudTrail file, a page of an API) that is decoded in one piece."""
RAW_KEPT_BYTES: Final = 64 * 1024
"""How much of a malformed record is kept."""


class Decoder:
    """Turns records into events of one source by one map.

    It remembers one thing: the time of the last event that had one, which an event without a readable time borrows.

    Attributes:
        source: the source name of its events.
        event_map: where the envelope lies.
        last_time_us: the time the next untimed event gets; to be kept over restarts. Microseconds, UTC.
    """

    __slots__ = ("_envelope", "_names", "_wrapping", "event_map", "last_time_us", "source")

    def __init__(self, source: str, event_map: EventMap, last_time_us: int = 0) -> None:
        self.source = source
        self.event_map = event_map
        self.last_time_us = last_time_us
        self._envelope = Envelope(event_map)
        self._names = self._envelope.names
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
            record = read_any(raw)
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
        event_id, event_type = self._envelope.id(record), self._envelope.event_type(record)
        time_us = self._envelope.time_us(record)
        if time_us is None:
            return Event(self.source, event_id, event_type, self.last_time_us, record, untimed=True)
        self.last_time_us = time_us
        return Event(self.source, event_id, event_type, time_us, record)


_new_event: Final[Callable[..., Event]] = tuple.__new__  # what `Event(...)` does in the end, in half the time


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
