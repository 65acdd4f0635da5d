"""Figures over the numbers of a window, kept up as numbers come and go, so that none is worked out anew.

All are exact: a sum is that of the numbers as they are, rounded once when it is asked for, whatever their order.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, insort
from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeAlias

Number: TypeAlias = int | float

_UNIT_BITS: Final = 1074
"""Every finite double is a whole multiple of ``2**-1074`` (IEEE 754, binary64)."""
GREATEST: Final = int(sys.float_info.max)
"""The greatest double; JSON readers refuse what is greater."""


class Figure(Protocol):
    """A figure over a bag of numbers."""

    def add(self, number: Number) -> None:
        """One more."""

    def remove(self, number: Number) -> None:
        """One of those that were added less."""

    def value(self) -> Number:
        """The figure; there is at least one number."""


class _Total:
    """The sum: whole as long as all numbers are and a double could hold it, else the double that is nearest to it."""

    def __init__(self) -> None:
        self._whole = self._units = self._number = self._broken = 0

    def add(self, number: Number) -> None:
        self._count(number, 1)

    def remove(self, number: Number) -> None:
        self._count(number, -1)

    def value(self) -> Number:
        if not self._broken and -GREATEST <= self._whole <= GREATEST:
            return self._whole
        return _divided(self._all_units(), 1 << _UNIT_BITS)

    def _all_units(self) -> int:
        return self._units + (self._whole << _UNIT_BITS)

    def _count(self, number: Number, sign: int) -> None:
        self._number += sign
        if isinstance(number, int):
            self._whole += sign * number
            return
        above, below = number.as_integer_ratio()
        self._units += sign * (above << (_UNIT_BITS + 1 - below.bit_length()))
        self._broken += sign


class _Mean(_Total):
    def value(self) -> Number:
        if not self._broken:
            return _divided(self._whole, self._number)
        return _divided(self._all_units(), self._number << _UNIT_BITS)


def _divided(above: int, below: int) -> float:
    """The double nearest to the quotient; the greatest there is for one that is greater."""
    try:
        return above / below
    except OverflowError:
        return sys.float_info.max if above > 0 else -sys.float_info.max


class _Ranked:
    """One of the numbers by its place among all, in order of size."""

    def __init__(self, place: Callable[[int], int]) -> None:
        self._place = place
        self._numbers: list[Number] = []

    def add(self, number: Number) -> None:
        insort(self._numbers, _plain(number))

    def remove(self, number: Number) -> None:
        del self._numbers[bisect_left(self._numbers, number)]

    def value(self) -> Number:
        return self._numbers[self._place(len(self._numbers))]


def _plain(number: Number) -> Number:
    """Equal numbers must be the same one, whichever of them comes or goes."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _percentile(percent: int) -> Callable[[], Figure]:
    """The nearest rank: the least of the numbers that so many per cent do not exceed."""
    return lambda: _Ranked(lambda number: -(-percent * number // 100) - 1)


FIGURES: Final[Mapping[str, Callable[[], Figure]]] = {
    "sum": _Total,
    "avg": _Mean,
    "min": lambda: _Ranked(lambda _: 0),
    "max": lambda: _Ranked(lambda number: number - 1),
    "p50": _percentile(50),
    "p95": _percentile(95),
    "p99": _percentile(99),
}
