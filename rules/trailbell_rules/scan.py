"""What is refused before a YAML node is made: bytes that are no text, and texts that would exhaust stack or memory.

libyaml's composer recurses (50,000 opening brackets end the process) and aliases multiply (nine lines become 9^8
nodes). Its event parser does neither, so the events are counted first.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import yaml

from .problem import Problem
from .source import Source
from .syntax import syntax_problem

MAXIMUM_BYTES: Final = 1024 * 1024
"""Of one file. A thousand rules fit; a rule set of more is better read by people in several files."""
MAXIMUM_DEPTH: Final = 64
MAXIMUM_ALIASED_NODES: Final = 10_000
"""Nodes of one document that exist because an alias repeats them."""

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


class _Size(NamedTuple):
    """Of an anchored node, its aliases replaced by what they repeat."""

    nodes: int
    height: int


_LEAF: Final = _Size(1, 1)


class _Open(NamedTuple):
    """A collection whose end has not come yet."""

    anchor: str | None
    nodes_before: int


class _Scan:
    def __init__(self, source: Source, base: int) -> None:
        self._source = source
        self._base = base
        self._open: list[_Open] = []
        self._heights: list[int] = []
        self._nodes = 0
        self._aliased = 0
        self._anchors: dict[str, _Size] = {}

    def event(self, event: Any) -> Problem | None:
        if isinstance(event, yaml.ScalarEvent):
            self._leaf(event.anchor, _LEAF)
            return self._tag(event)
        if isinstance(event, yaml.CollectionStartEvent):
            return self._start(event) or self._tag(event)
        if isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors, self._aliased = {}, 0
        return None

    def _leaf(self, anchor: str | None, size: _Size) -> None:
        self._nodes += size.nodes
        if self._heights:
            self._heights[-1] = max(self._heights[-1], size.height)
        if anchor:
            self._anchors[anchor] = size

    def _start(self, event: Any) -> Problem | None:
        if len(self._open) >= MAXIMUM_DEPTH:
            return self._problem("too-deep", f"nested more than {MAXIMUM_DEPTH} levels deep", event, "flatten it")
        self._open.append(_Open(event.anchor, self._nodes))
        self._heights.append(0)
        return None

    def _end(self) -> None:
        opened, height = self._open.pop(), self._heights.pop() + 1
        self._nodes += 1
        size = _Size(self._nodes - opened.nodes_before, height)
        if self._heights:
            self._heights[-1] = max(self._heights[-1], height)
        if opened.anchor:
            self._anchors[opened.anchor] = size

    def _alias(self, event: Any) -> Problem | None:
        size = self._anchors.get(event.anchor)
        if any(opened.anchor == event.anchor for opened in self._open):
            return self._problem("alias", f"*{event.anchor} stands inside what it repeats", event, "write it out")
        if size is None:
            help_ = f'a text that begins with `*` needs quotes: "*{event.anchor}"'
            return self._problem("alias", f"no anchor &{event.anchor} stands before *{event.anchor}", event, help_)
        self._aliased += size.nodes
        if self._aliased > MAXIMUM_ALIASED_NODES:
            summary = f"aliases repeat more than {MAXIMUM_ALIASED_NODES:,} values"
            return self._problem("alias", summary, event, "use a named list or predicate of a definitions file")
        if len(self._open) + size.height > MAXIMUM_DEPTH:
            return self._problem("too-deep", f"nested more than {MAXIMUM_DEPTH} levels deep", event, "flatten it")
        self._leaf(None, size)
        return None

    def _tag(self, event: Any) -> Problem | None:
        if event.tag is None:
            return None
        summary = f"the tag {event.tag!r} is not used here"
        return self._problem("yaml-tag", summary, event, "leave it out; quote a value to make it a string")

    def _problem(self, code: str, summary: str, event: Any, help_: str) -> Problem:
        start = self._base + event.start_mark.index
        end = self._base + max(event.end_mark.index, event.start_mark.index + 1)
        return Problem(code, "error", summary, self._source.span(start, end), help_)


def scan(source: Source, start: int, end: int) -> Problem | None:
    """The first reason not to compose the text between two offsets, or None."""
    counter = _Scan(source, start)
    try:
        for event in yaml.parse(source.text[start:end], Loader=yaml.CSafeLoader):
            problem = counter.event(event)
            if problem is not None:
                return problem
    except yaml.YAMLError as error:
        return syntax_problem(source, start, end, error)
    return None
