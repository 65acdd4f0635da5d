"""A storm: if more messages wait for a receiver than anybody reads, one digest a minute stands for them all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trailbell.store.database import Database
from trailbell.store.outbox import StoreOutbox
from trailbell_engine.counted import counted
from trailbell_engine.timestamps import MINUTE_US
from trailbell_notifiers.channel import Channel
from trailbell_notifiers.delivery.notices import notice_id
from trailbell_notifiers.delivery.outbox import Queue, deliveries

from .retelling import Retelling

MOST: Final = 5_000
"""Messages that one digest stands for, so that memory is bounded and nobody waits long for the store."""


class Storm:
    """Folds what waits in a queue."""

    def __init__(
        self, database: Database, channels: Mapping[str, Channel], above: Mapping[str, int], retelling: Retelling
    ) -> None:
        """Wire it.

        Args:
            database: the store.
            channels: the receivers by name.
            above: receiver -> messages that may wait one by one; 0, or none given, for any number.
            retelling: writes the digests.
        """
        self._database = database
        self._outbox = StoreOutbox(database)
        self._channels = channels
        self._above = above
        self._retelling = retelling
        self._last_us: dict[Queue, int] = {}

    def fold(self, queue: Queue, now_us: int) -> int | None:
        """Fold what waits, if it is too much; until when nothing is to be sent, where the minute is not over."""
        above = self._above.get(queue.receiver, 0)
        if not above or self._outbox.count_fresh(queue, above + 1) <= above:
            return None
        last_us = self._last_us.get(queue)
        if last_us is not None and last_us <= now_us < last_us + MINUTE_US:
            return last_us + MINUTE_US
        with self._database.transaction():
            waiting = self._outbox.fresh(queue, MOST)
            thread = notice_id("digest", *queue, waiting[0].id, waiting[-1].id)
            message = self._retelling.digest(waiting, thread)
            if message is None:
                return None
            rows = deliveries(message, self._channels[queue.receiver], now_us)
            row = next(one for one in rows if one.target == queue.target)
            said = counted(len(waiting), "message that was", "messages that were")
            self._outbox.add([row], {queue.receiver: f"stands for {said} waiting"})
            self._outbox.fold(waiting, row.id)
        self._last_us[queue] = now_us
        return None
