"""How the receivers do, kept so that a restart, and whoever else looks, knows it."""

from __future__ import annotations

from trailbell_notifiers.delivery.breaker import WORKS, Breaker
from trailbell_notifiers.delivery.outbox import Queue

from .database import Database


class Breakers:
    """The ``breaker`` table; a queue whose receiver works has no row."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, queue: Queue) -> Breaker:
        """A queue's."""
        row = self._database.one(
            "SELECT failures, since_us, probe_us, reason FROM breaker WHERE receiver = ? AND target = ?", queue
        )
        return WORKS if row is None else Breaker(*row)

    def failing(self) -> list[tuple[Queue, Breaker]]:
        """All that fail, by name."""
        rows = self._database.rows(
            "SELECT receiver, target, failures, since_us, probe_us, reason FROM breaker ORDER BY receiver, target"
        )
        return [(Queue(receiver, target), Breaker(*rest)) for receiver, target, *rest in rows]

    def set(self, queue: Queue, breaker: Breaker) -> None:
        """Keep a queue's, inside the running transaction."""
        if breaker == WORKS:
            self._database.execute("DELETE FROM breaker WHERE receiver = ? AND target = ?", queue)
            return
        self._database.execute(
            "INSERT INTO breaker (receiver, target, failures, since_us, probe_us, reason) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (receiver, target) DO UPDATE SET failures = excluded.failures, since_us = excluded.since_us, "
            "probe_us = excluded.probe_us, reason = excluded.reason",
            (*queue, breaker.failures, breaker.since_us, breaker.probe_us, breaker.reason),
        )

    def probe_soon(self) -> None:
        """Somebody may have mended something: every receiver is asked again now. Inside the running transaction."""
        self._database.execute("UPDATE breaker SET probe_us = 0")
