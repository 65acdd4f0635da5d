"""Log records of OpenTelemetry to events. The names are those of its data model, in snake case.

The form: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding. What the fields mean:
https://opentelemetry.io/docs/specs/otel/logs/data-model/.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from trailbell.watch.events import passes_for_own, why_not_own
from trailbell_engine.decoding.decoder import RAW_KEPT_BYTES, RECORD_LIMIT_BYTES
from trailbell_engine.decoding.envelope import content_id
from trailbell_engine.decoding.exact_json import DEPTH_LIMIT, write_json
from trailbell_engine.event import Event, Malformed
from trailbell_engine.timestamps import LATEST_US
from trailbell_engine.values import Json

from .answers import RefusalError
from .envelopes import AHEAD_US

_IDS: Final = ("event.id", "log.record.uid")
"""Attributes that identify a record; the second is OpenTelemetry's own:
https://opentelemetry.io/docs/specs/semconv/general/logs/#general-log-identification-attributes."""
_NOT_FINITE: Final = ("NaN", "Infinity", "-Infinity")
_OBSERVED: Final = "observed_time_unix_nano"


class Records(NamedTuple):
    """What a request holds.

    Attributes:
        inputs: events, and what is none, in their order.
        refused: why each of the latter is none.
    """

    inputs: list[Event | Malformed]
    refused: list[str]


class _RecordError(ValueError):
    """A record that is no event, with the reason in words."""


def read_records(document: Json, source: str, now_us: int) -> Records:
    """The events of an ``ExportLogsServiceRequest``.

    Args:
        document: its JSON, decoded.
        source: the source of its events.
        now_us: when it came; microseconds since the epoch.

    Raises:
        RefusalError: 400 if it is no such request.
    """
    records = Records([], [])
    for place, resource, scope, record in _parts(document):
        try:
            records.inputs.append(_event(source, resource, scope, record, now_us))
        except _RecordError as error:
            raw = b"" if "deeper" in str(error) else write_json(record)[:RAW_KEPT_BYTES]
            records.inputs.append(Malformed(source, place, str(error), raw))
            records.refused.append(f"{place}: {error}")
    return records


def _parts(document: Json) -> Iterator[tuple[str, dict[str, Json], dict[str, Json], Json]]:
    """Each record with its place, its resource and its scope."""
    for first, group in enumerate(_children(document, "resourceLogs")):
        for second, scoped in enumerate(_children(group, "scopeLogs")):
            for third, record in enumerate(_children(scoped, "logRecords")):
                place = f"resourceLogs[{first}].scopeLogs[{second}].logRecords[{third}]"
                yield place, _object(group, "resource"), _object(scoped, "scope"), record


def _children(parent: Json, name: str) -> list[Json]:
    children = (parent.get(name) or []) if isinstance(parent, dict) else None
    if not isinstance(children, list):
        raise RefusalError(400, f"this is no ExportLogsServiceRequest: `{name}` is not where it should be")
    return children


def _object(parent: Json, name: str) -> dict[str, Json]:
    found = (parent.get(name) or {}) if isinstance(parent, dict) else {}
    if not isinstance(found, dict):
        raise RefusalError(400, f"this is no ExportLogsServiceRequest: `{name}` is no object")
    return found


def _event(source: str, resource: dict[str, Json], scope: dict[str, Json], record: Json, now_us: int) -> Event:
    if not isinstance(record, dict):
        raise _RecordError("it is no object")
    data = _data(resource, scope, record)
    if len(write_json(data)) > RECORD_LIMIT_BYTES:
        raise _RecordError("larger than 1 MiB")
    time_us = _number(record, "timeUnixNano") // 1_000 or _number(record, "observedTimeUnixNano") // 1_000
    if time_us > min(now_us + AHEAD_US, LATEST_US):
        raise _RecordError("its time is more than ten minutes ahead of the clock here")
    attributes: Any = data.get("attributes", {})
    own_id = next((attributes[name] for name in _IDS if _is_text(attributes.get(name))), None)
    event = Event(source, own_id or _digest(data), _event_type(data), time_us or now_us, data, untimed=not time_us)
    if passes_for_own(event):
        raise _RecordError(why_not_own(event))
    return event


def _data(resource: dict[str, Json], scope: dict[str, Json], record: dict[str, Json]) -> dict[str, Json]:
    """The record as rules see it; what was not sent is missing."""
    scope_data = {
        "name": _text(scope, "name"),
        "version": _text(scope, "version"),
        "attributes": _attributes(scope, "scope.attributes"),
    }
    data: dict[str, Json] = {
        "event_name": _text(record, "eventName"),
        "time_unix_nano": _number(record, "timeUnixNano"),
        _OBSERVED: _number(record, "observedTimeUnixNano"),
        "severity_text": _text(record, "severityText"),
        "severity_number": _number(record, "severityNumber"),
        "body": _value(record.get("body"), "body", 0),
        "attributes": _attributes(record, "attributes"),
        "resource": _attributes(resource, "resource.attributes"),
        "scope": {name: value for name, value in scope_data.items() if value},
        "trace_id": _text(record, "traceId").lower(),
        "span_id": _text(record, "spanId").lower(),
        "flags": _number(record, "flags"),
        "dropped_attributes_count": _number(record, "droppedAttributesCount"),
    }
    return {name: value for name, value in data.items() if value or (name == "body" and value is not None)}


def _event_type(data: dict[str, Json]) -> str:
    attributes, body = data.get("attributes"), data.get("body")
    candidates = (
        data.get("event_name"),
        attributes.get("event.name") if isinstance(attributes, dict) else None,
        body.get("event_type") if isinstance(body, dict) else None,
    )
    return next((found for found in candidates if isinstance(found, str) and found), "")


def _digest(data: dict[str, Json]) -> str:
    """Equal records are one event. When it was observed differs where two collectors read the same log."""
    timed = "time_unix_nano" in data
    return content_id({name: value for name, value in data.items() if not (timed and name == _OBSERVED)})


def _attributes(parent: dict[str, Json], place: str, name: str = "attributes", depth: int = 0) -> dict[str, Json]:
    """An array of keys and values, as an object; of two equal keys the last wins."""
    pairs = parent.get(name) or []
    if not isinstance(pairs, list):
        raise _RecordError(f"{place} is no array of keys and values")
    found: dict[str, Json] = {}
    for pair in pairs:
        key = pair.get("key", "") if isinstance(pair, dict) else None
        if not isinstance(pair, dict) or not isinstance(key, str):
            raise _RecordError(f"{place} holds what is no key and value")
        found[key] = _value(pair.get("value"), f"{place}.{key}", depth + 1)
    return found


def _value(given: Json, place: str, depth: int) -> Json:
    """What an ``AnyValue`` holds; null if nothing."""
    if depth >= DEPTH_LIMIT - 1:
        raise _RecordError(f"deeper than {DEPTH_LIMIT} levels")
    if given is None or given == {}:
        return None
    if not isinstance(given, dict):
        raise _RecordError(f"{place} is no value such as {{'stringValue': '…'}}")
    kind, held = next(iter(given.items()))
    if kind in ("stringValue", "bytesValue") and isinstance(held, str):
        return held
    if kind == "boolValue" and isinstance(held, bool):
        return held
    if kind == "intValue" and (whole := _whole(held)) is not None:
        return whole
    if kind == "doubleValue" and (
        held in _NOT_FINITE or (isinstance(held, int | float) and not isinstance(held, bool))
    ):
        return held
    if kind == "arrayValue" and isinstance(held, dict) and isinstance(items := held.get("values") or [], list):
        return [_value(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(items)]
    if kind == "kvlistValue" and isinstance(held, dict):
        return _attributes(held, place, "values", depth)
    raise _RecordError(f"{place} is no value: {kind}")


def _whole(value: Json) -> int | None:
    """A 64-bit integer: a number, or a text of digits."""
    if isinstance(value, str) and len(value) <= 20:
        digits = value.removeprefix("-")
        value = int(value) if digits.isascii() and digits.isdecimal() else None
    return value if isinstance(value, int) and not isinstance(value, bool) and -(1 << 63) <= value < 1 << 64 else None


def _number(parent: dict[str, Json], name: str) -> int:
    found = _whole(parent.get(name) or 0)
    if found is None or found < 0:
        raise _RecordError(f"{name} is no number")
    return found


def _text(parent: dict[str, Json], name: str) -> str:
    found = parent.get(name) or ""
    if not isinstance(found, str):
        raise _RecordError(f"{name} is no text")
    return found


def _is_text(value: Json) -> bool:
    return isinstance(value, str) and bool(value)
