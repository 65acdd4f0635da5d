"""Inputs of a group, where each statement is a message to a server: sent together, then taken one by one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, TypeAlias

from trailbell_engine.decode import write_json
from trailbell_engine.event import Event, Input, Tick

from .database import Database

_INSERT: Final = (
    "INSERT INTO input (source, kind, id, event_type, time_us, untimed, data) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)

_Row: TypeAlias = tuple[str, int, str | None, str | None, int, bool, bytes | None]


class Ahead:
    """The inputs of the running transaction that are written already, and which of them are new."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._written: deque[tuple[Input, bool]] = deque()

    def write(self, inputs: Iterable[Input]) -> None:
        """Write events and clock ticks, in their order, at the beginning of a transaction."""
        self.clear()
        items = [item for item in inputs if isinstance(item, Event | Tick)]
        if items:
            counts = self._database.counted(_INSERT, map(_row, items))
            self._written.extend((item, count > 0) for item, count in zip(items, counts, strict=True))

    def take(self, item: Input) -> bool | None:
        """Whether the input is new; None if it was not written, and is the caller's to record."""
        if self._written and self._written[0][0] is item:
            return self._written.popleft()[1]
        return None

    def clear(self) -> None:
        """The transaction is over, or undone."""
        self._written.clear()


def _row(item: Event | Tick) -> _Row:
    if isinstance(item, Tick):
        return (item.source, 1, None, None, item.time_us, False, None)
    return (item.source, 0, item.id, item.event_type, item.time_us, item.untimed, write_json(item.data))
