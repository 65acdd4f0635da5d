"""From a path to what an event has there. Nearly all paths are short chains of plain names, and read as such."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .event import Event
from .path import Path, Root, resolve
from .values import MISSING, Json

Reader: TypeAlias = Callable[[Json, Event], Any]
"""Takes the value paths start at (the event's record, or an element) and the event."""


class Several(list[Json]):
    """More than one value, or an array met on the way: what a reader returns when the plain chain of names ended."""


def reader(path: Path) -> Reader:
    """A function that returns the path's one value, MISSING, or ``Several`` values in order."""
    if path.root is Root.ENVELOPE:
        name = str(path.segments[0])
        if name == "event_type":
            return lambda _here, event: event.event_type
        return lambda _here, event: event.envelope(name)
    if path.root is Root.HERE and path.segments and all(isinstance(segment, str) for segment in path.segments):
        return _chain(path)
    return _general(path)


def _general(path: Path) -> Reader:
    def read(here: Json, event: Event) -> Any:
        values = resolve(path, here, event)
        if len(values) == 1:
            return values[0]
        return Several(values) if values else MISSING

    return read


def _chain(path: Path) -> Reader:
    """A chain of names. Where it meets an array it starts over by the general way, which events seldom need."""
    names, general = path.segments, _general(path)
    if len(names) == 1:
        (only,) = names

        def read_one(here: Json, event: Event) -> Any:
            return here.get(only, MISSING) if here.__class__ is dict else general(here, event)

        return read_one

    def read(here: Json, event: Event) -> Any:
        value = here
        for name in names:
            if value.__class__ is dict:
                value = value.get(name, MISSING)
            elif value.__class__ is list:
                return general(here, event)
            else:
                return MISSING
        return value

    return read
