"""Field paths: ``context.voice-type``, ``items[0].id``, ``a."b.c"``; inside elements ``this`` and ``$.path``."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final, TypeAlias

from .event import ENVELOPE, Event
from .values import Json

_SEGMENT: Final = re.compile(r'(?P<name>[^.\[\]"]+)|(?P<quoted>"(?:[^"\\]|\\.)*")|\[(?P<index>-?\d{1,9}|\*)\]')


class Every(Enum):
    """The segment ``[*]``: each element of an array."""

    EVERY = "[*]"


EVERY: Final = Every.EVERY
Segment: TypeAlias = str | int | Every


class Root(Enum):
    """Where a path starts."""

    HERE = "here"  # the event; inside an element operator, the element
    EVENT = "event"  # `$.…`: the event, from inside an element
    ENVELOPE = "envelope"  # event_type, id, time: the field that every source has
    LOOKUP = "lookup"  # lookup.NAME.COLUMN: a row that belongs to the event


class PathError(ValueError):
    """A text that is no path.

    Attributes:
        column: zero-based offset of the fault in the text.
        help: what to write instead.
    """

    def __init__(self, message: str, column: int, help_: str = "") -> None:
        super().__init__(message)
        self.column = column
        self.help = help_


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path. Two spellings of the same path (``a.b`` and ``a."b"``) are equal."""

    segments: tuple[Segment, ...]
    root: Root = Root.HERE

    def __hash__(self) -> int:
        """By the segments alone: to hash the member of an enumeration takes longer than all the rest."""
        return hash(self.segments)

    def __str__(self) -> str:
        """The shortest spelling that parses to this path where it stands."""
        if self.root is Root.ENVELOPE:
            return str(self.segments[0])
        text = "$" if self.root is Root.EVENT else ""
        if not text and not (self.segments and isinstance(self.segments[0], str)):
            text = "this"
        for position, segment in enumerate(self.segments):
            if isinstance(segment, str):
                alone = len(self.segments) == 1 and self.root is Root.HERE
                reserved = (alone or position == 0) and self.root is not Root.LOOKUP
                text += ("." if text else "") + _spelled(segment, reserved=reserved)
            else:
                text += f"[{'*' if segment is EVERY else segment}]"
        return text


LOOKUP: Final = "lookup"
"""The first name of paths to looked-up rows; a field of the event that is called so is quoted: ``"lookup".x``."""
_RESERVED: Final = frozenset({"all", "any", "not", "use", "this", "$", LOOKUP, *ENVELOPE})


def _spelled(name: str, *, reserved: bool) -> str:
    if name and not set(name) & set('.[]"') and not (reserved and name in _RESERVED):
        return name
    return json.dumps(name, ensure_ascii=False)


@lru_cache(maxsize=10_000)
def parse_path(text: str, *, in_element: bool = False) -> Path:
    """Parse a path as rules write it.

    Args:
        text: the path.
        in_element: it stands inside an element operator, where paths start at the element, ``this`` is the element
            and ``$.…`` reaches the event.

    Raises:
        PathError: with the column of the fault and what to write instead.
    """
    segments = _segments(text)
    quoted_first = text.startswith('"')
    root = Root.HERE
    if in_element and not quoted_first and segments[0] in ("this", "$"):
        root = Root.EVENT if segments[0] == "$" else Root.HERE
        segments = segments[1:]
        if root is Root.EVENT and not segments:
            raise PathError(
                "`$` alone is the whole event, which no operator can test", 0, "name a field: `$.user_email`"
            )
    at_event = root is Root.EVENT or not in_element
    quoted_only = text.endswith('"')
    if at_event and len(segments) == 1 and segments[0] in ENVELOPE and not quoted_only:
        root = Root.ENVELOPE
    own = quoted_first or text.startswith('$."')
    if at_event and len(segments) > 1 and segments[0] == LOOKUP and isinstance(segments[1], str) and not own:
        root = Root.LOOKUP
    return Path(tuple(segments), root)


def _segments(text: str) -> list[Segment]:
    if not text:
        raise PathError("an empty path", 0, "name a field, such as `user_email`")
    segments: list[Segment] = []
    position = 0
    while position < len(text):
        if segments and text[position] == ".":
            position += 1
        elif segments and text[position] != "[":
            raise PathError(f"expected `.` or `[` before {text[position:]!r}", position, "separate names with dots")
        found = _SEGMENT.match(text, position)
        if found is None or (found["index"] and (not segments or text[position - 1] == ".")):
            if position == len(text):
                raise PathError("the path ends with a dot", position - 1, _ADVICE)
            raise PathError(f"{text[position:]!r} is no path segment", position, _ADVICE)
        segments.append(_segment(found, position))
        position = found.end()
    return segments


_ADVICE: Final = (
    'a segment is a name without `.`, `[`, `]` or `"`, a JSON string in quotes, or `[0]`, `[-1]`, `[*]` after a name'
)


def _segment(found: re.Match[str], position: int) -> Segment:
    if found["name"]:
        return found["name"]
    if found["index"]:
        return EVERY if found["index"] == "*" else int(found["index"])
    try:
        name = str(json.loads(found["quoted"]))
        name.encode()  # half a surrogate pair is no text: no event has such a key, and no store takes it
    except ValueError as error:
        raise PathError(
            f"{found['quoted']} is no JSON string", position, 'escape `"` and `\\` with a backslash'
        ) from error
    return name


def resolve(path: Path, here: Json, event: Event) -> list[Json]:
    """Every value the path reaches; an empty list is MISSING.

    An array on the way means each of its elements (arrays in arrays too). An array at the end is returned whole:
    the operator decides whether it looks at the array or at its elements.
    """
    if path.root is Root.ENVELOPE:
        return [event.envelope(str(path.segments[0]))]
    values: list[Json] = [event.data if path.root is Root.EVENT else here]
    segments = path.segments
    if path.root is Root.LOOKUP:
        row = event.lookup.get(str(segments[1]))
        values, segments = [] if row is None else [row], segments[2:]
    for segment in segments:
        values = [reached for value in values for reached in _descend(segment, value)]
    return values


def _descend(segment: Segment, value: Json) -> list[Json]:
    if isinstance(segment, str):
        if isinstance(value, list):
            return [reached for element in value for reached in _descend(segment, element)]
        return [value[segment]] if isinstance(value, dict) and segment in value else []
    if not isinstance(value, list):
        return []
    if segment is EVERY:
        return list(value)
    return [value[segment]] if -len(value) <= segment < len(value) else []


def elements(value: Json) -> list[Json]:
    """The values a positive test looks at: the elements of an array (arrays in arrays too), else the value itself."""
    if not isinstance(value, list):
        return [value]
    return [inner for element in value for inner in elements(element)]
