"""From blocks of bytes to records with a place: NDJSON line by line, CSV by its header, other JSON by its structure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from trailbell_engine.decoding.decoder import RECORD_LIMIT_BYTES, WRAPPING_LIMIT_BYTES
from trailbell_engine.decoding.exact_json import NotJsonError, read_json

from .csv_records import csv_records, delimiter_of
from .records import Records, in_groups
from .splitter import Splitter

HEAD_BYTES: Final = 64 * 1024
"""So much of a file tells its format, nearly always."""
_TWO_LINES_BYTES: Final = 2 * RECORD_LIMIT_BYTES
"""So long is looked for the end of the second line. The blocks of a packed file are small, and a first line that is cut
off by one of them is not a JSON text over several lines."""
BOM: Final = b"\xef\xbb\xbf"
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"')


def records(blocks: Iterator[bytes], name: str, wrappings: Collection[tuple[str, ...]]) -> Iterator[Records]:
    """The records of one file, some at a time.

    Args:
        blocks: its uncompressed content.
        name: of the file, for places.
        wrappings: key paths to arrays of records inside an object.
    """
    head = b""
    is_lines: bool | None = None
    for block in blocks:
        head += block
        head = head.removeprefix(BOM)
        is_lines = _is_lines(head, final=len(head) >= _TWO_LINES_BYTES)
        if is_lines is not None:
            break
    if is_lines is None:
        is_lines = bool(_is_lines(head, final=True))
    content = chain((head,), blocks)
    delimiter = delimiter_of(head) if is_lines else None
    if delimiter is not None:
        return in_groups(csv_records(content, name, delimiter), f"{name}:")
    return lines(content, f"{name}:") if is_lines else in_groups(_values(content, wrappings), f"{name}#")


def are_lines(head: bytes) -> bool:
    """Whether a file with this beginning has a JSON record on every line.

    Args:
        head: ``HEAD_BYTES`` of it, unpacked, or all if there are fewer.
    """
    head = head.removeprefix(BOM)
    return bool(_is_lines(head, final=True)) and delimiter_of(head) is None


def _is_lines(head: bytes, *, final: bool) -> bool | None:
    """Whether every line is a record of its own; None if more must be seen to tell.

    The first line tells if it is a whole JSON value or plain nonsense. If its brackets stay open, the second tells: in
    NDJSON with a broken first line it is whole again.
    """
    text = head.lstrip()
    if not text:
        return True if final else None
    if text.startswith(b"["):
        return False
    whole = [line for line in text.split(b"\n")[: None if final else -1] if line.strip()]
    if not whole:
        return None
    if _is_object(whole[0]):
        return True
    if not _stays_open(whole[0]):
        return True
    if len(whole) > 1:
        return _is_object(whole[1])
    return False if final else None


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(read_json(line), dict)
    except NotJsonError:
        return False


def _stays_open(line: bytes) -> bool:
    if not line.startswith(b"{"):
        return False
    bare = _STRING.sub(b"", line)
    return bare.count(b"{") + bare.count(b"[") > bare.count(b"}") + bare.count(b"]")


def lines(blocks: Iterable[bytes], file: str) -> Iterator[Records]:
    """The records of a file that has one on every line: those that end in a block together.

    Args:
        blocks: its content.
        file: its name as ``Records`` have it.
    """
    number = 0
    held, held_bytes = list[bytes](), 0  # of a line whose end is not there yet
    skipping = False
    for block in blocks:
        first, *others = block.split(b"\n")
        if others:
            others.insert(0, b"" if skipping else b"".join((*held, first)))
            first = others.pop()
            yield from _numbered(others, file, number)
            number += len(others)
            held, held_bytes, skipping = [], 0, False
        if not skipping:
            held.append(first)
            held_bytes += len(first)
        if held_bytes > WRAPPING_LIMIT_BYTES:  # told once, then not even kept
            yield Records(file, (number + 1,), (b"".join(held)[: WRAPPING_LIMIT_BYTES + 1],))
            held, held_bytes, skipping = [], 0, True
    yield from _numbered([b"".join(held)], file, number)


def _numbered(whole: list[bytes], file: str, number: int) -> Iterator[Records]:
    """Lines as records; blank ones are none."""
    numbers: Sequence[int] = range(number + 1, number + 1 + len(whole))
    if b"" in whole or any(map(bytes.isspace, whole)):
        kept = [(at, raw) for at, raw in zip(numbers, whole, strict=True) if raw and not raw.isspace()]
        numbers, whole = [at for at, _ in kept], [raw for _, raw in kept]
    if whole:
        yield Records(file, numbers, whole)


def _values(blocks: Iterator[bytes], wrappings: Collection[tuple[str, ...]]) -> Iterator[tuple[int, bytes]]:
    splitter = Splitter(wrappings)
    number = 0
    for block in blocks:
        for raw in splitter.feed(block):
            number += 1
            yield number, raw
        if splitter.overflowed:
            break
    for raw in splitter.rest():
        number += 1
        yield number, raw
