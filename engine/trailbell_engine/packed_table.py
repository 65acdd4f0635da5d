"""A table of names and small payloads in as little memory as may be: tens of bytes a record beyond its own.

Records lie one behind the other in buckets of some 800 bytes, found by the name's hash. The table grows by linear
hashing (Litwin, 1980): whenever it is too full, the next bucket in turn is split in two, so that growing costs every
record the same and nothing ever stops to copy it all. A dictionary of byte strings takes three times the memory.

Python's own hash places the records. It differs between processes, and nothing that comes out depends on it; and who
writes events cannot aim at one bucket.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from struct import Struct
from typing import Final, NamedTuple

from .agenda import Agenda

_HEAD: Final = Struct("<III")
"""The grain at which a record expires, and the lengths of its name and payload."""
_FULL_BYTES: Final = 800
"""The mean of a bucket. The blocks of Python's own allocator are smaller; it leaves more empty between them as they
grow: a key with three events of a ``count`` took 166 bytes at 400, and takes 140 at 800."""
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
    """The table.

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
        bucket = self._buckets[self._place(hash(name))]
        found = _find(bucket, name) if name in bucket else None
        if found is None:
            return None
        start, end = found
        return bucket[start + _HEAD.size + len(name) : end] or None

    def set(self, name: bytes, grain: int, payload: bytes) -> None:
        """Keep a payload (not an empty one), instead of one of the same name if there is one."""
        self._number += self._put(name, grain, payload)
        while self.used_bytes > len(self._buckets) * _FULL_BYTES:
            self._split()

    def remove(self, name: bytes) -> None:
        """Keep nothing under that name.

        Until it would have expired the bare name stays, so that one that comes and goes is not filed over and over.
        """
        bucket = self._buckets[self._place(hash(name))]
        found = _find(bucket, name)
        if found is not None:
            self._number += self._put(name, _read(bucket, found[0]).grain, b"")

    def expire(self, grain: int) -> None:
        """Drop the records that expire before that grain."""
        while self._agenda.next is not None and self._agenda.next < grain:
            for hashed in set(self._agenda.take()[1]):
                self._expire(self._place(hashed), hashed, grain)

    def __iter__(self) -> Iterator[Record]:
        for bucket in self._buckets:
            yield from (record for record in _records(bucket) if record.payload)

    def _put(self, name: bytes, grain: int, payload: bytes) -> int:
        """Write a record; return how many more there are."""
        hashed = hash(name)
        place = self._place(hashed)
        bucket = self._buckets[place]
        packed = _HEAD.pack(grain, len(name), len(payload)) + name + payload
        found = _find(bucket, name) if name in bucket else None
        if found is None:
            self._write(place, bucket + packed)
            filed, before = NEVER, 0
        else:
            start, end = found
            filed, _, length = _HEAD.unpack_from(bucket, start)
            self._write(place, bucket[:start] + packed + bucket[end:])
            before = 1 if length else 0
        if grain < filed:  # else it is filed already, under a grain that comes no later
            self._agenda.file(grain, hashed & _FILED_MASK)
        return (1 if payload else 0) - before

    def _expire(self, place: int, hashed: int, grain: int) -> None:
        kept = []
        for record in _records(self._buckets[place]):
            if record.grain < grain:
                self._number -= 1 if record.payload else 0
                continue
            kept.append(record)
            if record.grain != NEVER and hash(record.name) & _FILED_MASK == hashed:
                self._agenda.file(record.grain, hashed)
        self._write(place, b"".join(map(_packed, kept)))

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
        for record in _records(self._buckets[old]):
            (go if hash(record.name) & bit else stay).append(_packed(record))
        self._buckets[old] = b"".join(stay)
        self._buckets.append(b"".join(go))
        if len(self._buckets) == 2 * bit:
            self._mask = self._mask << 1 | 1


def _hashes() -> array[int]:
    return array("I")


def _packed(record: Record) -> bytes:
    grain, name, payload = record
    return _HEAD.pack(grain, len(name), len(payload)) + name + payload


def _read(bucket: bytes, start: int) -> Record:
    grain, name_bytes, payload_bytes = _HEAD.unpack_from(bucket, start)
    middle = start + _HEAD.size + name_bytes
    return Record(grain, bucket[start + _HEAD.size : middle], bucket[middle : middle + payload_bytes])


def _records(bucket: bytes) -> Iterator[Record]:
    start = 0
    while start < len(bucket):
        record = _read(bucket, start)
        yield record
        start += _HEAD.size + len(record.name) + len(record.payload)


def _find(bucket: bytes, name: bytes) -> tuple[int, int] | None:
    """Where the record of that name begins and ends."""
    start, end = 0, len(bucket)
    while start < end:
        _, name_bytes, payload_bytes = _HEAD.unpack_from(bucket, start)
        after = start + _HEAD.size + name_bytes + payload_bytes
        if name_bytes == len(name) and bucket.startswith(name, start + _HEAD.size):
            return start, after
        start = after
    return None
