"""A look at all files that rules are made of, quick enough to be taken every second: names and stamps, no content."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from trailbell_rules.finding import PACK_PREFIX, find_files

from .stamps import Stamp, stamp_of

Survey: TypeAlias = dict[str, Stamp | None]
"""By path, each file's stamp; None for one that is not there. Equal surveys: nothing has changed."""

_SUFFIXES = (".yaml", ".yml")


def survey(paths: Sequence[str], files: Iterable[Path] = ()) -> Survey:
    """Look at the files.

    Args:
        paths: files and folders of rules; what is shipped with the program changes with the program only.
        files: further ones, such as lists.
    """
    seen: Survey = {str(file): stamp_of(file) for file in files}
    for path in paths:
        if path.startswith(PACK_PREFIX):
            continue
        if os.path.isdir(path):  # noqa: PTH112 - as below, no time for ``Path``s
            seen.update(_below(path))
        else:
            seen.update({str(found.path): stamp_of(found.path) for found in find_files([path], [])})
    return seen


def _below(folder: str) -> Iterator[tuple[str, Stamp | None]]:
    """The YAML files of a folder and of those inside it, hidden ones left out."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name[0] == ".":
                    continue
                if entry.is_dir(follow_symlinks=False):
                    yield from _below(entry.path)
                elif entry.name.endswith(_SUFFIXES):
                    yield entry.path, stamp_of(entry.path)
    except OSError:  # a folder that has just gone; the next look will not find it
        return
