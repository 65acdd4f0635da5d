"""What is counted while the engine runs, for metrics: commits, deliveries, refusals. Safe from several threads."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from typing import Final

from trailbell_notifiers.delivery.sender import Sent

BUCKETS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

UNKNOWN: Final = "unknown"
"""Instead of a route, for what has come to none."""


class Observed:
    """Counts since the start.

    Attributes:
        attempts: by receiver and outcome: ``delivered``, ``retry``, ``ambiguous``, ``rejected``.
        commits: per bucket of ``BUCKETS_S``, and the last of all that took longer.
        commit_s: how long all commits took together.
        refusals: requests that were not answered as they wished, by route and HTTP status.
        cut: connections that were ended without an answer: ``many`` of one address, or ``slow``.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.attempts: Counter[tuple[str, str]] = Counter()
        self.commits = [0] * (len(BUCKETS_S) + 1)
        self.commit_s = 0.0
        self.refusals: Counter[tuple[str, int]] = Counter()
        self.cut: Counter[str] = Counter()

    def attempt(self, sent: Sent) -> None:
        """An attempt to deliver has ended."""
        with self._lock:
            self.attempts[sent.delivery.receiver, type(sent.receipt).__name__.lower()] += 1

    def commit(self, seconds: float) -> None:
        """A transaction of the store took so long to become durable."""
        with self._lock:
            self.commits[bisect_left(BUCKETS_S, seconds)] += 1
            self.commit_s += seconds

    def refuse(self, route: str, status: int) -> None:
        """A request was not answered as it wished."""
        with self._lock:
            self.refusals[route, status] += 1

    def end(self, why: str) -> None:
        """A connection was ended without an answer."""
        with self._lock:
            self.cut[why] += 1
