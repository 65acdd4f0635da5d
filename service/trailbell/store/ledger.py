"""The durable ledger: inputs, state, watermarks and checkpoints of a batch in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final, TypeAlias

import orjson

from trailbell.clock import now_us
from trailbell_engine.cells import CELL_BYTES
from trailbell_engine.decoding.exact_json import read_json, write_json
from trailbell_engine.event import Event, Input, Malformed, Tick
from trailbell_engine.state import CachedState
from trailbell_engine.values import Json

from .database import Database
from .memories import Memories
from .quarantine import keep

EVENT, TICK = 0, 1
"""The kinds of the ``input`` table."""

_INSERT: Final = (
    "INSERT INTO input (source, kind, id, event_type, time_us, untimed, data) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING"
)
_Row: TypeAlias = tuple[str, int, str | None, str | None, int, bool, bytes | None]

CACHE_BYTES: Final = 128 * 2**20
"""State that a live run keeps at hand; the rest is read from the store when its key is seen again."""


class StoreLedger(CachedState):
    """``drive.Ledger`` over a database. State that a batch changes is written once, at its end."""

    def __init__(self, database: Database, limit_bytes: int = CACHE_BYTES) -> None:
        """Read and write that store; at most so many bytes of state are kept at hand between batches."""
        self._database = database
        self._memories = Memories(database)
        self._noted: dict[str, tuple[int, int]] = {}
        super().__init__(self._memories, limit_bytes, limit_bytes // CELL_BYTES)

    def checkpoint(self, source: str) -> Json | None:
        """Where the source was at the last commit; None for a source that never committed one."""
        row = self._database.one("SELECT checkpoint FROM source WHERE name = ?", (source,))
        return None if row is None or row[0] is None else orjson.loads(row[0])

    def admit(self, source: str, lateness_us: int) -> None:
        """Note a source and the lateness it runs with, so that a replay puts its events in the same order."""
        with self._database.transaction():
            self._database.execute(
                "INSERT INTO source (name, lateness_us) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET lateness_us = excluded.lateness_us",
                (source, lateness_us),
            )

    def lateness(self) -> dict[str, int]:
        """The lateness that each known source runs with; events that are held are held by it."""
        return dict(self._database.rows("SELECT name, lateness_us FROM source ORDER BY name"))

    def watermarks(self) -> dict[str, int]:
        """The watermark of every source that has one, as of the last commit."""
        return dict(
            self._database.rows("SELECT name, watermark_us FROM source WHERE watermark_us IS NOT NULL ORDER BY name")
        )

    def held(self, source: str, watermark_us: int) -> Iterator[Event]:
        """The recorded events of the source at or after its watermark: those that wait for their turn."""
        rows = self._database.rows(
            "SELECT id, event_type, time_us, data, untimed FROM input WHERE kind = 0 AND source = ? AND time_us >= ?",
            (source, watermark_us),
        )
        for event_id, event_type, time_us, data, untimed in rows:
            yield Event(source, event_id, event_type, time_us, read_json(data), bool(untimed))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One durable batch; an exception undoes it, in the database and here."""
        try:
            with self._database.transaction():
                yield
                self._write_state()
        except BaseException:
            self.clear()
            raise

    def record(self, inputs: Sequence[Input]) -> list[bool]:
        """Append inputs; for each, False if that event, or that malformed record, is there already."""
        rows = [_row(item) for item in inputs if not isinstance(item, Malformed)]
        counts = iter(self._database.counted(_INSERT, rows) if rows else ())
        return [
            keep(self._database, item, now_us()) if isinstance(item, Malformed) else next(counts) > 0 for item in inputs
        ]

    def forget(self, versions: Iterable[tuple[str, str]]) -> None:
        """Drop what the conditions of these versions of rules (id, version) remember, inside a transaction."""
        self.refresh()
        self._memories.forget(versions)

    def clear(self) -> None:
        """Forget what the store does not know: it was rolled back."""
        super().clear()
        self._memories.undone()
        self._noted.clear()

    def left(self) -> set[str]:
        """The sources that sent no more as of the last commit (see ``event.LEAVES_US``)."""
        return {name for (name,) in self._database.rows("SELECT name FROM source WHERE left_off != 0")}

    def complete(
        self,
        source: str,
        watermarks: Mapping[str, int],
        checkpoint: Json | None,
        left: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Note the source's checkpoint if there is a new one, and the watermarks; sweep state that has expired.

        A source with a watermark that is not among those given has left.
        """
        if checkpoint is not None or source not in self._noted:
            self._database.execute(
                "INSERT INTO source (name, checkpoint) VALUES (?, ?) ON CONFLICT (name) "
                "DO UPDATE SET checkpoint = coalesce(excluded.checkpoint, source.checkpoint)",
                (source, None if checkpoint is None else orjson.dumps(checkpoint)),
            )
        reached = {name: (watermark_us, 1) for name, watermark_us in left.items()}
        reached |= {name: (watermark_us, 0) for name, watermark_us in watermarks.items()}
        changed = [(name, *there) for name, there in sorted(reached.items()) if self._noted.get(name) != there]
        if changed:
            self._database.executemany(
                "INSERT INTO source (name, watermark_us, left_off) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
                "watermark_us = excluded.watermark_us, left_off = excluded.left_off",
                changed,
            )
        if self._noted.keys() - reached.keys() or not self._noted:
            marks = ", ".join("?" * len(watermarks)) or "''"
            self._database.execute(
                f"UPDATE source SET left_off = 1 WHERE watermark_us IS NOT NULL AND name NOT IN ({marks})",  # noqa: S608 - question marks
                tuple(watermarks),
            )
        self._noted = reached
        if watermarks:
            self.sweep(min(watermarks.values()))

    def _write_state(self) -> None:
        self.flush()


def _row(item: Event | Tick) -> _Row:
    if isinstance(item, Tick):
        return (item.source, TICK, None, None, item.time_us, False, None)
    source, event_id, event_type, time_us, data, untimed, _ = item
    return (source, EVENT, event_id, event_type, time_us, untimed, write_json(data))
