"""The pace of a channel on a virtual clock: how long messages to one target wait for each other."""

from __future__ import annotations

from collections import deque

from trailbell_notifiers.pace import Bucket, Rate, full, take


class Lane:
    """Messages to one target in order, each as soon as the pace lets it go."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._bucket: Bucket | None = None
        self._sent_us: deque[int] = deque()

    @property
    def waiting(self) -> int:
        """Messages that were waiting when the last one came, itself included."""
        return len(self._sent_us)

    def send(self, at_us: int) -> int:
        """Hand over a message; how long it waits."""
        while self._sent_us and self._sent_us[0] <= at_us:
            self._sent_us.popleft()
        free_us = max(at_us, self._sent_us[-1] if self._sent_us else 0)
        bucket, wait_us = take(self._bucket or full(self._rate, free_us), self._rate, free_us)
        while wait_us:
            free_us += wait_us
            bucket, wait_us = take(bucket, self._rate, free_us)
        self._bucket = bucket
        if free_us > at_us:
            self._sent_us.append(free_us)
        return free_us - at_us
