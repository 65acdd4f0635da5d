"""What is refused before YAML is read: too many bytes, bytes that are no text, characters that YAML forbids."""

from __future__ import annotations

import re
from typing import Final

from .problem import Problem
from .source import Source

MAXIMUM_BYTES: Final = 1024 * 1024
"""Of one file. A thousand rules fit; a rule set of more is better read by people in several files."""

_FORBIDDEN: Final = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""Outside YAML 1.2's printable characters (section 5.1); a byte order mark counts as one only at the start."""
_UTF_16_OR_32: Final = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def decode(file: str, data: bytes) -> tuple[Source, list[Problem]]:
    """The text of a file, and what keeps it from being read as YAML. A byte order mark of UTF-8 is dropped."""
    empty = Source(file, "")
    if len(data) > MAXIMUM_BYTES:
        summary = f"the file has {len(data):,} bytes, more than the {MAXIMUM_BYTES:,} that are read"
        return empty, [Problem("too-large", "error", summary, empty.span(0, 0), "split it into several files")]
    if data.startswith(_UTF_16_OR_32):
        return empty, [
            Problem("not-utf-8", "error", "the file is UTF-16 or UTF-32", empty.span(0, 0), "save it as UTF-8")
        ]
    try:
        source = Source(file, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        source = Source(file, error.object.decode("utf-8-sig", "replace"))
        place = len(error.object[: error.start].decode("utf-8-sig"))
        summary = f"byte 0x{error.object[error.start]:02x} is no UTF-8"
        return source, [Problem("not-utf-8", "error", summary, source.span(place, place + 1), "save the file as UTF-8")]
    return source, [_forbidden(source, found.start()) for found in list(_FORBIDDEN.finditer(source.text))[:1]]


def _forbidden(source: Source, offset: int) -> Problem:
    character = source.text[offset]
    return Problem(
        "control-character",
        "error",
        f"the character U+{ord(character):04X} may not stand in YAML",
        source.span(offset, offset + 1),
        f'inside double quotes it is written "\\u{ord(character):04x}"',
    )
