"""What a request of events may look like: JSON, NDJSON, CloudEvents 1.0 in its three modes. From bytes to events."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import unquote

from starlette.datastructures import Headers

from trailbell.sources.brokers.cloud_events import missing
from trailbell.watch.events import passes_for_own, why_not_own
from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.exact_json import NotJsonError, read_json
from trailbell_engine.decoding.maps import GENERIC, PRESETS
from trailbell_engine.event import Event, Malformed
from trailbell_engine.timestamps import MINUTE_US
from trailbell_engine.values import Json

from .answers import RefusalError
from .settings import Sender

AHEAD_US: Final = 10 * MINUTE_US
"""How far ahead of our clock an event may be: one from next year would make all others late."""
_LINES: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
_KINDS: Final = (
    "application/json",
    "application/x-ndjson",
    "application/cloudevents+json",
    "application/cloudevents-batch+json",
)

_Decoded: TypeAlias = Iterable[list[Event | Malformed]]


class Taken(NamedTuple):
    """What a body holds.

    Attributes:
        events: in their order.
        errors: what is no event: the record's place, from 0, and why.
    """

    events: list[Event]
    errors: list[tuple[int, str]]


def read_events(headers: Headers, body: bytes, sender: Sender, now_us: int) -> Taken:
    """The events of a request. An event without a readable time is of now.

    Args:
        headers: of the request.
        body: unpacked.
        sender: who sends, and in what form.
        now_us: when it came.

    Raises:
        RefusalError: 415 for a form that is not known, 400 if the body as a whole is none of its form.
    """
    taken = Taken([], [])
    for index, found in enumerate(_decoded(headers, body, sender, now_us)):
        for item in found:
            if isinstance(item, Malformed):
                taken.errors.append((index, item.reason))
            elif item.time_us > now_us + AHEAD_US:
                taken.errors.append((index, "its time is more than ten minutes ahead of the clock here"))
            elif passes_for_own(item):
                taken.errors.append((index, why_not_own(item)))
            else:
                taken.events.append(item)
    return taken


def _decoded(headers: Headers, body: bytes, sender: Sender, now_us: int) -> _Decoded:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    cloud = Decoder(sender.source, PRESETS["cloudevents"], now_us)
    if "ce-specversion" in headers or "ce-id" in headers:
        return [_cloud_event(cloud, _binary(headers, kind, body))]
    if kind == "application/cloudevents+json":
        return [_cloud_event(cloud, _json(body))]
    if kind == "application/cloudevents-batch+json":
        batch = _json(body)
        if not isinstance(batch, list):
            raise RefusalError(400, "a batch of CloudEvents is a JSON array")
        return (_cloud_event(cloud, record) for record in batch)
    decoder = Decoder(sender.source, PRESETS.get(sender.map, GENERIC), now_us)
    if kind in _LINES:
        return _lines(decoder, body, now_us)
    if kind == "application/json":
        document = _json(body)
        return _records(decoder, document if isinstance(document, list) else [document], now_us)
    raise RefusalError(
        415,
        f"the content type {kind!r} is not known" if kind else "the request has no `Content-Type`",
        {"Accept": ", ".join(_KINDS)},
    )


def _records(decoder: Decoder, records: list[Json], now_us: int) -> Iterator[list[Event | Malformed]]:
    for index, record in enumerate(records):
        decoder.last_time_us = now_us
        yield decoder.decode_value(record, str(index))


def _lines(decoder: Decoder, body: bytes, now_us: int) -> Iterator[list[Event | Malformed]]:
    for index, line in enumerate(body.split(b"\n")):
        decoder.last_time_us = now_us
        yield decoder.decode(line, str(index)) if line.strip() else []


def _cloud_event(decoder: Decoder, record: Json) -> list[Event | Malformed]:
    """One CloudEvent. Its identity is its ``source`` with its ``id``: the id alone is unique in its source only."""
    if not isinstance(record, dict):
        return decoder.decode_value(record, "")
    lacking = missing(record)
    if lacking or record["specversion"] != "1.0":
        reason = f"no CloudEvent: `{lacking}` is missing" if lacking else "not specversion 1.0"
        return [decoder.malformed(b"", "", reason)]
    found = decoder.decode_value(record, "")
    return [
        item._replace(id=f"{record['source']} {record['id']}") if isinstance(item, Event) else item for item in found
    ]


def _binary(headers: Headers, kind: str, body: bytes) -> dict[str, Json]:
    """A CloudEvent whose attributes are headers and whose data is the body, as one JSON object.

    https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#31-binary-content-mode
    """
    record: dict[str, Json] = {
        name.removeprefix("ce-"): unquote(value) for name, value in headers.items() if name.startswith("ce-")
    }
    if kind:
        record["datacontenttype"] = headers["content-type"]
    if not body:
        return record
    if kind == "application/json" or kind.endswith("+json"):
        return record | {"data": _json(body)}
    try:
        return record | {"data": body.decode()}
    except UnicodeDecodeError:
        return record | {"data_base64": base64.b64encode(body).decode()}


def _json(body: bytes) -> Json:
    try:
        return read_json(body)
    except NotJsonError as error:
        raise RefusalError(400, f"the body is {error}") from None
