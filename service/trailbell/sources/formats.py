"""From blocks of bytes to records with a place: NDJSON line by line, CSV by its header, other JSON by its structure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import Final

from trailbell_engine.decode import WRAPPING_LIMIT_BYTES, NotJsonError, read_json

from .csv_records import csv_records, delimiter_of
from .records import Record
from .splitter import Splitter

HEAD_BYTES: Final = 64 * 1024
"""So much of a file tells its format."""
BOM: Final = b"\xef\xbb\xbf"
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"')


def records(blocks: Iterator[bytes], name: str, wrappings: Collection[tuple[str, ...]]) -> Iterator[Record]:
    """The records of one file.

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
        is_lines = _is_lines(head, final=len(head) >= HEAD_BYTES)
        if is_lines is not None:
            break
    if is_lines is None:
        is_lines = bool(_is_lines(head, final=True))
    content = chain((head,), blocks)
    delimiter = delimiter_of(head) if is_lines else None
    if delimiter is not None:
        return csv_records(content, name, delimiter)
    return lines(content, name) if is_lines else _values(content, name, wrappings)


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


def lines(blocks: Iterable[bytes], name: str, number: int = 0) -> Iterator[Record]:
    """The records of a file that has one on every line.

    Args:
        blocks: its content, from the beginning of a line.
        name: of the file, for places.
        number: of lines before that.
    """
    rest, skipping = b"", False
    for block in blocks:
        whole = (rest + block).split(b"\n")
        rest = whole.pop()
        for raw in whole:
            number += 1
            if skipping:
                skipping = False
            elif raw and not raw.isspace():
                yield Record(f"{name}:{number}", raw)
        if skipping:
            rest = b""
        elif len(rest) > WRAPPING_LIMIT_BYTES:  # told once, then not even kept
            yield Record(f"{name}:{number + 1}", rest[: WRAPPING_LIMIT_BYTES + 1])
            rest, skipping = b"", True
    if rest.strip():
        yield Record(f"{name}:{number + 1}", rest)


def _values(blocks: Iterator[bytes], name: str, wrappings: Collection[tuple[str, ...]]) -> Iterator[Record]:
    splitter = Splitter(wrappings)
    number = 0
    for block in blocks:
        for raw in splitter.feed(block):
            number += 1
            yield Record(f"{name}#{number}", raw)
        if splitter.overflowed:
            break
    for raw in splitter.rest():
        number += 1
        yield Record(f"{name}#{number}", raw)
