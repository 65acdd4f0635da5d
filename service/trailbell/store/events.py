"""Recorded events by id, for people who ask about one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from trailbell_engine.decoding.exact_json import read_json
from trailbell_engine.event import Event

from .database import Database

_COLUMNS = "seq, source, id, event_type, time_us, data, untimed"
_LAST = "\U0010ffff"
"""No id goes on with this, so everything that begins with a text is below the text followed by it."""


class RecordedEvent(NamedTuple):
    """An event and its number among the inputs."""

    seq: int
    event: Event


class Events:
    """The events of the ``input`` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, beginning: str, limit: int = 3) -> list[RecordedEvent]:
        """The events whose id is or begins so, of every source; an exact one alone."""
        rows = [
            row
            for (source,) in self._database.rows("SELECT DISTINCT name FROM source ORDER BY name")
            for row in self._database.rows(
                f"SELECT {_COLUMNS} FROM input "  # noqa: S608 - constants
                "WHERE kind = 0 AND source = ? AND id >= ? AND id < ? ORDER BY id LIMIT ?",
                (source, beginning, beginning + _LAST, limit),
            )
        ]
        found = [_recorded(*row) for row in rows]
        return [entry for entry in found if entry.event.id == beginning] or found[:limit]

    def of(self, source: str, ids: Iterable[str]) -> Mapping[str, Event]:
        """Those events of a source that are there still, by id."""
        found: dict[str, Event] = {}
        for event_id in ids:
            row = self._database.one(
                f"SELECT {_COLUMNS} FROM input WHERE kind = 0 AND source = ? AND id = ?",  # noqa: S608 - constants
                (source, event_id),
            )
            if row is not None:
                found[event_id] = _recorded(*row).event
        return found


def _recorded(
    seq: int, source: str, event_id: str, event_type: str, time_us: int, data: bytes, untimed: int
) -> RecordedEvent:
    return RecordedEvent(seq, Event(source, event_id, event_type, time_us, read_json(data), bool(untimed)))
