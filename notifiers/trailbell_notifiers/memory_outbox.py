"""An outbox in memory: for tests, and for runs that keep nothing. It defines what a store must do."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from .outbox import OPEN_STATES, Delivery, Queue, choose, lease, next_due


class MemoryOutbox:
    """An ``OutboxStore`` whose rows are lost with the process."""

    def __init__(self) -> None:
        self.rows: dict[str, Delivery] = {}
        self._lock = threading.Lock()

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
            chosen = choose(self._open(queue), now_us, epoch)
            if chosen is None:
                return None
            self.rows[chosen.id] = lease(chosen, epoch)
            return self.rows[chosen.id]

    def next_due_us(self, queue: Queue, epoch: int) -> int | None:
        """When there will be something to claim."""
        with self._lock:
            return next_due(self._open(queue), epoch)

    def record(self, delivery: Delivery, *, epoch: int, recovered: bool) -> bool:
        """Store an outcome, if the lease still holds."""
        with self._lock:
            held = self.rows.get(delivery.id)
            if held is None or held.state != "leased" or held.lease_epoch != epoch:
                return False
            self.rows[delivery.id] = delivery
            if recovered:
                for row in self._open(delivery.queue):
                    self.rows[row.id] = replace(row, not_before_us=min(row.not_before_us, delivery.not_before_us))
            return True

    def _open(self, queue: Queue) -> list[Delivery]:
        return [row for row in self.rows.values() if row.queue == queue and row.state in OPEN_STATES]
