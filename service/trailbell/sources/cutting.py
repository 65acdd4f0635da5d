"""A file of lines cut into pieces at line ends, without looking into the lines."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import chain
from typing import BinaryIO, Final, NamedTuple

from trailbell_engine.decoding.decoder import WRAPPING_LIMIT_BYTES

from .blocks import Counted, blocks, is_packed
from .formats import BOM
from .paths import open_file

PIECE_BYTES: Final = 1024 * 1024
_LOOK_BYTES: Final = 64 * 1024


class Piece(NamedTuple):
    """Whole lines of a file.

    Attributes:
        done_bytes: of the file as it is on disk, when the piece is done.
        file, start, end: where it stands, if it can be read there.
        raw: the lines themselves, if it was packed.
    """

    done_bytes: int
    file: str = ""
    start: int = 0
    end: int = 0
    raw: bytes = b""


def pieces_of(file: str, piece_bytes: int) -> Generator[Piece, None, None]:
    """The pieces, in order. Of a packed file they hold the lines; of another they say where the lines stand.

    Args:
        file: its path.
        piece_bytes: how long a piece is, to the end of its last line; a packed file's are as they come.

    Raises:
        SourceError: if the file cannot be read, or not to its end; what stood before has been given.
    """
    with closing(open_file(file)) as stream:
        counted = Counted(stream)
        if is_packed(counted.peek(8)):
            yield from _packed_pieces(counted, file)
        else:
            stream.seek(0)
            yield from _plain_pieces(stream, file, piece_bytes)


def _plain_pieces(stream: BinaryIO, file: str, piece_bytes: int) -> Iterator[Piece]:
    size = os.fstat(stream.fileno()).st_size
    start = 0
    while start < size:
        end = _line_end(stream, min(start + piece_bytes, size))
        yield Piece(end, file, start, end)
        start = end


def _line_end(stream: BinaryIO, at: int) -> int:
    """Where the line ends that goes on at an offset."""
    stream.seek(at)
    while block := stream.read(_LOOK_BYTES):
        found = block.find(b"\n")
        if found >= 0:
            return at + found + 1
        at += len(block)
    return at


def _packed_pieces(counted: Counted, name: str) -> Iterator[Piece]:
    held, held_bytes = list[bytes](), 0
    content = blocks(counted, name)
    for block in chain((next(content, b"").removeprefix(BOM),), content):
        cut = block.rfind(b"\n") + 1
        if cut:
            yield Piece(counted.bytes_read, raw=b"".join((*held, block[:cut])))
            held, held_bytes = [block[cut:]], len(block) - cut
        elif held_bytes <= WRAPPING_LIMIT_BYTES:  # of a line that is longer nobody wants the rest
            held.append(block)
            held_bytes += len(block)
    yield Piece(counted.bytes_read, raw=b"".join(held))
