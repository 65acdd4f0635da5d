"""When to look at what: things filed under coarse instants, so that nothing is ever searched for what is due.

Event time is cut into *grains* of some 67 s. What is filed under a grain is looked at once that grain has come or has
passed; if it is not due by then (its key was seen again in the meantime), it is filed again. So each thing is filed
once, however often it changes, and looking costs a constant share of what was filed.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import Final, Generic, Protocol, TypeVar

GRAIN_BITS: Final = 26
"""A grain is ``2**26`` microseconds: coarse beside an event, fine beside the windows that fill a memory."""

NEVER_US: Final = 2**62
"""The instant at which what does not expire does: after every event."""

T = TypeVar("T")


class Page(Protocol[T]):
    """What is filed under one grain: a list, or something smaller."""

    def append(self, item: T, /) -> None:
        """Add a thing."""

    def __iter__(self) -> Iterator[T]:
        """The things, in the order they were added."""


class Agenda(Generic[T]):
    """Things by grain."""

    def __init__(self, page: Callable[[], Page[T]]) -> None:
        """Begin with nothing.

        Args:
            page: makes an empty page.
        """
        self._new_page = page
        self._pages: dict[int, Page[T]] = {}
        self._order: list[int] = []

    def file(self, grain: int, item: T) -> None:
        """Look at the thing when the grain has come."""
        page = self._pages.get(grain)
        if page is None:
            page = self._pages[grain] = self._new_page()
            heapq.heappush(self._order, grain)
        page.append(item)

    @property
    def next(self) -> int | None:
        """The first grain under which something is filed."""
        return self._order[0] if self._order else None

    def take(self) -> tuple[int, Page[T]]:
        """Take out the first page; there must be one."""
        grain = heapq.heappop(self._order)
        return grain, self._pages.pop(grain)
