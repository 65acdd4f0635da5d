"""Conditions that fire because nothing came: wake-up calls in event time, kept with the state that asked for them."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

from .state import Slot, Wake


class Timers:
    """The pending calls. A call that its state no longer asks for is found out when it comes, and costs no search."""

    def __init__(self) -> None:
        self._heaps: dict[str, list[tuple[int, Slot]]] = {}

    def add(self, slot: Slot, wake: Wake) -> None:
        """Ask for a call."""
        heapq.heappush(self._heaps.setdefault(wake.source, []), (wake.at_us, slot))

    def extend(self, calls: Iterable[tuple[Slot, Wake]]) -> None:
        """Ask for calls that an earlier run left."""
        for slot, wake in calls:
            self.add(slot, wake)

    def before(self, source: str, time_us: int) -> Iterable[tuple[int, Slot]]:
        """Take out the source's calls before an instant, in order of time and slot."""
        heap = self._heaps.get(source)
        return _taken(heap, time_us) if heap and heap[0][0] < time_us else ()  # nearly always nothing is due


def _taken(heap: list[tuple[int, Slot]], time_us: int) -> Iterator[tuple[int, Slot]]:
    while heap and heap[0][0] < time_us:
        yield heapq.heappop(heap)
