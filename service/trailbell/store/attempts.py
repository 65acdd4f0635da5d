"""What became of each attempt to deliver: the history that people read."""

from __future__ import annotations

from typing import NamedTuple

from trailbell_notifiers.delivery.outbox import Delivery, Tried

from .database import Database


class PastAttempt(NamedTuple):
    """One attempt. ``words`` are the receiver's name for the message, or why it did not arrive."""

    number: int
    at_us: int
    outcome: str
    words: str


class Attempts:
    """The ``attempt`` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, delivery: Delivery, tried: Tried) -> None:
        """Append one, inside the running transaction."""
        self._database.execute(
            "INSERT INTO attempt (delivery_id, number, at_us, outcome, words) VALUES (?, ?, ?, ?, ?)",
            (delivery.id, delivery.attempts, tried.at_us, tried.outcome, tried.words),
        )

    def of(self, delivery_id: str) -> list[PastAttempt]:
        """Those of a delivery, in order."""
        rows = self._database.rows(
            "SELECT number, at_us, outcome, words FROM attempt WHERE delivery_id = ? ORDER BY seq", (delivery_id,)
        )
        return [PastAttempt(*row) for row in rows]
