"""Rich consoles for the two streams: data on stdout, words about the work on stderr."""

from __future__ import annotations

import os
import sys

from rich.console import Console


def out() -> Console:
    """The console of stdout. It never guesses at markup or numbers: what is printed is data."""
    return _console(stderr=False)


def err() -> Console:
    """The console of stderr."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else 120
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=width)
