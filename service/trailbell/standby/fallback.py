"""A fallback: what waits for a receiver that has failed for two minutes is told by another one, too.

The original stays in its queue, marked, and arrives when the receiver is back: each receiver that a route names gets
its message. Who was told of the alerts anyway is not told again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trailbell.store.database import Database
from trailbell.store.decisions import Decisions
from trailbell.store.outbox import StoreOutbox
from trailbell_engine.alert import SEVERITIES
from trailbell_notifiers.channel import Channel
from trailbell_notifiers.delivery.breaker import Breaker
from trailbell_notifiers.delivery.outbox import Delivery, Queue, deliveries
from trailbell_notifiers.groups.group import Note

from .retelling import Retelling

AT_ONCE: Final = 100
"""Deliveries diverted in one transaction, so that nobody waits long for the store."""


class Fallback:
    """Diverts what waits for receivers that fail."""

    def __init__(
        self, database: Database, channels: Mapping[str, Channel], fallbacks: Mapping[str, str], retelling: Retelling
    ) -> None:
        """Wire it.

        Args:
            database: the store.
            channels: the receivers by name.
            fallbacks: receiver -> the one that stands in for it.
            retelling: writes its messages.
        """
        self._database = database
        self._outbox = StoreOutbox(database)
        self._decisions = Decisions(database)
        self._channels = channels
        self._fallbacks = fallbacks
        self._retelling = retelling

    def divert(self, queue: Queue, breaker: Breaker, now_us: int) -> int:
        """Have others told of what waits in a queue whose receiver fails; say how many deliveries were dealt with."""
        name = self._fallbacks.get(queue.receiver)
        if name is None or not breaker.is_trouble(now_us):
            return 0
        dealt = 0
        while True:
            with self._database.transaction():
                waiting = self._outbox.undiverted(queue, AT_ONCE)
                for delivery in waiting:
                    self._divert(delivery, self._channels[name], breaker.reason, now_us)
            dealt += len(waiting)
            if len(waiting) < AT_ONCE:
                return dealt

    def _divert(self, delivery: Delivery, channel: Channel, reason: str, now_us: int) -> None:
        words = f"instead of {delivery.receiver}, which fails: {reason}"
        message = self._retelling.again(delivery, words)
        self._outbox.mark_diverted(delivery.id, channel.name)
        if message is None:
            return
        told = self._retelling.told(delivery)
        if all(self._knows(channel.name, alert_id, severity) for alert_id, severity in told.items()):
            words = f"{channel.name} is told anyway, while {delivery.receiver} fails: {reason}"
        else:
            self._outbox.add(deliveries(message, channel, now_us), {channel.name: words})
        self._decisions.add([Note(id_, "diverted", words, channel.name, now_us) for id_ in told])

    def _knows(self, receiver: str, alert_id: str, severity: str) -> bool:
        """Whether it was told of the alert, as one that is as urgent."""
        told = [note for note in self._decisions.of(alert_id) if note.what == "told" and note.receiver == receiver]
        return any(_urgency(note.severity) >= _urgency(severity) for note in told)


def _urgency(severity: str) -> int:
    """From 0; what nobody has noted is the least."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0
