"""What stands is told again to receivers that forget: Alertmanager keeps alerts in memory, and a restart loses them.

It runs on the sender's own thread, between its deliveries, so that an alert can never be raised again after the message
that ended it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from trailbell_engine.timestamps import SECOND_US
from trailbell_notifiers.channel import Attempt, Channel
from trailbell_notifiers.delivery.outbox import Queue
from trailbell_notifiers.receipt import Delivered

from .store.outbox import StoreOutbox


@runtime_checkable
class Forgetful(Protocol):
    """A channel whose receiver forgets.

    Attributes:
        refresh_s: what stands is to be told again so often, in seconds.
        hold_s: for so long after it was told an alert stands, in seconds, unless it is resolved.
    """

    refresh_s: float
    hold_s: float


class Refresh:
    """Tells what stands of one receiver again, when it is time."""

    def __init__(self, channel: Channel, outbox: StoreOutbox, now_us: Callable[[], int]) -> None:
        self._channel = channel
        self._outbox = outbox
        self._now_us = now_us
        self._due_us = 0

    def step(self, queue: Queue) -> None:
        """Send again what stands, if it is due. A receiver that takes nothing now is asked again at the next turn."""
        channel, now_us = self._channel, self._now_us()
        if not isinstance(channel, Forgetful) or now_us < self._due_us:
            return
        self._due_us = now_us + round(channel.refresh_s * SECOND_US)
        for delivery in self._outbox.standing(queue, now_us - round(channel.hold_s * SECOND_US)):
            attempt = Attempt(
                delivery.id, delivery.target, delivery.attempts + 1, uncertain=True, created_s=delivery.created_us / 1e6
            )
            if not isinstance(channel.send(delivery.body, attempt, now_us / 1e6), Delivered):
                return
