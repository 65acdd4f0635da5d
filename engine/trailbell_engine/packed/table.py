"""A table of names and small payloads in as little memory as may be: some ten bytes a record beyond its own.

Records lie one behind the other in buckets of some 1,300 bytes, found by the name's hash. The table grows by linear
hashing (Litwin, 1980): whenever it is too full, the next bucket in turn is split in two, so that growing costs every
record the same and nothing ever stops to copy it all. A dictionary of byte strings takes three times the memory.

Two bytes that stand in no UTF-8 text mark where a name begins and where it ends; what follows it has them written as
two others. So one search finds a record in its bucket, whatever the others hold.

Python's own hash places the records. It differs between processes, and nothing that comes out depends on it; and who
writes events cannot aim at one bucket.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

from trailbell_engine.agenda import Agenda

_NAME: Final = b"\xff"
"""A record begins with it: its name follows."""
_BODY: Final = b"\xfe"
"""The name ends with it; the grain at which the record expires and the payload follow."""
_ESCAPES: Final = ((b"\xfd", b"\xfd\x00"), (_BODY, b"\xfd\x01"), (_NAME, b"\xfd\x02"))
_GRAIN: Final = Struct("<I")
_FULL_BYTES: Final = 1_300
"""The mean of a bucket. The blocks of Python's own allocator are smaller than nearly all; it leaves more empty between
them as they grow: a key with three events of a ``count`` took 138 bytes at 800, and 129 at 1,300."""
_FILED_MASK: Final = 2**32 - 1
"""What of a hash is filed: enough to find the bucket again."""
NEVER: Final = 2**32 - 1
"""The grain of what does not expire."""


class Record(NamedTuple):
    """A record as it is kept: the grain at which it expires, its name and payload."""

    grain: int
    name: bytes
    payload: bytes


class PackedTable:
    """The table. Names are text in UTF-8.

    Attributes:
        used_bytes: of all records.
    """

    def __init__(self) -> None:
        self.used_bytes = 0
        self._number = 0
        self._buckets: list[bytes] = [b""]
        self._mask = 0
        self._agenda: Agenda[int] = Agenda(_hashes)

    def __len__(self) -> int:
        return self._number

    def get(self, name: bytes) -> bytes | None:
        """The payload of that name; None if nothing is kept there."""
        body = self._find(name)[3]
        return body[_GRAIN.size :] or None

    def set(self, name: bytes, grain: int, payload: bytes) -> None:
        """Keep a payload (not an empty one), instead of one of the same name if there is one."""
        self._number += self._put(name, grain, payload)
        while self.used_bytes > len(self._buckets) * _FULL_BYTES:
            self._split()

    def remove(self, name: bytes) -> None:
        """Keep nothing under that name.

        Until it would have expired the bare name stays, so that one that comes and goes is not filed over and over.
        """
        body = self._find(name)[3]
        if body:
            self._number += self._put(name, _GRAIN.unpack_from(body)[0], b"")

    def expire(self, grain: int) -> None:
        """Drop the records that expire before that grain."""
        while self._agenda.next is not None and self._agenda.next < grain:
            for hashed in set(self._agenda.take()[1]):
                self._expire(self._place(hashed), hashed, grain)

    def __iter__(self) -> Iterator[Record]:
        for bucket in self._buckets:
            yield from (record for record in _records(bucket) if record.payload)

    def _find(self, name: bytes) -> tuple[int, int, int, bytes]:
        """The bucket of that name, where in it the record begins and ends, and its grain and payload as they were.

        Where there is none, that is the end of the bucket, and nothing.
        """
        place = self._place(hash(name))
        bucket = self._buckets[place]
        start = bucket.find(_NAME + name + _BODY)
        if start < 0:
            return place, len(bucket), len(bucket), b""
        middle = start + len(name) + 2
        end = bucket.find(_NAME, middle)
        end = len(bucket) if end < 0 else end
        return place, start, end, _unescaped(bucket[middle:end])

    def _put(self, name: bytes, grain: int, payload: bytes) -> int:
        """Write a record; return how many more there are."""
        place, start, end, before = self._find(name)
        bucket = self._buckets[place]
        self._write(place, bucket[:start] + _packed(grain, name, payload) + bucket[end:])
        filed: int = _GRAIN.unpack_from(before)[0] if before else NEVER
        if grain < filed:  # else it is filed already, under a grain that comes no later
            self._agenda.file(grain, hash(name) & _FILED_MASK)
        return (1 if payload else 0) - (1 if len(before) > _GRAIN.size else 0)

    def _expire(self, place: int, hashed: int, grain: int) -> None:
        kept = []
        for record in _records(self._buckets[place]):
            if record.grain < grain:
                self._number -= 1 if record.payload else 0
                continue
            kept.append(record)
            if record.grain != NEVER and hash(record.name) & _FILED_MASK == hashed:
                self._agenda.file(record.grain, hashed)
        self._write(place, b"".join(_packed(*record) for record in kept))

    def _write(self, place: int, bucket: bytes) -> None:
        self.used_bytes += len(bucket) - len(self._buckets[place])
        self._buckets[place] = bucket

    def _place(self, hashed: int) -> int:
        """Of the two that may be meant, the bucket of the finer division if there is that one yet."""
        place = hashed & (self._mask << 1 | 1)
        return place if place < len(self._buckets) else hashed & self._mask

    def _split(self) -> None:
        """Divide the next bucket in turn between its own place and a new one at the end."""
        bit = self._mask + 1
        old = len(self._buckets) - bit
        stay: list[bytes] = []
        go: list[bytes] = []
        for record in self._buckets[old].split(_NAME)[1:]:
            (go if hash(record.partition(_BODY)[0]) & bit else stay).append(_NAME + record)
        self._buckets[old] = b"".join(stay)
        self._buckets.append(b"".join(go))
        if len(self._buckets) == 2 * bit:
            self._mask = self._mask << 1 | 1


def _hashes() -> array[int]:
    return array("I")


def _packed(grain: int, name: bytes, payload: bytes) -> bytes:
    return _NAME + name + _BODY + _escaped(_GRAIN.pack(grain) + payload)


def _records(bucket: bytes) -> Iterator[Record]:
    for record in bucket.split(_NAME)[1:]:
        name, _, body = record.partition(_BODY)
        body = _unescaped(body)
        yield Record(_GRAIN.unpack_from(body)[0], name, body[_GRAIN.size :])


def _escaped(body: bytes) -> bytes:
    for mark, written in _ESCAPES:
        body = body.replace(mark, written)
    return body


def _unescaped(body: bytes) -> bytes:
    if b"\xfd" in body:
        for mark, written in reversed(_ESCAPES):
            body = body.replace(written, mark)
    return body
