"""JSON values as few bytes. What memories hold most, pairs of a time and an event's id, takes 20 bytes a pair.

Audit events nearly always have UUIDs for ids: 16 bytes instead of 36 letters; and of a window's times all but the first
are steps of less than 71 minutes. Where some are not, a pair takes 9 bytes and its id; all else is JSON text.
"""

from __future__ import annotations

from struct import Struct, error
from typing import Final

from trailbell_engine.decoding.exact_json import read_json, write_json
from trailbell_engine.values import Json

_PAIRS: Final = 0x01
"""The first byte of packed pairs; no JSON text begins with it."""
_WINDOW: Final = 0x02
"""The first byte of pairs in order whose ids are UUIDs, packed all at once."""
_UUID: Final = 0xFF
"""In place of an id's length: a UUID of 16 bytes follows."""
_LONGEST: Final = 0xFE
_MOST_PAIRS: Final = 100
"""Longer windows are JSON: they are few, and the fast encoder is worth more than the bytes."""

_HEAD: Final = Struct("<qB")
_TIMES: Final = [Struct(f"<Bq{max(pairs - 1, 0)}I") for pairs in range(_MOST_PAIRS + 1)]
_PAIR_BYTES: Final = 4 + 16
_BEGINNING: Final = bytes([_PAIRS])


def pack(value: Json) -> bytes:
    """The value in few bytes; ``unpack`` gives an equal one."""
    if value.__class__ is list and value and len(value) <= _MOST_PAIRS:
        packed = _window(value) or _pairs(value)
        if packed is not None:
            return packed
    return write_json(value)


def unpack(packed: bytes) -> Json:
    """The value of which ``pack`` made the bytes."""
    if packed[0] == _WINDOW:
        return _unpacked_window(packed)
    return _unpacked_pairs(packed) if packed[0] == _PAIRS else read_json(packed)


def _window(entries: list[Json]) -> bytes | None:
    steps, names, before_us = [], [], 0
    for entry in entries:
        if entry.__class__ is not list or len(entry) != 2:
            return None
        time_us, name = entry
        if time_us.__class__ is not int or name.__class__ is not str or len(name) != 36:
            return None
        steps.append(time_us - before_us)
        names.append(name)
        before_us = time_us
    packed = _packed_uuids("".join(names), len(names))
    try:
        return None if packed is None else _TIMES[len(steps)].pack(_WINDOW, *steps) + packed
    except error:  # a step back, or a long one
        return None


def _unpacked_window(packed: bytes) -> list[Json]:
    head = _TIMES[len(packed) // _PAIR_BYTES]
    at, time_us = head.size, 0
    entries = []
    for step in head.unpack_from(packed)[1:]:
        time_us += step
        entries.append([time_us, _uuid(packed[at : at + 16])])
        at += 16
    return entries


def _pairs(entries: list[Json]) -> bytes | None:
    parts = [_BEGINNING]
    for entry in entries:
        if entry.__class__ is not list or len(entry) != 2:
            return None
        time_us, name = entry
        if time_us.__class__ is not int or name.__class__ is not str or not -(2**63) <= time_us < 2**63:
            return None
        packed = _packed_uuids(name)
        if packed is not None:
            parts += (_HEAD.pack(time_us, _UUID), packed)
            continue
        packed = name.encode("utf-8", "surrogatepass")
        if len(packed) > _LONGEST:
            return None
        parts += (_HEAD.pack(time_us, len(packed)), packed)
    return b"".join(parts)


def _unpacked_pairs(packed: bytes) -> list[Json]:
    entries, at, end = [], 1, len(packed)
    while at < end:
        time_us, length = _HEAD.unpack_from(packed, at)
        at += _HEAD.size
        if length == _UUID:
            entries.append([time_us, _uuid(packed[at : at + 16])])
            at += 16
        else:
            entries.append([time_us, packed[at : at + length].decode("utf-8", "surrogatepass")])
            at += length
    return entries


def _packed_uuids(text: str, number: int = 1) -> bytes | None:
    """So many times the 16 bytes of a UUID, if they are written as UUIDs are: 8-4-4-4-12 small hex digits."""
    if len(text) != 36 * number or not text[8::36] == text[13::36] == text[18::36] == text[23::36] == "-" * number:
        return None
    digits = text.replace("-", "")
    try:
        packed = bytes.fromhex(digits)
    except ValueError:
        return None
    return packed if len(packed) == 16 * number and packed.hex() == digits else None


def _uuid(packed: bytes) -> str:
    digits = packed.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
