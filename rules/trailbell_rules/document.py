"""YAML text as plain values, with the place of every key and every value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

import yaml

from trailbell_engine.values import Json

from .compose import Spot, compose
from .problem import MAXIMUM_PROBLEMS, Problem, Span
from .scalars import offset_in_scalar
from .scan import decode
from .source import Source
from .syntax import syntax_problem

Place: TypeAlias = tuple[str | int, ...]
"""The way to a value inside a document: keys and list positions. ``()`` is the whole document."""

_Extent: TypeAlias = tuple[int, int]
"""Offsets of a start and an end."""


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document: its value, and where everything stands.

    Attributes:
        source: the file it was read from.
        value: as ``json.loads`` would have given it.
        sound: no error was found while it was read, so ``value`` is all that was written.
    """

    source: Source
    value: Json
    sound: bool
    _spot: Spot

    @property
    def file(self) -> str:
        """The file's name as the user gave it."""
        return self.source.file

    def span_of_key(self, place: Place) -> Span:
        """Where the key of a value stands; of a list's entry the entry, of the whole document its first key."""
        if not place and isinstance(self.value, dict) and self.value:
            place = (next(iter(self.value)),)
        key, _ = self._find(place)
        return self.source.span(*key) if key else self.span_of_value(place)

    def span_of_value(self, place: Place) -> Span:
        """Where a value stands; where none was written (``key:``), its key. A place too deep gives what holds it."""
        key, extent = self._find(place)
        while extent is None:
            place = place[:-1]
            key, extent = self._find(place)
        return self.source.span(*(key if key and extent[0] == extent[1] else extent))

    def span_inside(self, place: Place, index: int, *, key: bool = False) -> Span:
        """One character of a text value (or of a key), counted from 0, where it can be told; else the whole of it."""
        extent = self._find(place)[0 if key else 1]
        value = place[-1] if key and place else self.at(place)
        if extent is None or not isinstance(value, str):
            return self.span_of_value(place)
        start, end = extent
        last = max(0, len(value) - 1)
        offset = offset_in_scalar(self.source.text[start:end], value, min(index, last))
        if offset is None:
            return self.source.span(start, end)
        return self.source.span(start + offset, start + offset + 1)

    def in_scalar(self, offset: int) -> bool:
        """Whether a character of the file belongs to a text, number or key, so that a ``#`` there begins no comment."""
        return _in_scalar(self._spot, offset)

    def _find(self, place: Place) -> tuple[_Extent | None, _Extent | None]:
        """The extents of the key and of the value at a place; None where there is none."""
        key, spot = None, self._spot
        for step in place:
            parts, key = spot[2], None
            if isinstance(parts, dict) and step in parts:
                start, end, spot = parts[str(step)]
                key = (start, end)
            elif isinstance(parts, list) and isinstance(step, int) and 0 <= step < len(parts):
                spot = parts[step]
            else:
                return None, None
        return key, spot[:2]

    def at(self, place: Place) -> Json:
        """The value at a place; None where there is nothing."""
        value = self.value
        for step in place:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def _in_scalar(spot: Spot, offset: int) -> bool:
    start, end, parts = spot
    if not start <= offset < end:
        return False
    if parts is None:
        return True
    if isinstance(parts, list):
        return any(_in_scalar(part, offset) for part in parts)
    return any(first <= offset < last or _in_scalar(value, offset) for first, last, value in parts.values())


class Reading(NamedTuple):
    """What a file held: its documents, empty ones left out, and what is wrong with it as YAML."""

    source: Source
    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]


MARKER: Final = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)


def read_documents(file: str, data: bytes) -> Reading:
    """Read YAML 1.2 by its core schema. Never raises: whatever the bytes are, it says what is wrong and where.

    A ``---`` in the first column always begins a document, even inside quotes, so the text is cut there first:
    a mistake of syntax in one rule leaves the other rules of the file readable.
    """
    source, problems = decode(file, data)
    if problems:
        return Reading(source, (), tuple(problems))
    cuts = [0, *(found.start() for found in MARKER.finditer(source.text)), len(source.text)]
    documents: list[Document] = []
    for start, end in pairwise(cuts):
        if len(problems) > MAXIMUM_PROBLEMS:
            break
        try:
            for composed in compose(source, start, end, problems):
                documents.append(Document(source, composed.value, composed.sound, composed.spot))  # noqa: PERF401 - those before an error are kept
        except yaml.YAMLError as error:
            problems.append(syntax_problem(source, start, end, error))
    return Reading(source, tuple(documents), tuple(problems))
