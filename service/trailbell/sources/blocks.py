"""Bytes of a file, uncompressed block by block, whatever packed them: told by the first bytes, never by the name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, Protocol, cast

from .errors import SourceError

BLOCK_BYTES: Final = 1024 * 1024
_PACKED_PIECE_BYTES: Final = 4096
"""zstd unpacks at most some 32,000-fold, so a piece of a hostile file stays at some 100 MiB."""


class Counted(io.RawIOBase):
    """A stream that counts what is read from it, and gives back what was only looked at.

    Attributes:
        bytes_read: so far.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._ahead = b""
        self.bytes_read = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def peek(self, size: int) -> bytes:
        """The next bytes, fewer only at the end."""
        while len(self._ahead) < size and (more := self._stream.read(size - len(self._ahead))):
            self._ahead += more
        return self._ahead[:size]

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes, as soon as there are some; nothing only at the end."""
        if self._ahead:
            piece, self._ahead = self._ahead[:size], self._ahead[size:] if size >= 0 else b""
        else:
            piece = _available(self._stream, size)
        self.bytes_read += len(piece)
        return piece


def _available(stream: BinaryIO, size: int) -> bytes:
    # A pipe's reader should not wait for a whole block when a line is there.
    return stream.read1(size) if isinstance(stream, io.BufferedReader) else stream.read(size)


def blocks(stream: Counted, name: str) -> Iterator[bytes]:
    """The uncompressed content.

    Args:
        stream: read to its end, not closed.
        name: of the file, for messages.

    Raises:
        SourceError: for a broken or cut archive, or a format that needs something that is not installed.
    """
    head = stream.peek(8)
    for magic, unpack in _PACKERS:
        if head.startswith(magic):
            yield from _explained(unpack(stream), name)
            return
    for magic, complaint, advice in _FOREIGN:
        if head.startswith(magic):
            raise SourceError(f"{name} {complaint}", advice)
    yield from iter(lambda: stream.read(BLOCK_BYTES), b"")


def is_packed(head: bytes) -> bool:
    """Whether a file that begins so is not read as it stands: it is packed, or in a foreign format."""
    return head.startswith((*(magic for magic, _ in _PACKERS), *(magic for magic, _, _ in _FOREIGN)))


def _explained(unpacked: Iterator[bytes], name: str) -> Iterator[bytes]:
    try:
        yield from unpacked
    except EOFError:
        raise SourceError(
            f"{name} is cut: the compressed data ends too early", "copy it again; what could be read was read"
        ) from None
    except (zlib.error, lzma.LZMAError, OSError, ValueError) as error:
        raise SourceError(f"{name} is broken: {error}", "copy it again; what could be read was read") from None


class _Readable(Protocol):
    def read1(self, size: int = -1, /) -> bytes: ...


def _gzip(stream: Counted) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=stream, mode="rb") as unpacked:
        yield from _read(unpacked)


def _xz(stream: Counted) -> Iterator[bytes]:
    with lzma.LZMAFile(cast("BinaryIO", stream), "rb") as unpacked:
        yield from _read(unpacked)


def _bzip2(stream: Counted) -> Iterator[bytes]:
    with bz2.BZ2File(stream, "rb") as unpacked:
        yield from _read(unpacked)


def _read(unpacked: _Readable) -> Iterator[bytes]:
    # What is there, and not a whole block: of a file that is cut, everything before the cut is given.
    yield from iter(lambda: unpacked.read1(BLOCK_BYTES), b"")


def _zstd(stream: Counted) -> Iterator[bytes]:
    try:
        import zstandard
    except ImportError:
        raise SourceError(
            "this file is compressed with zstd, which needs a package that is not installed",
            "pip install 'trailbell[zstd]', or unpack it first: zstd -d FILE",
        ) from None
    frame = zstandard.ZstdDecompressor().decompressobj()
    begun = False
    while packed := stream.read(_PACKED_PIECE_BYTES):
        while packed:
            begun = True
            try:
                unpacked = frame.decompress(packed)
            except zstandard.ZstdError as error:
                raise ValueError(str(error)) from None
            if unpacked:
                yield unpacked
            packed = b""
            if frame.eof:
                packed, begun = frame.unused_data, False
                frame = zstandard.ZstdDecompressor().decompressobj()
    if begun:
        raise EOFError


_PACKERS: Final[tuple[tuple[bytes, Callable[[Counted], Iterator[bytes]]], ...]] = (
    (b"\x1f\x8b", _gzip),
    (b"\x28\xb5\x2f\xfd", _zstd),
    *((bytes([number]) + b"\x2a\x4d\x18", _zstd) for number in range(0x50, 0x60)),  # frames to skip
    (b"\xfd7zXZ\x00", _xz),
    (b"BZh", _bzip2),
)
"""First bytes and what unpacks them: RFC 1952, RFC 8878, the .xz format, bzip2."""

_FOREIGN: Final = (
    (b"PK\x03\x04", "is a ZIP archive", "unpack it and name the folder"),
    (b"\xff\xfe", "is UTF-16, not UTF-8", "convert it: iconv -f UTF-16 -t UTF-8"),
    (b"\xfe\xff", "is UTF-16, not UTF-8", "convert it: iconv -f UTF-16 -t UTF-8"),
)
"""First bytes of what people try, what it is, and the way out."""
