"""The recorded inputs as a source: a dry-run over the store sees what the live engine saw, in the same order."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Final

from trailbell.sources.base import DRY_BATCH, Batch
from trailbell.sources.judged import NOTHING
from trailbell_engine.decoding.exact_json import read_json
from trailbell_engine.event import Event, Tick
from trailbell_engine.values import Json

from .database import Database
from .ledger import EVENT, StoreLedger

_PAGE: Final = 1_000
_NEVER: Final = 2**62


class History:
    """Events and clock ticks from the store, in the order they were recorded.

    It does not end its input: what the live engine was still holding for order is held here too, so that the alerts
    are the same to the last one.

    Attributes:
        name: of the source, for checkpoints, which a replay has none of.
        lateness: per recorded source, in microseconds, as the live engine ran it.
        watches: whether anybody will look into events of a type. The others come without their record, which costs
            more to decode than all the rest: it was checked when it was recorded. By default all are looked into.
    """

    name = "store"
    lateness_us = 0
    bounded = False

    def __init__(
        self,
        database: Database,
        since_us: int | None = None,
        until_us: int | None = None,
        *,
        after_seq: int = 0,
        until_seq: int = _NEVER,
    ) -> None:
        """Replay what happened in ``[since_us, until_us)`` (event time; None is open) among some of the inputs.

        Args:
            database: the store.
            since_us: microseconds since the epoch, UTC.
            until_us: likewise.
            after_seq: the number of the last input before.
            until_seq: the number of the last input.
        """
        self._database = database
        self._after_seq = after_seq
        self._until_seq = until_seq
        self._since_us = -_NEVER if since_us is None else since_us
        self._until_us = _NEVER if until_us is None else until_us
        self.lateness = StoreLedger(database).lateness()
        self.watches: Callable[[str], bool] | None = None

    def __len__(self) -> int:
        """How many events the window holds."""
        row = self._database.one(
            "SELECT count(*) FROM input WHERE kind = 0 AND time_us >= ? AND time_us < ?",
            (self._since_us, self._until_us),
        )
        return int(row[0]) if row else 0

    def batches(self, checkpoint: Json | None) -> Generator[Batch, None, None]:  # noqa: ARG002 - a replay starts at its window's start
        """The inputs, a page at a time."""
        after = self._after_seq
        while rows := self._database.rows(
            "SELECT seq, source, kind, id, event_type, time_us, untimed, data FROM input "
            "WHERE seq > ? AND seq <= ? AND time_us >= ? AND time_us < ? ORDER BY seq LIMIT ?",
            (after, self._until_seq, self._since_us, self._until_us, _PAGE),
        ):
            after = rows[-1][0]
            for at in range(0, len(rows), DRY_BATCH):
                yield Batch([self._input(*row) for row in rows[at : at + DRY_BATCH]])

    def _input(
        self,
        _: int,
        source: str,
        kind: int,
        event_id: str,
        event_type: str,
        time_us: int,
        untimed: int,
        data: bytes,
    ) -> Event | Tick:
        if kind != EVENT:
            return Tick(time_us, source)
        is_watched = self.watches is None or self.watches(event_type)
        return Event(source, event_id, event_type, time_us, read_json(data) if is_watched else NOTHING, bool(untimed))
