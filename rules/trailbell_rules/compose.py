"""One pass over libyaml's events: plain values, the place of each, and bounds on depth and on what aliases repeat.

libyaml's own composer recurses (50,000 opening brackets end the process) and its aliases multiply (nine lines become
9^8 values). Its event parser does neither, and reading events directly is faster than nodes that are read again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, Final, NamedTuple, TypeAlias

import yaml

from trailbell_engine.values import Json

from .problem import MAXIMUM_PROBLEMS, Problem, ProblemSeverity, too_many
from .scalars import NotANumberError, has_leading_zero, plain_value
from .source import Source

MAXIMUM_DEPTH: Final = 64
MAXIMUM_ALIASED_NODES: Final = 10_000
"""Values of one document that exist because an alias repeats them."""

Spot: TypeAlias = tuple[int, int, "dict[str, Member] | list[Spot] | None"]
"""Where a value starts and ends, and the spots of what is in it. Plain tuples: a rule has hundreds."""
Member: TypeAlias = tuple[int, int, Spot]
"""Where a key starts and ends, and the spot of its value."""


_SEQUENCE_END: Final[Any] = yaml.SequenceEndEvent  # as Any: the stubs say that marks may be None, libyaml's never are
_MAPPING_END: Final[Any] = yaml.MappingEndEvent


class Composed(NamedTuple):
    """One document. ``sound`` says that no error was found in it."""

    value: Json
    spot: Spot
    sound: bool


class _Refused(Exception):  # noqa: N818 - it is how a text ends, not an error of the program
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.summary)
        self.problem = problem


class _Anchored(NamedTuple):
    value: Json
    spot: Spot


_OPEN: Final = _Anchored(None, (0, 0, None))
"""What an anchor stands for until its collection has ended."""


def compose(source: Source, start: int, end: int, problems: list[Problem]) -> Iterator[Composed]:
    """The documents of the text between two offsets; what is wrong with them goes to ``problems``.

    Raises:
        yaml.YAMLError: where the text is no YAML. Documents before that place have been given.
    """
    composer = _Composer(source, start, end, problems)
    try:
        yield from composer.documents()
    except _Refused as refused:
        problems.append(refused.problem)
    finally:
        composer.close()


class _Composer:
    def __init__(self, source: Source, start: int, end: int, problems: list[Problem]) -> None:
        self._source = source
        self._base = start
        self._problems = problems
        self._parser = yaml.CSafeLoader(source.text[start:end])
        self._next: Callable[[], Any] = self._parser.get_event
        self._anchors: dict[str, _Anchored] = {}
        self._aliased = 0
        self._sound = True

    def close(self) -> None:
        self._parser.dispose()

    def documents(self) -> Iterator[Composed]:
        while (event := self._next()).__class__ is not yaml.StreamEndEvent:
            if event.__class__ is yaml.DocumentStartEvent:
                self._anchors, self._aliased, self._sound = {}, 0, True
                value, spot = self._node(self._next(), 1)
                if value is not None:
                    yield Composed(value, spot, self._sound)

    def _node(self, event: Any, depth: int) -> tuple[Json, Spot]:
        kind = event.__class__
        if kind is yaml.AliasEvent:
            return self._alias(event, depth)
        anchor = event.anchor
        if anchor is not None:
            self._anchors[anchor] = _OPEN
        if kind is not yaml.ScalarEvent and depth > MAXIMUM_DEPTH:
            raise self._too_deep(event)
        if event.tag is not None:
            summary = f"the tag {event.tag!r} is not used here"
            raise self._refused("yaml-tag", summary, event, "leave it out; quote a value to make it a string")
        found: tuple[Json, Spot]
        if kind is yaml.ScalarEvent:
            found = self._scalar(event), (self._base + event.start_mark.index, self._base + event.end_mark.index, None)
        elif kind is yaml.MappingStartEvent:
            found = self._mapping(event, depth)
        else:
            found = self._sequence(event, depth)
        if anchor is not None:
            self._anchors[anchor] = _Anchored(*found)
        return found

    def _sequence(self, start: Any, depth: int) -> tuple[Json, Spot]:
        values: list[Json] = []
        spots: list[Spot] = []
        while (event := self._next()).__class__ is not _SEQUENCE_END:
            value, spot = self._node(event, depth + 1)
            values.append(value)
            spots.append(spot)
        return values, (self._base + start.start_mark.index, self._base + event.end_mark.index, spots)

    def _mapping(self, start: Any, depth: int) -> tuple[Json, Spot]:
        values: dict[str, Json] = {}
        members: dict[str, Member] = {}
        while (event := self._next()).__class__ is not _MAPPING_END:
            name, (key_start, key_end, _) = self._key(event, depth)
            value, spot = self._node(self._next(), depth + 1)
            if name is None:
                continue
            if name in values:
                first = self._source.span(*members[name][:2]).line
                summary, help_ = f'the key "{name}" stands twice', f"it is first on line {first}"
                self._problem("duplicate-key", (key_start, key_end, None), summary, help_)
                continue
            values[name] = value
            members[name] = (key_start, key_end, spot)
        return values, (self._base + start.start_mark.index, self._base + event.end_mark.index, members)

    def _key(self, event: Any, depth: int) -> tuple[str | None, Spot]:
        """The name, or None after a problem; the value still has to be read."""
        if event.__class__ is not yaml.ScalarEvent:
            value, spot = self._node(event, depth + 1)
            if isinstance(value, str):
                return value, spot
            self._problem("bad-key", spot, "a list or a mapping cannot be a key", self._advice(event))
            return None, spot
        before = self._sound, len(self._problems)
        value, spot = self._node(event, depth + 1)
        if event.style or (isinstance(value, str) and event.value != "<<"):
            return event.value, spot
        self._sound = before[0]
        del self._problems[before[1] :]  # what is wrong with it as a number does not matter: it is a key
        if event.value == "<<":
            help_ = "write the keys out, or `use:` a predicate"
            self._problem("merge-key", spot, "the merge key << is not used here", help_)
        else:
            summary = f"{event.value or 'an empty key'} is no text, and a key must be one"
            self._problem("bad-key", spot, summary, f'quote it: "{event.value}"')
        return None, spot

    def _advice(self, event: Any) -> str:
        """Of a mapping as a key, which is what YAML makes of a template without quotes: ``title: {{ user_email }}``."""
        start = self._base + event.start_mark.index
        if self._source.text[max(0, start - 1) : start + 1] == "{{":
            return "a template begins like a mapping: put the whole text in quotes"
        return "keys are texts"

    def _scalar(self, event: Any) -> Json:
        text: str = event.value
        if event.style:  # quoted or block: a string whatever it looks like
            return text
        try:
            value = plain_value(text)
        except NotANumberError as error:
            self._problem("bad-number", self._spot(event), str(error), "quote it if it is a text")
            return 0
        if value.__class__ is int and has_leading_zero(text):
            summary, help_ = f"{text} reads as the number {value}", f'a text needs quotes: "{text}"'
            self._problem("leading-zero", self._spot(event), summary, help_, severity="warning")
        return value

    def _alias(self, event: Any, depth: int) -> tuple[Json, Spot]:
        name = event.anchor
        found = self._anchors.get(name)
        if found is _OPEN:
            raise self._refused("alias", f"*{name} stands inside what it repeats", event, "write it out")
        if found is None:
            help_ = f'a text that begins with `*` needs quotes: "*{name}"'
            raise self._refused("alias", f"no anchor &{name} stands before *{name}", event, help_)
        nodes, height = _size(found.value)
        self._aliased += nodes
        if self._aliased > MAXIMUM_ALIASED_NODES:
            summary = f"aliases repeat more than {MAXIMUM_ALIASED_NODES:,} values"
            raise self._refused("alias", summary, event, "use a named list or predicate of a definitions file")
        if depth + height - 1 > MAXIMUM_DEPTH:
            raise self._too_deep(event)
        return deepcopy(found.value), found.spot

    def _spot(self, event: Any) -> Spot:
        return self._base + event.start_mark.index, self._base + event.end_mark.index, None

    def _too_deep(self, event: Any) -> _Refused:
        return self._refused("too-deep", f"nested more than {MAXIMUM_DEPTH} levels deep", event, "flatten it")

    def _refused(self, code: str, summary: str, event: Any, help_: str) -> _Refused:
        start = self._base + event.start_mark.index
        end = self._base + max(event.end_mark.index, event.start_mark.index + 1)
        return _Refused(Problem(code, "error", summary, self._source.span(start, end), help_))

    def _problem(self, code: str, spot: Spot, summary: str, help_: str, severity: ProblemSeverity = "error") -> None:
        span = self._source.span(spot[0], spot[1])
        if len(self._problems) >= MAXIMUM_PROBLEMS:
            raise _Refused(too_many(span))
        self._sound = self._sound and severity != "error"
        self._problems.append(Problem(code, severity, summary, span, help_))


def _size(value: Json) -> tuple[int, int]:
    """How many values it is, itself included, and how many levels of collections."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    if parts is None:
        return 1, 0
    sizes = [_size(part) for part in parts]
    return 1 + sum(nodes for nodes, _ in sizes), 1 + max((height for _, height in sizes), default=0)
