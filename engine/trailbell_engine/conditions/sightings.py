"""What an event shows of watched fields, as small texts that state can be keyed by."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from orjson import dumps

from trailbell_engine.event import Event
from trailbell_engine.path import Path, elements, resolve
from trailbell_engine.readers import reader
from trailbell_engine.values import MISSING, Json, canonical

Sighting = TypeVar("Sighting")

_WHOLE_UP_TO: Final = 100
"""Longer texts are kept as a hash and their beginning, so that state stays small whatever events hold."""
_SHOWN: Final = 40
_HASH_DIGITS: Final = 32


def compile_sightings(of: tuple[Path, ...]) -> Callable[[Event], Sequence[str]]:
    """A function that gives the values that an event shows, each once, as texts.

    Equal values, and only those, have the same text. Of one path, each value it reaches is one, the elements of arrays
    too; null is none. Of several paths the combination is one value, arrays as a whole; where a part is missing or null
    there is none.
    """
    if len(of) > 1:
        return lambda event: _combined([_part(resolve(path, event.data, event)) for path in of])
    (path,) = of
    read = reader(path)

    def sighted(event: Event) -> Sequence[str]:
        value = read(event.data, event)
        if value.__class__ is str or value.__class__ is int:
            return (_text(value),)
        if value is None or value is MISSING:
            return ()
        found = (item for value in resolve(path, event.data, event) for item in elements(value))
        return list(dict.fromkeys(_text(value) for value in found if value is not None))

    return sighted


def _combined(parts: list[Json]) -> list[str]:
    return [] if None in parts else [_text(parts)]


def _part(values: list[Json]) -> Json:
    return values[0] if len(values) == 1 else values or None


def _text(value: Json) -> str:
    kind = value.__class__
    text = dumps(value).decode() if kind is str else str(value) if kind is int else canonical(value)
    if len(text) <= _WHOLE_UP_TO:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
    return f"#{digest}{text[:_SHOWN]}"


def drop_first(seen: dict[str, Sighting], is_gone: Callable[[Sighting], bool]) -> None:
    """Drop the sightings at the front that are gone; those behind the first that is not are not looked at."""
    gone = []
    for value, sighting in seen.items():
        if not is_gone(sighting):
            break
        gone.append(value)
    for value in gone:
        del seen[value]


def shown(text: str) -> Json:
    """The value again, for people; of a long one the beginning."""
    return f"{text[_HASH_DIGITS + 1 :]}…" if text.startswith("#") else json.loads(text)
