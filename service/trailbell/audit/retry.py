"""Trying again: the only place where a request to the Audit API is repeated."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from .errors import AuditError, RateLimitedError, ServerError

T = TypeVar("T")

RETRY_AFTER_LIMIT_S: Final = 3600.0
"""The longest wait an answer may ask for; a mistaken date must not stop a poller for a year."""


def _ignore(_wait_s: float, _error: AuditError) -> None:
    pass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and after which pauses.

    Attributes:
        attempts: requests in all, the first included.
        base_s: the first pause is drawn from zero to this; each next range is twice as wide.
        limit_s: the widest range. A ``Retry-After`` may ask for more, up to an hour.
        sleep: waits so many seconds.
        jitter: a number from 0 to 1; full jitter keeps many clients from coming back together.
        on_wait: is told of each pause (seconds) and its cause before it starts.
    """

    attempts: int = 5
    base_s: float = 1.0
    limit_s: float = 60.0
    sleep: Callable[[float], object] = time.sleep
    jitter: Callable[[], float] = random.random
    on_wait: Callable[[float, AuditError], None] = _ignore

    def run(self, request: Callable[[], T]) -> T:
        """The result of the request.

        Raises:
            AuditError: the first that is not transient, or the last when the attempts are used up.
        """
        for attempt in range(1, self.attempts):
            try:
                return request()
            except AuditError as error:
                if not error.transient:
                    raise
                wait_s = self._pause_s(attempt, error)
                self.on_wait(wait_s, error)
                self.sleep(wait_s)
        return request()

    def _pause_s(self, attempt: int, error: AuditError) -> float:
        asked_s = error.retry_after_s if isinstance(error, RateLimitedError | ServerError) else None
        if asked_s is not None:
            return min(max(asked_s, 0.0), RETRY_AFTER_LIMIT_S)
        return self.jitter() * min(self.limit_s, self.base_s * 2.0 ** (attempt - 1))
