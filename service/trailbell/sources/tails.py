"""One log file that grows: its lines once each, and how it is known again when it was moved, copied or packed."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import BinaryIO, Final, NamedTuple, cast

from trailbell_engine.decoding.decoder import RECORD_LIMIT_BYTES
from trailbell_engine.values import Json

PRINT_BYTES: Final = 1024
"""So much of a file's head, and of what was read last, tells whether a file holds what was read already."""
_READ_BYTES: Final = 2 * RECORD_LIMIT_BYTES
_GZIP: Final = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a file has been read, and what tells it from others. JSON goes in and out as it is.

    Attributes:
        path: where it was seen last, symbolic links resolved.
        device: of its inode.
        inode: its number; it stays when the file is renamed, and is used again when it is deleted.
        offset: bytes read, of the unpacked content; always behind a line's end.
        line: lines read.
        head_bytes: of how many bytes ``head`` is.
        head: a digest of the beginning.
        last: a digest of the bytes right before ``offset``.
        changed_ns: when the file was written last.
        skipping: the line at ``offset`` is too long, and its beginning was told.
    """

    path: str
    device: int
    inode: int
    offset: int = 0
    line: int = 0
    head_bytes: int = 0
    head: str = ""
    last: str = ""
    changed_ns: int = 0
    skipping: bool = False

    def to_json(self) -> Json:
        """The mark for a checkpoint."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Json) -> Mark:
        """The mark in a checkpoint."""
        return cls(**cast("dict[str, object]", value))  # type: ignore[arg-type]  # written by `to_json`


class Line(NamedTuple):
    """A line, its number from 1, and whether it is cut because it is too long."""

    number: int
    raw: bytes
    cut: bool = False


class Tail:
    """An open log file. What it holds stays readable while it is renamed or deleted.

    Attributes:
        mark: how far it has been read.
        packed: it is gzip, which nobody appends to.
    """

    def __init__(self, path: str) -> None:
        """Open it at its beginning.

        Raises:
            OSError: if it cannot be opened.
        """
        self._stream = open(path, "rb", buffering=0)  # noqa: PTH123, SIM115 - held open over many rounds
        self._raw = cast("BinaryIO", self._stream)
        status = os.fstat(self._stream.fileno())
        self.mark = Mark(os.path.realpath(path), status.st_dev, status.st_ino, changed_ns=status.st_mtime_ns)
        self.packed = os.pread(self._stream.fileno(), 2, 0) == _GZIP
        self._size_bytes = -1
        self._recent: bytes | None = None

    def close(self) -> None:
        """Close the file; the mark stays."""
        self._stream.close()

    @property
    def inode(self) -> tuple[int, int]:
        """Device and inode."""
        return self.mark.device, self.mark.inode

    def changed_us(self) -> int:
        """When the file was written last; microseconds UTC."""
        return os.fstat(self._stream.fileno()).st_mtime_ns // 1000

    def size_and_change(self) -> tuple[int, int]:
        """Its size in bytes, and when it was written last (nanoseconds): what does not change while nobody writes."""
        status = os.fstat(self._stream.fileno())
        return status.st_size, status.st_mtime_ns

    def begins_like(self, mark: Mark) -> bool:
        """Whether its head is that of what was read up to a mark, as far as it goes."""
        return not self.packed and bool(mark.head) and _digest(_bytes(self._raw, 0, mark.head_bytes)) == mark.head

    def holds(self, mark: Mark) -> bool:
        """Whether its content begins with what was read up to a mark."""
        if not mark.offset:
            return False
        if self.packed:
            with self._unpacked() as unpacked:
                return _holds(cast("BinaryIO", unpacked), mark)
        size_bytes = os.fstat(self._stream.fileno()).st_size
        return size_bytes >= mark.offset and _holds(self._raw, mark)

    def resume(self, mark: Mark) -> None:
        """Go on where a mark is, of this file or of one that it is a copy of."""
        own = self.mark
        self._recent = None
        self.mark = replace(mark, path=own.path, device=own.device, inode=own.inode, changed_ns=own.changed_ns)

    def began_anew(self) -> Mark | None:
        """If the file was cut or written over: what had been read of it. It is at its beginning then."""
        status = os.fstat(self._stream.fileno())
        if self.packed or not self.mark.offset:
            return None
        same = status.st_size == self._size_bytes and status.st_mtime_ns == self.mark.changed_ns
        if same or self.holds(self.mark):
            return None
        before, self._recent = self.mark, None
        self.mark = Mark(before.path, before.device, before.inode, changed_ns=status.st_mtime_ns)
        return before

    def lines(self) -> Iterator[Line]:
        """What is new, up to the last line's end. ``mark`` is behind each line when it is handed out."""
        status = os.fstat(self._stream.fileno())
        if self.packed and status.st_size == self._size_bytes:
            return  # as it was when it was read to its end, or to where it is cut
        self._size_bytes = status.st_size
        self.mark = replace(self.mark, changed_ns=status.st_mtime_ns)
        if self.packed:
            with self._unpacked() as unpacked:
                yield from self._pieces(cast("BinaryIO", unpacked))
        else:
            yield from self._pieces(self._raw)

    def _unpacked(self) -> gzip.GzipFile:
        self._stream.seek(0)
        return gzip.GzipFile(fileobj=self._stream, mode="rb")

    def rest(self) -> Line | None:
        """What stands behind the last line's end; ``mark`` is behind it. For files that nobody writes any more."""
        if self.packed:
            return None
        raw = os.pread(self._stream.fileno(), RECORD_LIMIT_BYTES + 1, self.mark.offset)
        skipping = self.mark.skipping
        if not raw:
            return None
        self._advance(raw, 1, self._raw)
        return None if skipping or not raw.strip() else Line(self.mark.line, raw)

    def _pieces(self, stream: BinaryIO) -> Iterator[Line]:
        while True:
            try:
                stream.seek(self.mark.offset)
                piece = _read(stream, _READ_BYTES)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                return  # still being packed; what is whole was handed out
            end = piece.rfind(b"\n") + 1
            if not end:
                if len(piece) < _READ_BYTES:
                    if self.packed and piece.strip() and not self.mark.skipping:
                        self._advance(piece, 1, stream)
                        yield Line(self.mark.line, piece)
                    return
                told = self.mark.skipping
                self._advance(piece, 0, stream, skipping=True)
                if not told:
                    yield Line(self.mark.line + 1, piece[: RECORD_LIMIT_BYTES + 1], cut=True)
                continue
            yield from self._whole(piece[:end], stream)

    def _whole(self, piece: bytes, stream: BinaryIO) -> Iterator[Line]:
        lines = piece[:-1].split(b"\n")
        first, skipping = self.mark.line, self.mark.skipping
        # The place behind all of them is noted before they are handed out: a reader takes all, or starts anew.
        self._advance(piece, len(lines), stream)
        for number, raw in enumerate(lines, first + 1):
            if skipping:
                skipping = False
            elif raw.strip():
                yield Line(number, raw)

    def _advance(self, piece: bytes, lines: int, stream: BinaryIO, *, skipping: bool = False) -> None:
        """Move the mark behind a piece. Packed files are not read backwards for it, which would unpack them anew."""
        before, offset = self.mark.offset, self.mark.offset + len(piece)
        if self._recent is None:
            start = max(0, before - PRINT_BYTES)
            self._recent = _bytes(stream, start, before - start)
        head_bytes, head = self.mark.head_bytes, self.mark.head
        if head_bytes < PRINT_BYTES:  # then all before is among the recent bytes
            whole = (self._recent + piece)[:PRINT_BYTES]
            head_bytes, head = len(whole), _digest(whole)
        self._recent = (self._recent + piece[-PRINT_BYTES:])[-PRINT_BYTES:]
        self.mark = replace(
            self.mark,
            offset=offset,
            line=self.mark.line + lines,
            head_bytes=head_bytes,
            head=head,
            last=_digest(self._recent),
            skipping=skipping,
        )


def _holds(file: BinaryIO, mark: Mark) -> bool:
    size = min(mark.offset, PRINT_BYTES)
    try:
        return (
            _digest(_bytes(file, 0, mark.head_bytes)) == mark.head
            and _digest(_bytes(file, mark.offset - size, size)) == mark.last
        )
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return False


def _bytes(stream: BinaryIO, start: int, size: int) -> bytes:
    """So many bytes of a stream from a place on, fewer if it ends before."""
    stream.seek(start)
    return _read(stream, size)


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _read(stream: BinaryIO, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := stream.read(size - len(data))):
        data += more
    return data
