"""SIGTERM and ^C: the first asks for an end in good order, the second does not ask."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn


class Terminated(BaseException):
    """SIGTERM. Like KeyboardInterrupt it is no Exception, so nothing on the way swallows it."""


@contextmanager
def terminable() -> Iterator[None]:
    """Raise ``Terminated`` at SIGTERM."""

    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def stopped_by_signals(stop: Callable[[], object]) -> Iterator[None]:
    """Call ``stop`` at the first SIGTERM or SIGINT; what is inside then ends in good order.

    Args:
        stop: called in a signal handler, so it must not wait for a lock.

    Raises:
        Terminated: by SIGTERM; at the end of what is inside, or at once the second time.
        KeyboardInterrupt: by ^C; likewise.
    """
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        if asked:
            raise _error(number)
        asked.append(number)
        stop()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        raise _error(asked[0])


def _error(number: int) -> BaseException:
    return Terminated() if number == signal.SIGTERM else KeyboardInterrupt()
