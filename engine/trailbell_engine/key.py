"""Keys: the values of an event by which a rule keeps state and alerts apart."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from orjson import dumps

from .event import Event, instant
from .path import Path, Root, Segment
from .readers import Several, reader
from .values import MISSING, Json, canonical

_EVENT_TYPE: Final = Path(("event_type",), Root.ENVELOPE)

KeyReader: TypeAlias = Callable[[Event], dict[str, Json]]
KeyTextReader: TypeAlias = Callable[[Event], str]


def compile_key(by: tuple[Path, ...]) -> KeyReader:
    """A function that gives an event's key: path -> value, in the order of ``by``.

    A missing part is None; several values (through an array) are a list.
    """
    readers = [(str(path), reader(path)) for path in by]

    def key(event: Event) -> dict[str, Json]:
        return {name: _value(read(event.data, event)) for name, read in readers}

    return key


def compile_key_text(by: tuple[Path, ...]) -> KeyTextReader:
    """A function that gives ``key_text`` of an event's key, at a fraction of the cost for the usual keys of strings."""
    if not by:
        return lambda _: "[]"
    key = compile_key(by)
    readers = [reader(path) for path in by]
    if len(readers) == 1:
        (read,) = readers

        def text_of_one(event: Event) -> str:
            value = read(event.data, event)
            return dumps((value,)).decode() if value.__class__ is str else key_text(key(event))

        return text_of_one

    def text(event: Event) -> str:
        values = [read(event.data, event) for read in readers]
        for value in values:
            if value.__class__ is not str:
                return key_text(key(event))
        return dumps(values).decode()

    return text


def _value(found: Any) -> Json:
    if found is MISSING:
        return None
    return list(found) if found.__class__ is Several else found


def key_of_text(by: tuple[Path, ...], text: str) -> dict[str, Json]:
    """The key of which ``key_text`` made the text."""
    return dict(zip(map(str, by), json.loads(text), strict=True))


def instant_of(by: tuple[Path, ...], key: Mapping[str, Json], source: str, time_us: int) -> Event:
    """The instant at which a key's condition fires because no event came; words and severity can speak of the key."""
    event_type = next((key[str(path)] for path in by if path == _EVENT_TYPE), "")
    return instant(source, time_us, event_type, record_of(by, key), rows_of(by, key))


def record_of(by: tuple[Path, ...], key: Mapping[str, Json]) -> dict[str, Json]:
    """A record that has the key's values where events have them, as far as plain names lead there."""
    own = [path for path in by if path.root not in (Root.ENVELOPE, Root.LOOKUP)]
    return _placed([(path.segments, key[str(path)]) for path in own])


def rows_of(by: tuple[Path, ...], key: Mapping[str, Json]) -> dict[str, Json]:
    """What a key says of looked-up rows, by lookup, where ``lookup.NAME.COLUMN`` reads it."""
    looked_up = [path for path in by if path.root is Root.LOOKUP]
    return _placed([(path.segments[1:], key[str(path)]) for path in looked_up])


def _placed(values: Sequence[tuple[Sequence[Segment], Json]]) -> dict[str, Json]:
    """An object that has each value where its segments lead, as far as they are names."""
    record: dict[str, Json] = {}
    placed: set[tuple[str, ...]] = set()
    for segments, value in sorted(values, key=lambda pair: len(pair[0])):
        names = tuple(segment for segment in segments if isinstance(segment, str))
        if len(names) < len(segments):
            continue
        if any(names[:length] in placed for length in range(1, len(names) + 1)):
            continue  # `user.name` beside `user`: it is inside the whole value
        placed.add(names)
        inner = record
        for name in names[:-1]:
            inner = inner.setdefault(name, {})
        inner[names[-1]] = value
    return record


def key_text(key: Mapping[str, Json]) -> str:
    """The key's values as one text: equal keys, and only those, have the same."""
    values = list(key.values())
    if all(value.__class__ is str for value in values):  # nearly always; the canonical form of strings is plain JSON
        return dumps(values).decode()
    return canonical(values)
