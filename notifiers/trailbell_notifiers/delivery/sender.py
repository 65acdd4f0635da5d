"""One step of sending: claim, keep to the rate, send, record. A service calls it in a loop, one thread per queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from trailbell_notifiers.channel import Attempt, Channel
from trailbell_notifiers.pace import Bucket, full, take
from trailbell_notifiers.receipt import Delivered, Receipt

from .breaker import tried
from .outbox import Delivery, OutboxStore, Queue, Tried, after, recovered


class Sent(NamedTuple):
    """An attempt was made. ``recorded`` is false if the lease was lost meanwhile, and the store unchanged."""

    delivery: Delivery
    receipt: Receipt
    recorded: bool


class Wait(NamedTuple):
    """Nothing to do before this instant; None: until something is added."""

    until_us: int | None


@dataclass(slots=True)
class Sender:
    """Sends what is due of one receiver.

    Attributes:
        channel: the receiver.
        store: the outbox.
        now_us: the clock, microseconds since the epoch, UTC.
        epoch: this run of the program; grows with every start.
    """

    channel: Channel
    store: OutboxStore
    now_us: Callable[[], int]
    epoch: int
    _bucket: Bucket | None = field(default=None, init=False)

    def step(self, queue: Queue) -> Sent | Wait:
        """Make at most one attempt on a queue of this receiver. Blocks as long as the channel's ``send`` does."""
        now_us = self.now_us()
        due_us = self.store.next_due_us(queue, now_us, self.epoch)
        if due_us is None or due_us > now_us:
            return Wait(due_us)
        wait_us = self._pace(now_us)
        if wait_us:
            return Wait(now_us + wait_us)
        leased = self.store.claim(queue, now_us, self.epoch)
        if leased is None:
            return Wait(now_us)
        earlier = self.store.reference(queue, leased.thread)
        attempt = Attempt(leased.id, leased.target, leased.attempts, leased.uncertain, leased.created_us / 1e6, earlier)
        receipt = self.channel.send(leased.body, attempt, now_us / 1e6)
        return self._record(queue, leased, receipt)

    def _record(self, queue: Queue, leased: Delivery, receipt: Receipt) -> Sent:
        at_us, before = self.now_us(), self.store.breaker(queue)
        since = tried(before, receipt, at_us, f"{queue.receiver} {queue.target}")
        outcome = after(leased, receipt, at_us, outage=before.is_open)
        words = receipt.reference if isinstance(receipt, Delivered) else receipt.reason
        back = recovered(leased, receipt) or (before.is_open and not since.is_open)
        made = Tried(at_us, type(receipt).__name__.lower(), words, since)
        return Sent(outcome, receipt, self.store.record(outcome, epoch=self.epoch, recovered=back, tried=made))

    def _pace(self, now_us: int) -> int:
        rate = self.channel.rate
        if rate is None:
            return 0
        self._bucket, wait_us = take(self._bucket or full(rate, now_us), rate, now_us)
        return wait_us
