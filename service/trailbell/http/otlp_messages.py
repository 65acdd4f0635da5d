"""OTLP's messages on the wire: the request as it is read, and the answers as they are written.

Field numbers: https://github.com/open-telemetry/opentelemetry-proto/tree/v1.8.0/opentelemetry/proto, ``common/v1``,
``resource/v1``, ``logs/v1``, ``collector/logs/v1``; ``Status``: google/rpc/status.proto.
"""

from __future__ import annotations

from typing import Final

from trailbell_engine.values import Json

from .protobuf import (
    Nested,
    Tables,
    binary,
    boolean,
    double,
    fixed32,
    fixed64,
    hexadecimal,
    read_protobuf,
    signed64,
    small,
    text,
)

_ATTRIBUTES: Final = "attributes"
_TABLES: Final[Tables] = {
    "ExportLogsServiceRequest": {1: Nested("resourceLogs", "ResourceLogs", repeated=True)},
    "ResourceLogs": {
        1: Nested("resource", "Resource"),
        2: Nested("scopeLogs", "ScopeLogs", repeated=True),
        3: text("schemaUrl"),
    },
    "Resource": {1: Nested(_ATTRIBUTES, "KeyValue", repeated=True), 2: small("droppedAttributesCount")},
    "ScopeLogs": {
        1: Nested("scope", "InstrumentationScope"),
        2: Nested("logRecords", "LogRecord", repeated=True),
        3: text("schemaUrl"),
    },
    "InstrumentationScope": {
        1: text("name"),
        2: text("version"),
        3: Nested(_ATTRIBUTES, "KeyValue", repeated=True),
        4: small("droppedAttributesCount"),
    },
    "LogRecord": {
        1: fixed64("timeUnixNano"),
        2: small("severityNumber"),
        3: text("severityText"),
        5: Nested("body", "AnyValue"),
        6: Nested(_ATTRIBUTES, "KeyValue", repeated=True),
        7: small("droppedAttributesCount"),
        8: fixed32("flags"),
        9: hexadecimal("traceId"),
        10: hexadecimal("spanId"),
        11: fixed64("observedTimeUnixNano"),
        12: text("eventName"),
    },
    "KeyValue": {1: text("key"), 2: Nested("value", "AnyValue")},
    "AnyValue": {
        1: text("stringValue"),
        2: boolean("boolValue"),
        3: signed64("intValue"),
        4: double("doubleValue"),
        5: Nested("arrayValue", "ArrayValue"),
        6: Nested("kvlistValue", "KeyValueList"),
        7: binary("bytesValue"),
    },
    "ArrayValue": {1: Nested("values", "AnyValue", repeated=True)},
    "KeyValueList": {1: Nested("values", "KeyValue", repeated=True)},
}


def read_request(raw: bytes) -> dict[str, Json]:
    """An ``ExportLogsServiceRequest`` in the form that it has as JSON.

    Raises:
        NotProtobufError: if it is none.
    """
    return read_protobuf(raw, "ExportLogsServiceRequest", _TABLES)


def write_response(rejected: int, message: str) -> bytes:
    """An ``ExportLogsServiceResponse``."""
    if not rejected:
        return b""
    return _delimited(1, _key(1, 0) + _varint(rejected) + _delimited(2, message.encode()))


def write_status(code: int, message: str) -> bytes:
    """A ``google.rpc.Status``."""
    return _key(1, 0) + _varint(code) + _delimited(2, message.encode())


def _delimited(number: int, content: bytes) -> bytes:
    return _key(number, 2) + _varint(len(content)) + content


def _key(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])
