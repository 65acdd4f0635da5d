"""From a message to events: JSON, an array, NDJSON, CloudEvents, packed or not. What is no event says why."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from trailbell_engine.decoding.decoder import WRAPPING_LIMIT_BYTES, Decoder
from trailbell_engine.decoding.envelope import content_id
from trailbell_engine.decoding.exact_json import NotJsonError, read_json
from trailbell_engine.decoding.maps import GENERIC, PRESETS, EventMap, detect
from trailbell_engine.event import Event, Malformed
from trailbell_engine.timestamps import MINUTE_US
from trailbell_engine.values import Json

from .cloud_events import attributes_of_headers, flaw, is_structured, with_data
from .link import Message

Form: TypeAlias = Literal["auto", "json", "ndjson"]

RATIO_LIMIT: Final = 100
"""Unpacked to packed, as for events that are sent over HTTP. JSON logs reach 30; a bomb reaches 1,000."""
AHEAD_US: Final = 10 * MINUTE_US
"""How far ahead of our clock an event may be: one from next year would make all others late."""
_RATIO_FREE_BYTES: Final = 64 * 1024
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP: Final = 31
"""zlib's ``wbits`` for gzip's own frame."""
_CLOUD: Final = PRESETS["cloudevents"]

_Found: TypeAlias = list[Event | Malformed]


class PayloadError(ValueError):
    """A message of which nothing can be read, with the reason in words."""


class Payload:
    """Reads the messages of one source."""

    def __init__(self, source: str, event_map: EventMap | None = None, form: Form = "auto") -> None:
        """Prepare.

        Args:
            source: the source of its events.
            event_map: where the envelope lies; None looks at each record.
            form: ``json`` is one JSON text a message, ``ndjson`` one a line; ``auto`` looks.
        """
        self._source = source
        self._map = event_map
        self._form = form
        self._decoders: dict[str, Decoder] = {}

    @property
    def map(self) -> EventMap:
        """The map that is named, or that of records that no preset knows."""
        return self._map or GENERIC

    def inputs(self, message: Message, now_us: int) -> list[Event | Malformed]:
        """The events of a message, in their order.

        An event without an id of its own is known by its message's position and its content. One without a readable
        time is of the moment the broker took it.

        Args:
            message: as delivered.
            now_us: the clock.
        """
        try:
            records = list(self._records(message))
        except PayloadError as error:
            return [self._malformed(message, str(error))]
        found: _Found = []
        for index, record in enumerate(records):
            place = message.place if len(records) == 1 else f"{message.place}[{index}]"
            if isinstance(record, PayloadError):
                found.append(Malformed(self._source, place, str(record), message.body[:_RATIO_FREE_BYTES]))
                continue
            found += self._events(record, message, place, now_us)
        return [self._identified(item, message, index, now_us) for index, item in enumerate(found)]

    def _records(self, message: Message) -> Iterator[Json | PayloadError]:
        body = unpacked(message.body)
        attributes = attributes_of_headers(message.headers)
        if attributes is not None:
            yield with_data(attributes, body)
        elif self._form == "ndjson":
            yield from _lines(body)
        else:
            yield from self._texts(body)

    def _texts(self, body: bytes) -> Iterator[Json | PayloadError]:
        try:
            document = read_json(body)
        except NotJsonError as error:
            if self._form == "json" or b"\n" not in body.strip():
                raise PayloadError(str(error)) from None
            yield from _lines(body)
            return
        yield from document if isinstance(document, list) else [document]

    def _events(self, record: Json, message: Message, place: str, now_us: int) -> _Found:
        is_cloud = is_structured(message.headers) or attributes_of_headers(message.headers) is not None
        event_map = _CLOUD if is_cloud else self._map or detect(record) or GENERIC
        decoder = self._decoders.setdefault(event_map.name, Decoder(self._source, event_map))
        if event_map is _CLOUD and isinstance(record, dict) and (wrong := flaw(record)):
            return [decoder.malformed(message.body, place, wrong)]
        decoder.last_time_us = now_us if message.time_us is None else message.time_us
        found = decoder.decode_value(record, place)
        if event_map is not _CLOUD:
            return found
        # The id of a CloudEvent is unique in its source only.
        return [
            item._replace(id=f"{item.data['source']} {item.id}") if isinstance(item, Event) else item for item in found
        ]

    def _identified(self, item: Event | Malformed, message: Message, index: int, now_us: int) -> Event | Malformed:
        if isinstance(item, Malformed):
            return item
        if item.time_us > now_us + AHEAD_US:
            return self._malformed(message, "its time is more than ten minutes ahead of the clock here")
        if len(item.id) == 64 and message.position and item.id == content_id(item.data):
            # Equal records in two messages are two events; and positions begin again where a stream is made anew.
            return item._replace(id=f"{message.position}.{index}:{item.id[:16]}")
        return item

    def _malformed(self, message: Message, reason: str) -> Malformed:
        return Malformed(self._source, message.place, reason, message.body[:_RATIO_FREE_BYTES])


def unpacked(body: bytes) -> bytes:
    """The body without gzip, which is known by its first bytes.

    Raises:
        PayloadError: for what is no gzip after all, ends early, or unpacks to too much.
    """
    if not body.startswith(_GZIP_MAGIC):
        return body
    largest = min(WRAPPING_LIMIT_BYTES, max(_RATIO_FREE_BYTES, RATIO_LIMIT * len(body)))
    whole, rest = bytearray(), body
    try:
        while rest:  # several members are one text
            member = zlib.decompressobj(_GZIP)
            whole += member.decompress(rest, largest - len(whole) + 1)
            if len(whole) > largest:
                raise PayloadError(f"it unpacks to more than {largest:,} bytes, from {len(body):,}")
            if not member.eof:
                raise PayloadError("the gzip data end early")
            rest = member.unused_data
    except zlib.error as error:
        raise PayloadError(f"no gzip: {error}") from None
    return bytes(whole)


def _lines(body: bytes) -> Iterator[Json | PayloadError]:
    for line in body.split(b"\n"):
        if line.strip():
            try:
                yield read_json(line)
            except NotJsonError as error:
                yield PayloadError(str(error))
