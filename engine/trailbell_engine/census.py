"""How many keys each rule remembers, so that a flood of new ones is noticed before it fills the memory."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from .agenda import GRAIN_BITS


class Census:
    """The keys of one rule by the grain of time in which their memory expires (see ``agenda``).

    A key counts until the grain has passed in which it expires, for the clocks of all sources: up to 67 s longer than
    it need. The count is a function of the inputs alone; it does not depend on when a store sweeps.

    Attributes:
        clock_us: the least of the clocks of all sources; another pipeline may take over.
    """

    def __init__(self, clock_us: Callable[[], int | None]) -> None:
        """Begin with no keys.

        Args:
            clock_us: the least of the clocks of all sources, asked when it matters.
        """
        self.clock_us = clock_us
        self._keys: dict[int, int] = {}
        self._order: list[int] = []
        self._total = 0

    def add(self, grain: int, keys: int = 1) -> None:
        """So many keys more expire in that grain."""
        self._total += keys
        if grain in self._keys:
            self._keys[grain] += keys
        else:
            self._pass()
            self._keys[grain] = keys
            heapq.heappush(self._order, grain)

    def move(self, before: int | None, after: int) -> None:
        """A key will expire in another grain; None if it is a new one."""
        if before is not None:
            self.remove(before)
        self.add(after)

    def remove(self, grain: int) -> None:
        """A key that expired in that grain is forgotten, or will expire in another one."""
        left = self._keys.get(grain, 0)
        if left:  # else the grain has passed, and the key with it
            self._keys[grain] = left - 1
            self._total -= 1

    def counts(self, grain: int) -> bool:
        """Whether a key that expires in that grain counts still; if not, a store may have dropped it."""
        clock_us = self.clock_us()
        return clock_us is None or grain >= clock_us >> GRAIN_BITS

    def full(self, limit: int) -> bool:
        """Whether there are so many keys that one more is too many."""
        if self._total < limit:
            return False
        self._pass()
        return self._total >= limit

    def _pass(self) -> None:
        clock_us = self.clock_us()
        while clock_us is not None and self._order and self._order[0] < clock_us >> GRAIN_BITS:
            self._total -= self._keys.pop(heapq.heappop(self._order))
