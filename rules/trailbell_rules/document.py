"""YAML text as plain values, with the place of every key and every value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple, TypeAlias

import yaml

from trailbell_engine.values import Json

from .problem import Problem, ProblemSeverity, Span
from .scalars import NotANumberError, has_leading_zero, offset_in_scalar, plain_value
from .scan import decode, scan
from .source import Source
from .syntax import syntax_problem

Place: TypeAlias = tuple[str | int, ...]
"""The way to a value inside a document: keys and list positions. ``()`` is the whole document."""


class _Extent(NamedTuple):
    start: int
    end: int


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
    _keys: dict[Place, _Extent]
    _values: dict[Place, _Extent]

    @property
    def file(self) -> str:
        """The file's name as the user gave it."""
        return self.source.file

    def span_of_key(self, place: Place) -> Span:
        """Where the key of a value stands; of a list's entry the entry, of the whole document its first key."""
        if not place and isinstance(self.value, dict) and self.value:
            place = (next(iter(self.value)),)
        extent = self._keys.get(place)
        return self.source.span(*extent) if extent else self.span_of_value(place)

    def span_of_value(self, place: Place) -> Span:
        """Where a value stands; where none was written (``key:``), its key. A place too deep gives what holds it."""
        while place not in self._values:
            place = place[:-1]
        extent = self._values[place]
        if extent.start == extent.end and place in self._keys:
            extent = self._keys[place]
        return self.source.span(*extent)

    def span_inside(self, place: Place, index: int, *, key: bool = False) -> Span:
        """One character of a text value (or of a key), counted from 0, where it can be told; else the whole of it."""
        extent = (self._keys if key else self._values).get(place)
        value = place[-1] if key and place else self.at(place)
        if extent is None or not isinstance(value, str):
            return self.span_of_value(place)
        start, end = extent
        last = max(0, len(value) - 1)
        offset = offset_in_scalar(self.source.text[start:end], value, min(index, last))
        if offset is None:
            return self.source.span(start, end)
        return self.source.span(start + offset, start + offset + 1)

    def at(self, place: Place) -> Json:
        """The value at a place; None where there is nothing."""
        value = self.value
        for step in place:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value


class Reading(NamedTuple):
    """What a file held: its documents, empty ones left out, and what is wrong with it as YAML."""

    source: Source
    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]


_MARKER: Final = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)


def read_documents(file: str, data: bytes) -> Reading:
    """Read YAML 1.2 by its core schema. Never raises: whatever the bytes are, it says what is wrong and where.

    A ``---`` in the first column always begins a document, even inside quotes, so the text is cut there first:
    a mistake of syntax in one rule leaves the other rules of the file readable.
    """
    source, problems = decode(file, data)
    if problems:
        return Reading(source, (), tuple(problems))
    cuts = [0, *(found.start() for found in _MARKER.finditer(source.text)), len(source.text)]
    documents: list[Document] = []
    for start, end in pairwise(cuts):
        refused = scan(source, start, end)
        if refused is not None:
            problems.append(refused)
            continue
        try:
            _compose(source, start, end, documents, problems)
        except yaml.YAMLError as error:
            problems.append(syntax_problem(source, start, end, error))
    return Reading(source, tuple(documents), tuple(problems))


class _Loader(yaml.CSafeLoader):
    """Composes only; what plain scalars mean is decided by ``plain_value``, so PyYAML need not guess."""

    def resolve(self, *_: Any) -> str:
        return "tag:yaml.org,2002:str"


def _compose(source: Source, start: int, end: int, documents: list[Document], problems: list[Problem]) -> None:
    loader = _Loader(source.text[start:end])
    try:
        while (node := _next_node(loader)) is not None:
            reader = _Reader(source, start, problems)
            value = reader.value(node, ())
            if value is not None:
                documents.append(Document(source, value, reader.sound, reader.keys, reader.values))
    finally:
        loader.dispose()


def _next_node(loader: _Loader) -> yaml.Node | None:
    return loader.get_node() if loader.check_node() else None


class _Reader:
    """Turns the nodes of one document into values and places."""

    def __init__(self, source: Source, base: int, problems: list[Problem]) -> None:
        self._source = source
        self._base = base
        self._problems = problems
        self.sound = True
        self.keys: dict[Place, _Extent] = {}
        self.values: dict[Place, _Extent] = {}

    def _extent(self, node: yaml.Node) -> _Extent:
        return _Extent(self._base + node.start_mark.index, self._base + node.end_mark.index)

    def value(self, node: yaml.Node, place: Place) -> Json:
        self.values[place] = self._extent(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*place, position)) for position, child in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node)

    def _scalar(self, node: yaml.ScalarNode) -> Json:
        if node.style:  # quoted or block: a string whatever it looks like
            return node.value
        try:
            value = plain_value(node.value)
        except NotANumberError as error:
            self._problem("bad-number", node, str(error), "quote it if it is a text")
            return 0
        if isinstance(value, int) and has_leading_zero(node.value):
            summary = f"{node.value} reads as the number {value}"
            self._problem("leading-zero", node, summary, f'a text needs quotes: "{node.value}"', severity="warning")
        return value

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Json]:
        value: dict[str, Json] = {}
        for key_node, value_node in node.value:
            name = self._key(key_node)
            if name is None:
                continue
            here = (*place, name)
            if name in value:
                first = self._source.span(*self.keys[here]).line
                self._problem(
                    "duplicate-key", key_node, f'the key "{name}" stands twice', f"it is first on line {first}"
                )
                continue
            self.keys[here] = self._extent(key_node)
            value[name] = self.value(value_node, here)
        return value

    def _key(self, node: yaml.Node) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._problem("bad-key", node, "a list or a mapping cannot be a key", "keys are texts")
            return None
        if node.style:
            return str(node.value)
        if node.value == "<<":
            self._problem(
                "merge-key", node, "the merge key << is not used here", "write the keys out, or `use:` a predicate"
            )
            return None
        try:
            is_text = isinstance(plain_value(node.value), str)
        except NotANumberError:
            is_text = False
        if not is_text:
            written = node.value or "an empty key"
            self._problem("bad-key", node, f"{written} is no text, and a key must be one", f'quote it: "{node.value}"')
            return None
        return str(node.value)

    def _problem(
        self, code: str, node: yaml.Node, summary: str, help_: str, severity: ProblemSeverity = "error"
    ) -> None:
        self.sound = self.sound and severity != "error"
        self._problems.append(Problem(code, severity, summary, self._source.span(*self._extent(node)), help_))
