"""Signals that come while a command is still being loaded, before it has handlers of its own.

Python's own answers do not do: a KeyboardInterrupt out of the middle of an import is a traceback, or is swallowed by
the machinery of imports and lost, and SIGTERM and SIGHUP are death without a word. Until the store is open nothing is
under way that an end could leave undone, so it comes at once, with the words and the code of any other end.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from types import FrameType

from .exits import Exit

_SERVICES = ("run", "serve")
"""Commands that hear signals themselves, from a point on that they choose. SIGTERM is how they are ended every day."""


class HangUp:
    """The answer to a SIGHUP that is too early: `run` reads its rules again when it can.

    Attributes:
        came: whether one has come.
    """

    def __init__(self) -> None:
        self.came = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """Note it."""
        self.came = True


def answer(arguments: Sequence[str]) -> None:
    """Answer signals until the command does. What the parent has set to be ignored stays ignored.

    Args:
        arguments: of the command line, without the program.
    """
    _replace(signal.SIGINT, signal.default_int_handler, _end)
    command = arguments[0] if arguments else ""
    if command in _SERVICES:
        _replace(signal.SIGTERM, signal.SIG_DFL, _end)
    if command == "run":
        _replace(signal.SIGHUP, signal.SIG_DFL, HangUp())


def loaded(command: str) -> None:
    """The command is imported: ^C is a KeyboardInterrupt again, unless the command hears signals itself."""
    if command not in _SERVICES:
        _replace(signal.SIGINT, _end, signal.default_int_handler)


def never_reloads() -> None:
    """This run reads its rules once: a SIGHUP ends it again, as when a terminal is closed."""
    if isinstance(signal.getsignal(signal.SIGHUP), HangUp):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def _replace(number: signal.Signals, before: object, after: Callable[[int, FrameType | None], object]) -> None:
    if signal.getsignal(number) == before:
        signal.signal(number, after)


def _end(number: int, _frame: FrameType | None) -> None:
    """Without unwinding: an exception would come up inside whatever is being imported."""
    words, code = ("stopped by SIGTERM", Exit.OK) if number == signal.SIGTERM else ("interrupted", Exit.INTERRUPTED)
    os.write(2, f"{words}\n".encode())
    os._exit(code)
