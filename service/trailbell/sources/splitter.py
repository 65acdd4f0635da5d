"""Finds where JSON values begin and end in a stream, without decoding them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

from trailbell_engine.decoding.decoder import WRAPPING_LIMIT_BYTES

# Everything up to the next bracket outside of a string, the last string before it (a key, if there is one), and the
# bracket. Possessive repeats: no text makes it slow. A string that is not complete yet stops it before its quote.
_TO_BRACKET: Final = re.compile(rb'(?:[^"{}\[\]]++|"([^"\\]*+(?:\\.[^"\\]*+)*+)")*+([{}\[\]])', re.DOTALL)
_BETWEEN: Final = b" \t\r\n,"


class Splitter:
    """Cuts a stream of JSON into records.

    At the top, a record is an object, or an element of an array. An object that holds an array under one of the
    ``wrappings`` is no record: the elements of that array are. What stands between records and is neither space nor
    comma comes out as a record, too, so that somebody will find it malformed.

    Args:
        wrappings: key paths from the object's top to the array, such as ``("Records",)``.
    """

    def __init__(self, wrappings: Collection[tuple[str, ...]] = ()) -> None:
        self._wrappings = {tuple(name.encode() for name in names) for names in wrappings}
        self._buffer = bytearray()
        self._at = 0  # scanned up to here
        self._start = 0  # here the record, or the gap before it, begins
        self._outside: list[bytes] = []  # keys of the open brackets around the array of records
        self._in_array = False
        self._depth = 0  # open brackets of the record itself, while inside an array of records
        self._wrapped = False  # the object at the top turned out to be a wrapping

    @property
    def overflowed(self) -> bool:
        """A record grew beyond any sense: its end will not be found."""
        return len(self._buffer) - self._start > WRAPPING_LIMIT_BYTES

    def feed(self, block: bytes) -> Iterator[bytes]:
        """The records that end in this block."""
        self._buffer += block
        while (found := _TO_BRACKET.match(self._buffer, self._at)) is not None:
            self._at = found.end()
            is_array = found[2] in b"[]"
            if found[2] in b"{[":
                yield from self._open(found[1] or b"", is_array=is_array)
            else:
                yield from self._close()
        if self._wrapped and not self._in_array:
            self._start = self._at
        del self._buffer[: self._start]
        self._at -= self._start
        self._start = 0

    def rest(self) -> Iterator[bytes]:
        """What is left at the end: a record that broke off, or nothing."""
        if not self._wrapped or self._in_array:
            yield from self._gap(len(self._buffer))

    def _open(self, key: bytes, *, is_array: bool) -> Iterator[bytes]:
        if self._in_array:
            if self._depth == 0:
                yield from self._gap(self._at - 1)
            self._depth += 1
            return
        if not self._outside:
            yield from self._gap(self._at - 1)
        if is_array and (not self._outside or (*self._outside[1:], key) in self._wrappings):
            self._wrapped = bool(self._outside)
            self._in_array = True
            self._start = self._at
        else:
            self._outside.append(key)

    def _close(self) -> Iterator[bytes]:
        if self._in_array and self._depth:
            self._depth -= 1
            if self._depth == 0:
                yield self._cut()
        elif self._in_array:
            yield from self._gap(self._at - 1)
            self._in_array = False
            self._start = self._at
        elif self._outside:
            self._outside.pop()
            if not self._outside:
                record = self._cut()
                if not self._wrapped:
                    yield record
                self._wrapped = False

    def _cut(self) -> bytes:
        record = bytes(self._buffer[self._start : self._at])
        self._start = self._at
        return record

    def _gap(self, end: int) -> Iterator[bytes]:
        text = bytes(self._buffer[self._start : end]).strip(_BETWEEN)
        self._start = end
        if text:
            yield text
