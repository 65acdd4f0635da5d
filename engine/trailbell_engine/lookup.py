"""Lookups: rows of tables that belong to an event by one of its fields, read as ``lookup.NAME.COLUMN``.

The engine does not know where tables come from; it is handed something that finds a row. The event's own record stays
as the source gave it: what was found is kept beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .event import NO_ROWS, Event
from .path import Path, elements, resolve
from .values import Json


class Table(Protocol):
    """Something that finds a row."""

    @property
    def digest(self) -> str:
        """Of the content, for people who ask whether it is still the same."""

    def find(self, value: Json) -> Mapping[str, Json] | None:
        """The row that belongs to a scalar; None if there is none. The same answer as long as the table is open."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A table under a name, and the field of events that leads to its rows."""

    name: str
    key: Path
    table: Table


class Rows(Mapping[str, Json]):
    """The rows of one event by lookup, found when they are asked for, and only once.

    A lookup without a row is None. Where the key leads to several rows (through an array) they are a list. What is
    known of a row already counts, whatever its table says now.
    """

    __slots__ = ("_event", "_found", "_known", "_lookups")

    def __init__(self, lookups: Mapping[str, Lookup], event: Event, known: Mapping[str, Json] = NO_ROWS) -> None:
        self._lookups = lookups
        self._event = event
        self._known = known
        self._found: dict[str, Json] = {}

    def __getitem__(self, name: str) -> Json:
        if name not in self._found:
            row = _row(self._lookups[name], self._event)
            self._found[name] = _overlaid(row, self._known[name]) if name in self._known else row
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lookups)

    def __len__(self) -> int:
        return len(self._lookups)


def _row(lookup: Lookup, event: Event) -> Json:
    keys = [key for value in resolve(lookup.key, event.data, event) for key in elements(value)]
    rows = [dict(row) for key in keys if (row := lookup.table.find(key)) is not None]
    return (rows[0] if len(rows) == 1 else rows) if rows else None


def _overlaid(row: Json, known: Json) -> Json:
    """The row with what is known of it; what is known to be None stays missing where it was."""
    if not isinstance(known, Mapping):
        return known
    together = dict(row) if isinstance(row, Mapping) else {}
    for name, value in known.items():
        inner = _overlaid(together.get(name), value)
        if inner is not None or name in together:
            together[name] = inner
    return together or None


class Lookups:
    """All lookups of a rule set.

    Attributes:
        by_name: the lookups.
        digests: of all content that its rules read from files, by kind and name: ``lookup people``, ``list vips``.
    """

    def __init__(self, lookups: Sequence[Lookup] = (), lists: Mapping[str, str] | None = None) -> None:
        """Collect the lookups.

        Args:
            lookups: with names of their own.
            lists: the digests of lists that are kept in files, by name.
        """
        self.by_name = {lookup.name: lookup for lookup in lookups}
        self.digests = {f"list {name}": digest for name, digest in (lists or {}).items()}
        self.digests |= {f"lookup {lookup.name}": lookup.table.digest for lookup in lookups}

    def enrich(self, event: Event) -> Event:
        """The event with its rows beside it; an event that has rows already keeps them."""
        if not self.by_name or event.lookup:
            return event
        return event._replace(lookup=Rows(self.by_name, event))

    def enrich_instant(self, instant: Event) -> Event:
        """The instant with the rows that its key leads to; where its key speaks of a row itself, that counts."""
        if not self.by_name:
            return instant
        return instant._replace(lookup=Rows(self.by_name, instant, instant.lookup))


def settled(event: Event) -> Event:
    """The event with all of its rows as plain values, for alerts: they are kept as they were when it fired."""
    return event._replace(lookup=dict(event.lookup)) if isinstance(event.lookup, Rows) else event
