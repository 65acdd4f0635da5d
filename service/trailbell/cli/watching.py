"""Doing something again whenever a file changes: by looking at the files' times, which works on every file system."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NoReturn

import click

from trailbell_rules.finding import find_files

INTERVAL_S: Final = 0.4


def watch(paths: Sequence[str], act: Callable[[], Iterable[Path]], sleep: Callable[[float], None]) -> NoReturn:
    """Act, and act again on a cleared screen after each change, until interrupted.

    Args:
        paths: files and folders of rules; a file that is added to a folder is a change.
        act: what to do; gives further files to watch.
        sleep: waits so many seconds.
    """
    while True:
        click.clear()
        before = look(paths, ())  # taken first, so that a change while acting is not missed
        files = tuple(act())
        click.secho(f"\nwatching; ^C ends   {time.strftime('%H:%M:%S')}", dim=True, err=True)
        seen = look((), files)
        while look(paths, ()) == before and look((), files) == seen:
            sleep(INTERVAL_S)


def look(paths: Sequence[str], files: Iterable[Path]) -> Mapping[Path, tuple[int, int]]:
    """Time (nanoseconds) and size of the files; one that is not there is left out."""
    found: dict[Path, tuple[int, int]] = {}
    for file in (*(entry.path for entry in find_files(paths, [])), *files):
        try:
            state = file.stat()
        except OSError:
            continue
        found[file] = (state.st_mtime_ns, state.st_size)
    return found
