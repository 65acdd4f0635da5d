"""Whether a file may have changed, by what the file system says of it: portable, and cheap for many files."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final, NamedTuple

_SETTLED_NS: Final = 2_000_000_000
"""File systems count time in steps of up to two seconds (FAT). What was written less than this before it was looked at
may be written again within the same step."""


class Stamp(NamedTuple):
    """What a file system says of a file: if none of it has changed, nor has the file, once it has settled."""

    modified_ns: int
    changed_ns: int
    size_bytes: int
    inode: int

    @classmethod
    def of(cls, state: os.stat_result) -> Stamp:
        """From what the system says."""
        return cls(state.st_mtime_ns, state.st_ctime_ns, state.st_size, state.st_ino)


def stamp_of(path: Path | str) -> Stamp | None:
    """The stamp of a file; None if there is none."""
    try:
        return Stamp.of(os.stat(path))  # noqa: PTH116 - of 100,000 files, a second goes into making ``Path``s
    except OSError:
        return None


def settled(stamp: Stamp) -> bool:
    """Whether every further change of the file would show in its stamp."""
    return max(stamp.modified_ns, stamp.changed_ns) < time.time_ns() - _SETTLED_NS
