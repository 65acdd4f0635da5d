"""Whether a queue's receiver works, and if not, how seldom it is asked: a circuit breaker as a value.

    closed ──five failures in a row──▶ open ──a message taken, or judged──▶ closed

While it is open nothing is sent but probes: now and then one of the two messages that have waited longest, in turn.
Two, because one alone may be what the receiver chokes on. Everything else waits its turn untouched, so nothing
is lost, and order is kept.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final

from trailbell_engine.timestamps import HOUR_US, MINUTE_US, SECOND_US
from trailbell_notifiers.receipt import Delivered, Receipt, Rejected, Retry

OPEN_AFTER: Final = 5
"""Failures in a row; as many as one message gets before it steps aside."""
PROBE_EVERY_US: Final = 5 * MINUTE_US
_SECOND_PROBE_US: Final = SECOND_US
_JITTER: Final = 0.2
TROUBLE_AFTER_US: Final = 2 * MINUTE_US
"""After so long without success people are told elsewhere."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """How a queue's receiver does. Times in microseconds since the epoch, UTC.

    Attributes:
        failures: in a row; 0 while it works.
        since_us: of the first of them; None while it works.
        probe_us: nothing is sent before, once it is open.
        reason: of the last failure, in words.
    """

    failures: int = 0
    since_us: int | None = None
    probe_us: int = 0
    reason: str = ""

    @property
    def is_open(self) -> bool:
        """Whether only probes are sent."""
        return self.failures >= OPEN_AFTER

    @property
    def place(self) -> int:
        """Which of the waiting messages is the probe: 0 the oldest, 1 the one after it."""
        return (self.failures - OPEN_AFTER + 1) % 2

    def is_trouble(self, now_us: int) -> bool:
        """Whether it has failed for so long that somebody else should hear of it."""
        return self.since_us is not None and now_us - self.since_us >= TROUBLE_AFTER_US


WORKS: Final = Breaker()


def tried(breaker: Breaker, receipt: Receipt, now_us: int, salt: str = "") -> Breaker:
    """The breaker after an attempt.

    A message that was refused for what it is shows a receiver that works. One that asks for a pause fails like any
    other: it may be busy, but the pauses between attempts grow, so that five of them are more than two minutes in
    which it took nothing.

    Args:
        breaker: before.
        receipt: of the attempt.
        now_us: when it came.
        salt: makes the jitter differ between queues, and be the same on every run.
    """
    if isinstance(receipt, Delivered) or (isinstance(receipt, Rejected) and receipt.kind == "payload"):
        return WORKS
    failures = breaker.failures + 1
    since_us = now_us if breaker.since_us is None else min(breaker.since_us, now_us)  # the clock may have been ahead
    failed = replace(breaker, failures=failures, since_us=since_us, reason=receipt.reason)
    if not failed.is_open:
        return failed
    asked_s = receipt.after_s if isinstance(receipt, Retry) else None
    asked_us = round(min((asked_s or 0.0) * SECOND_US, HOUR_US))
    pause_us = _SECOND_PROBE_US if failed.place else _spread(PROBE_EVERY_US, f"{salt}.{failures}")
    return replace(failed, probe_us=now_us + max(pause_us, asked_us))


def _spread(pause_us: int, salt: str) -> int:
    part = int.from_bytes(hashlib.sha256(salt.encode()).digest()[:4], "big") / 0xFFFFFFFF
    return round(pause_us * (1 - _JITTER + 2 * _JITTER * part))
