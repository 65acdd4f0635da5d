"""Why a source cannot go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from trailbell_engine.system_errors import system_words

_Found = TypeVar("_Found")


class SourceError(Exception):
    """A source cannot be read, or not to its end. What it gave before stands.

    Attributes:
        message: what happened, in words.
        help: what to do about it; may be empty.
        transient: it may pass by itself (a server is away), so a live run waits for it, even with no other source left.
    """

    def __init__(self, message: str, help_: str = "", *, transient: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.help = help_
        self.transient = transient


class NoPastError(SourceError):
    """A source that cannot be asked for its past."""


def tolerant(found: Iterator[_Found]) -> Iterator[_Found | SourceError]:
    """What is found in a file, then the error that ended it, so that all before it can be handed out first."""
    try:
        yield from found
    except SourceError as error:
        yield error
    except OSError as error:
        yield SourceError(f"the file cannot be read further: {system_words(error)}", "check the disk")
