"""Why a source cannot go on."""

from __future__ import annotations


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
