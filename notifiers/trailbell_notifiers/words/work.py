"""How much a template may do: counted work instead of a clock, so that the same template over the same data always ends
in the same way, on a slow machine and a fast one, live and in a dry-run.

A unit is about a character looked at or a value touched, 50 ns or so. Whatever a template's operations do costs in
proportion to what they are given, so that no nesting of loops, filters and comparisons takes longer than ``LIMIT``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

LIMIT: Final = 2_000_000
"""Units for one template: a tenth of a second. The longest template of the shipped rules takes some hundreds."""
STEP: Final = 4
"""Of any operation, whatever it is given."""


class TooMuchWorkError(Exception):
    """A template did more than it may."""


class _Meter:
    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = LIMIT


_METER: Final[ContextVar[_Meter]] = ContextVar("meter")


@contextmanager
def metered() -> Iterator[None]:
    """Within, ``charge`` and ``weigh`` count against one limit."""
    token = _METER.set(_Meter())
    try:
        yield
    finally:
        _METER.reset(token)


def charge(units: int) -> None:
    """Count some work.

    Raises:
        TooMuchWorkError: when the limit is passed.
    """
    meter = _METER.get()
    meter.left -= units
    if meter.left < 0:
        raise TooMuchWorkError("the template does too much: large values in nested loops")


def weigh(value: Any) -> Any:
    """Count what it takes to read a JSON value through, and give it back. What is too large is not read to its end.

    Raises:
        TooMuchWorkError: when the limit is passed.
    """
    charge(STEP)
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            charge(len(part) // 4)
        elif isinstance(part, Mapping):
            charge(len(part) * STEP)
            waiting.extend(part.values())
        elif isinstance(part, list | tuple):
            charge(len(part) * STEP)
            waiting.extend(part)
    return value
