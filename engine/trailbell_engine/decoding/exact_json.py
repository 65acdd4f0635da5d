"""JSON exactly as it was written: integers whole, whatever is no JSON refused with the reason in words."""

from __future__ import annotations

import json
from typing import Final

import orjson

from trailbell_engine.values import Json

from .shallow_json import REFUSALS, read_shallow

DEPTH_LIMIT: Final = 64
"""Objects and arrays inside each other, the event itself being the first."""

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
        return read_any(raw)


def write_json(value: Json) -> bytes:
    """The compact JSON of a decoded record; integers beyond 64 bits, which orjson cannot write, included."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def read_any(raw: bytes) -> Json:
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
