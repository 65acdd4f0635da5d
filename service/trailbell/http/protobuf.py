"""Protocol Buffers to the JSON that stands for them: just what OTLP's requests need, by tables of their fields.

The wire format: https://protobuf.dev/programming-guides/encoding/. The JSON: OTLP's own mapping
(https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): names in lower camel case, 64-bit integers as texts,
trace ids in hex, other bytes in base64.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from trailbell_engine.values import Json

DEPTH_LIMIT: Final = 100
"""Messages inside each other: the limit of Google's own readers."""
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT: Final = 10
_Raw: TypeAlias = int | bytes


class NotProtobufError(ValueError):
    """Bytes that are no message of the kind, with the reason in words."""


class Scalar(NamedTuple):
    """A field that holds one value.

    Attributes:
        name: in JSON.
        wire: its wire type.
        read: what the number or the bytes on the wire are as JSON.
    """

    name: str
    wire: int
    read: Callable[[_Raw], Json]


class Nested(NamedTuple):
    """A field that holds a message.

    Attributes:
        name: in JSON.
        kind: the name of the message's table.
        repeated: whether it is an array of them.
    """

    name: str
    kind: str
    repeated: bool = False


Tables: TypeAlias = Mapping[str, Mapping[int, Scalar | Nested]]
"""Kind of message -> number of a field -> the field. Fields that are not named are passed over, as the format wants."""


def text(name: str) -> Scalar:
    """``string``."""
    return Scalar(name, _LENGTH, lambda raw: bytes(raw).decode())


def hexadecimal(name: str) -> Scalar:
    """``bytes`` of an id."""
    return Scalar(name, _LENGTH, lambda raw: bytes(raw).hex())


def binary(name: str) -> Scalar:
    """``bytes``."""
    return Scalar(name, _LENGTH, lambda raw: base64.b64encode(bytes(raw)).decode())


def boolean(name: str) -> Scalar:
    """``bool``."""
    return Scalar(name, _VARINT, bool)


def small(name: str) -> Scalar:
    """``enum`` and ``uint32``."""
    return Scalar(name, _VARINT, lambda raw: int(raw) & 0xFFFF_FFFF)


def signed64(name: str) -> Scalar:
    """``int64``."""
    return Scalar(name, _VARINT, lambda raw: str((int(raw) & ~(-1 << 64)) - ((int(raw) >> 63 & 1) << 64)))


def fixed64(name: str) -> Scalar:
    """``fixed64``."""
    return Scalar(name, _FIXED64, str)


def fixed32(name: str) -> Scalar:
    """``fixed32``."""
    return Scalar(name, _FIXED32, int)


def double(name: str) -> Scalar:
    """``double``; what no JSON number can be is a text."""

    def read(raw: _Raw) -> Json:
        number: float = struct.unpack("<d", int(raw).to_bytes(8, "little"))[0]
        if math.isfinite(number):
            return number
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"

    return Scalar(name, _FIXED64, read)


def read_protobuf(raw: bytes, kind: str, tables: Tables, depth: int = 0) -> dict[str, Json]:
    """A message as JSON; what has its default value and was not sent is missing.

    Raises:
        NotProtobufError: if it is none.
    """
    if depth > DEPTH_LIMIT:
        raise NotProtobufError(f"messages are nested deeper than {DEPTH_LIMIT}")
    message: dict[str, Json] = {}
    for number, wire, value in _fields(raw):
        field = tables[kind].get(number)
        if field is None:
            continue
        if wire != (field.wire if isinstance(field, Scalar) else _LENGTH):
            raise NotProtobufError(f"field {number} of {kind} has wire type {wire}")
        if isinstance(field, Scalar):
            try:
                message[field.name] = field.read(value)
            except UnicodeDecodeError:
                raise NotProtobufError(f"{field.name} of {kind} is not UTF-8") from None
            continue
        inner = read_protobuf(bytes(value), field.kind, tables, depth + 1)
        if field.repeated:
            several = message.setdefault(field.name, [])
            assert isinstance(several, list)
            several.append(inner)
        else:
            message[field.name] = inner
    return message


def _fields(raw: bytes) -> Iterator[tuple[int, int, _Raw]]:
    """Number, wire type and content of each field."""
    at = 0
    while at < len(raw):
        key, at = _varint(raw, at)
        number, wire = key >> 3, key & 7
        value: _Raw
        if wire == _VARINT:
            value, at = _varint(raw, at)
        elif wire in (_FIXED64, _FIXED32, _LENGTH):
            size, at = _varint(raw, at) if wire == _LENGTH else (8 if wire == _FIXED64 else 4, at)
            if at + size > len(raw):
                raise NotProtobufError("it ends in the middle of a field")
            content, at = raw[at : at + size], at + size
            value = content if wire == _LENGTH else int.from_bytes(content, "little")
        else:
            raise NotProtobufError(f"a field has wire type {wire}")
        if not number:
            raise NotProtobufError("a field has the number 0")
        yield number, wire, value


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where what follows begins."""
    value = 0
    for place in range(_LONGEST_VARINT):
        if at + place >= len(raw):
            raise NotProtobufError("it ends in the middle of a number")
        byte = raw[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise NotProtobufError("a number is longer than ten bytes")
