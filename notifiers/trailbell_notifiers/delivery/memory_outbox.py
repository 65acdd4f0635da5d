"""The outbox's contract as a model: what a store must do, said plainly over a dictionary.

No run uses it. Tests walk the store and this at random side by side, and compare what they do.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from .breaker import WORKS, Breaker
from .outbox import GIVE_WAY, OPEN_STATES, Delivery, Queue, Tried, asked_for, choose, lease, next_due


class MemoryOutbox:
    """An ``OutboxStore`` whose rows are lost with the process."""

    def __init__(self) -> None:
        self.rows: dict[str, Delivery] = {}
        self.attempts: list[tuple[str, Tried]] = []
        self._breakers: dict[Queue, Breaker] = {}
        self._epoch = 0
        self._lock = threading.Lock()

    def next_epoch(self, now_us: int, *, keep_asked: bool = False) -> int:
        """The number of a run; what waits is due, but for what somebody asked to be kept waiting."""
        with self._lock:
            self._epoch += 1
            tried_us = {id_: tried.at_us for id_, tried in self.attempts}
            waiting = [row for row in self.rows.values() if row.state in OPEN_STATES]
            asked = [row for row in waiting if row.id in tried_us and asked_for(row, tried_us[row.id], now_us)]
            kept = {row.id: row.queue for row in asked} if keep_asked else {}
            for row in waiting:
                if row.id not in kept:
                    self.rows[row.id] = replace(row, not_before_us=min(row.not_before_us, now_us))
            for queue, breaker in self._breakers.items():
                if queue not in kept.values():
                    self._breakers[queue] = replace(breaker, probe_us=0)
            return self._epoch

    def add(self, deliveries: Sequence[Delivery]) -> None:
        """Insert what is new."""
        with self._lock:
            for delivery in deliveries:
                self.rows.setdefault(delivery.id, delivery)

    def queues(self) -> list[Queue]:
        """Queues with open deliveries, in order of their oldest."""
        with self._lock:
            return list(dict.fromkeys(row.queue for row in self.rows.values() if row.state in OPEN_STATES))

    def claim(self, queue: Queue, now_us: int, epoch: int) -> Delivery | None:
        """Lease the next."""
        with self._lock:
            chosen = choose(self._open(queue), now_us, epoch, self.breaker(queue))
            if chosen is None:
                return None
            self.rows[chosen.id] = lease(chosen, epoch)
            return self.rows[chosen.id]

    def next_due_us(self, queue: Queue, now_us: int, epoch: int) -> int | None:
        """When there will be something to claim."""
        with self._lock:
            return next_due(self._open(queue), now_us, epoch, self.breaker(queue))

    def reference(self, queue: Queue, thread: str) -> str:
        """The receiver's name for the newest message of a thread."""
        with self._lock:
            rows = [row for row in self.rows.values() if row.queue == queue and row.thread == thread and row.reference]
        return rows[-1].reference if rows else ""

    def breaker(self, queue: Queue) -> Breaker:
        """How the queue's receiver does."""
        return self._breakers.get(queue, WORKS)

    def record(self, delivery: Delivery, *, epoch: int, recovered: bool, tried: Tried | None = None) -> bool:
        """Store an outcome, if the lease still holds."""
        with self._lock:
            held = self.rows.get(delivery.id)
            if held is None or held.state != "leased" or held.lease_epoch != epoch:
                return False
            self.rows[delivery.id] = delivery
            if recovered:
                self._recover(delivery)
            if tried is not None:
                self._breakers[delivery.queue] = tried.breaker
                self.attempts.append((delivery.id, tried))
            return True

    def _recover(self, delivery: Delivery) -> None:
        most = GIVE_WAY - 1 if self.breaker(delivery.queue).is_open else None
        for row in self._open(delivery.queue):
            attempts = row.attempts if most is None else min(row.attempts, most)
            not_before_us = min(row.not_before_us, delivery.not_before_us)
            self.rows[row.id] = replace(row, not_before_us=not_before_us, attempts=attempts)

    def _open(self, queue: Queue) -> list[Delivery]:
        return [row for row in self.rows.values() if row.queue == queue and row.state in OPEN_STATES]
