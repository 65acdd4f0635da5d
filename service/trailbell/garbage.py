"""Python's search for garbage, kept out of the way where much is made: what is to stay, and what goes by itself."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

_MANY: Final = 20_000
"""Objects with parts that may be added until the next search: a hundred times those of a batch of events."""


@contextmanager
def not_collecting() -> Iterator[None]:
    """Do not search: with each search all that has been made so far would be walked again."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


class _Seldom:
    """A setting of the process: the first user makes it, the last one takes it back."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._before = gc.get_threshold()

    def begin(self) -> None:
        with self._lock:
            if not self._users:
                self._before = first, *others = gc.get_threshold()
                if first:  # 0 is how somebody said: not at all
                    gc.set_threshold(max(first, _MANY), *others)
            self._users += 1

    def end(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                gc.set_threshold(*self._before)


_seldom: Final = _Seldom()


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """Search when many objects have been added, and not whenever some are there.

    By default every few events that are decoded begin a search, which finds nothing: an event holds no cycle, and goes
    when nobody needs it. Every hundredth search walks all rules and all that they remember.
    """
    _seldom.begin()
    try:
        yield
    finally:
        _seldom.end()
