"""What events of history look like: their kinds, their fields, the commonest values. A summary in bounded memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from trailbell_engine.decoding.exact_json import read_json
from trailbell_engine.event import Event
from trailbell_engine.values import Json
from trailbell_rules.lint import Seen

from .sources.base import Inputs
from .store.database import Database

NEWEST: Final = 200_000
"""Events of a store that are counted: the newest ones."""
LOOKED_INTO: Final = 200
"""Events of each kind that are looked into for their fields."""
_MOST_LOOKED_INTO: Final = 20_000
_MOST_FIELDS: Final = 5_000
_MOST_VALUES: Final = 1_000
_LONGEST_VALUE: Final = 200
_DEEPEST: Final = 16

Names: TypeAlias = tuple[str, ...]
"""The names on the way to a field; an array on the way is passed through, as paths of rules do."""


@dataclass(slots=True)
class FieldUse:
    """A field in the events that were looked into.

    Attributes:
        events: how many have it, by kind of event.
        types: of its values, in JSON's words.
        values: how many events have which text, number or boolean; at most 1,000 of them.
        more: it has other values, too.
    """

    events: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    values: Counter[Json] = field(default_factory=Counter)
    more: bool = False

    def note(self, event_type: str, values: Iterable[Json]) -> None:
        """One event has these values there."""
        self.events[event_type] += 1
        found = list(values)
        self.types.update({_type(value) for value in found})
        for value in {(type(value), value) for value in found if isinstance(value, str | int | float)}:
            self._count(value[1])

    def _count(self, value: Json) -> None:
        if isinstance(value, str) and len(value) > _LONGEST_VALUE:
            self.more = True
        elif value in self.values or len(self.values) < _MOST_VALUES:
            self.values[value] += 1
        else:
            self.more = True


@dataclass(slots=True)
class Profile:
    """A summary of events.

    Attributes:
        event_types: how many events there are of each kind.
        read: how many of these were looked into.
        first_us, last_us: the earliest and the latest time (microseconds, UTC); None without events.
        fields: by the names on the way to each.
        more: there are fields beyond the 5,000 that are kept.
    """

    event_types: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    first_us: int | None = None
    last_us: int | None = None
    fields: dict[Names, FieldUse] = field(default_factory=dict)
    more: bool = False

    @property
    def events(self) -> int:
        """How many events there are."""
        return self.event_types.total()

    def count(self, event_type: str, number: int, first_us: int, last_us: int) -> None:
        """So many events of a kind, between these times."""
        self.event_types[event_type] += number
        self.first_us = first_us if self.first_us is None else min(self.first_us, first_us)
        self.last_us = last_us if self.last_us is None else max(self.last_us, last_us)

    def look_into(self, event_type: str, data: Json) -> None:
        """The fields of one event."""
        self.read[event_type] += 1
        reached: dict[Names, list[Json]] = defaultdict(list)
        for names, value in _fields(data, ()):
            reached[names].append(value)
        for names, values in reached.items():
            if names not in self.fields and len(self.fields) >= _MOST_FIELDS:
                self.more = True
                continue
            self.fields.setdefault(names, FieldUse()).note(event_type, values)

    def share(self, use: FieldUse) -> float:
        """The share of all events that have the field, as far as those that were looked into tell."""
        having = sum(self.event_types[name] * number / self.read[name] for name, number in use.events.items())
        return having / self.events if self.events else 0.0

    def seen(self) -> Seen | None:
        """As the checks of rules want it; None if there are no events."""
        if self.first_us is None or self.last_us is None:
            return None
        plain = (names for names in self.fields if not any("." in name for name in names))
        return Seen(
            events=self.events,
            first_us=self.first_us,
            last_us=self.last_us,
            event_types=dict(self.event_types),
            read=self.read.total(),
            paths=frozenset(map(".".join, plain)),
        )


def of_store(database: Database, event_type: str | None = None) -> Profile:
    """The newest events of a store; with a kind, only those of that kind."""
    profile = Profile()
    row = database.one("SELECT max(seq) FROM input")
    after = max(0, (row[0] if row and row[0] else 0) - NEWEST)
    rows = database.rows(
        "SELECT event_type, count(*), min(time_us), max(time_us) FROM input "
        "WHERE kind = 0 AND seq > ?1 AND event_type = coalesce(?2, event_type) GROUP BY event_type ORDER BY event_type",
        (after, event_type),
    )
    for name, number, first_us, last_us in rows:
        profile.count(name, number, first_us, last_us)
    newest = database.rows(
        "SELECT event_type, data FROM input WHERE seq IN (SELECT seq FROM (SELECT seq, row_number() OVER "
        "(PARTITION BY event_type ORDER BY seq DESC) AS place FROM input "
        "WHERE kind = 0 AND seq > ?1 AND event_type = coalesce(?2, event_type)) AS placed WHERE place <= ?3 "
        "ORDER BY place, seq LIMIT ?4)",
        (after, event_type, LOOKED_INTO, _MOST_LOOKED_INTO),
    )
    for name, data in newest:
        profile.look_into(name, read_json(data))
    return profile


def of_source(source: Inputs, event_type: str | None = None) -> Profile:
    """All events of a bounded source; with a kind, only those of that kind.

    Raises:
        SourceError: if it cannot be read.
    """
    profile = Profile()
    with closing(source.batches(None)) as batches:
        for batch in batches:
            for event in batch.inputs:
                if isinstance(event, Event) and event_type in (None, event.event_type):
                    profile.count(event.event_type, 1, event.time_us, event.time_us)
                    if profile.read[event.event_type] < LOOKED_INTO and profile.read.total() < _MOST_LOOKED_INTO:
                        profile.look_into(event.event_type, event.data)
    return profile


def _fields(value: Json, names: Names) -> Iterator[tuple[Names, Json]]:
    """Every field below a value with its value; of an array its elements, and the array itself if it is empty."""
    if names and (not isinstance(value, list) or not value):
        yield names, value
    if isinstance(value, dict) and len(names) < _DEEPEST:
        for name, entry in value.items():
            yield from _fields(entry, (*names, name))
    elif isinstance(value, list):
        for element in value:
            yield from _fields(element, names)


def _type(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | float():
            return "number"
        case list():
            return "array"
        case _:
            return "object"
