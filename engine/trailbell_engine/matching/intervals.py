"""Intervals: which of many contain a number.

The bounds cut the line into places: each bound itself, and the gaps between them. Where intervals overlap little, every
place knows what its intervals stand for. Where they overlap much, they are kept in a segment tree (Bentley 1977): the
places are the leaves of a binary tree, an interval is noted at the few nodes that cover it exactly, and a place's
intervals are those noted on its way to the root. However they lie, memory is n log n and a question costs log n.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

Item = TypeVar("Item")
T = TypeVar("T")

_OVERLAP: Final = 16
"""So many intervals around a place, on average, are still written out at every place."""


class Interval(NamedTuple):
    """From a lower bound to an upper one; None is no bound."""

    low: Any = None
    high: Any = None
    with_low: bool = True
    with_high: bool = True

    def meets(self, least: Any, most: Any) -> bool:
        """Whether the lower bound lets pass the greatest of some numbers, and the upper bound the least of them."""
        over = self.low is None or most > self.low or (self.with_low and most == self.low)
        return over and (self.high is None or least < self.high or (self.with_high and least == self.high))


class Intervals(Generic[T]):
    """Intervals of anything that can be sorted, and what each stands for.

    Attributes:
        least: what is below it is in no interval; None if some interval has no lower bound.
        most: what is above it is in none; None if some interval has no upper bound.
    """

    __slots__ = ("_bounds", "_nodes", "_places", "least", "most")

    def __init__(self, known: Iterable[tuple[Interval, Item]], meaning: Callable[[Sequence[Item]], T]) -> None:
        """Lay them out.

        Args:
            known: the intervals and what they stand for.
            meaning: makes of several of these what ``found`` gives.
        """
        known = list(known)
        bounds = {bound for interval, _ in known for bound in (interval.low, interval.high) if bound is not None}
        self._bounds = sorted(bounds)
        lows, highs = [interval.low for interval, _ in known], [interval.high for interval, _ in known]
        self.least = None if None in lows else min(lows, default=None)
        self.most = None if None in highs else max(highs, default=None)
        number = {bound: 2 * position + 1 for position, bound in enumerate(self._bounds)}
        leaves = 2 * len(self._bounds) + 1
        noted: list[list[Item]] = [[] for _ in range(2 * leaves)]
        for interval, item in known:
            low = 0 if interval.low is None else number[interval.low] + (not interval.with_low)
            high = leaves if interval.high is None else number[interval.high] + interval.with_high
            for node in _cover(low + leaves, high + leaves):
                noted[node].append(item)
        self._nodes = [meaning(items) if items else None for items in noted]
        self._places = self._written_out(noted, leaves, meaning)

    def found(self, place: Any) -> Iterable[T]:
        """What the intervals around the place stand for."""
        bounds = self._bounds
        if place != place:  # noqa: PLR0124 - NaN is nowhere
            return ()
        below = bisect_left(bounds, place)
        leaf = 2 * below + (below < len(bounds) and bounds[below] == place)
        return self._climb(leaf) if self._places is None else self._places[leaf]

    def _climb(self, leaf: int) -> Iterator[T]:
        node = leaf + 2 * len(self._bounds) + 1
        while node:
            meaning = self._nodes[node]
            if meaning is not None:
                yield meaning
            node >>= 1

    def _written_out(
        self, noted: list[list[Item]], leaves: int, meaning: Callable[[Sequence[Item]], T]
    ) -> list[tuple[T, ...]] | None:
        """What is found at each place; None if that is too much."""
        places: list[tuple[T, ...]] = []
        room = _OVERLAP * leaves
        for leaf in range(leaves):
            items: list[Item] = []
            node = leaf + leaves
            while node:
                items += noted[node]
                node >>= 1
            room -= len(items)
            if room < 0:
                return None
            places.append((meaning(items),) if items else ())
        return places


def _cover(first: int, after: int) -> Iterator[int]:
    """The fewest nodes that together have exactly the leaves from ``first`` up to, without, ``after``."""
    while first < after:
        if first & 1:
            yield first
            first += 1
        if after & 1:
            after -= 1
            yield after
        first >>= 1
        after >>= 1
