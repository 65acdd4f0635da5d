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
    """Raise ``Terminated`` at SIGTERM, and KeyboardInterrupt at ^C: there is something to be left in good order."""

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        raise _error(number)

    with _hearing(stop):
        yield


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

    with _hearing(ask):
        yield
    if asked:
        raise _error(asked[0])


@contextmanager
def _hearing(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def _error(number: int) -> BaseException:
    return Terminated() if number == signal.SIGTERM else KeyboardInterrupt()
