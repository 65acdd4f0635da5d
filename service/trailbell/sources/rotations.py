"""The log files that patterns name, and what rotation made of them: which are open, and which hold something new."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from stat import S_ISREG
from typing import Final, NamedTuple, TypeAlias

from trailbell_engine.system_errors import system_words
from trailbell_engine.timestamps import SECOND_US

from .errors import SourceError
from .tails import Mark, Tail

SETTLED_US: Final = 10 * SECOND_US
"""A file that was rotated away and was not written for so long has no writer any more."""
OPEN_LIMIT: Final = 200
MARKS_LIMIT: Final = 1_000
"""So many files that are not open are remembered."""
_ROTATED: Final = re.compile(r"[.-]\d[\d.T:_-]*(\.gz)?$")
"""What rotation puts behind a name: ``.1``, ``.2.gz``, ``-20261123``."""

Inode: TypeAlias = tuple[int, int]
"""A device and an inode on it."""


class Seen(NamedTuple):
    """A file of a round.

    Attributes:
        changed_ns: when it was written last.
        path: one of its names.
        size_bytes: of the file.
        named: the patterns name it; otherwise it lies beside one they named.
    """

    changed_ns: int
    path: str
    size_bytes: int
    named: bool


class Logs:
    """What is followed.

    Attributes:
        tails: the files that are open.
        marks: how far others have been read that were once open, or were before they were cut.
        known_ns: by name without what rotation puts behind it, when the newest file was written last that was known
            when a look missed none. What was written before that is known, or was there before us.
    """

    def __init__(
        self, patterns: Sequence[str], marks: Sequence[Mark] = (), known_ns: Mapping[str, int] | None = None
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            patterns: paths, folders and globs.
            marks: of a checkpoint.
            known_ns: of a checkpoint.
        """
        self.tails: list[Tail] = []
        self.marks = list(marks)
        self.known_ns: Mapping[str, int] = known_ns or {}
        self._patterns = [f"{pattern}/*" if Path(pattern).is_dir() else pattern for pattern in patterns]
        self._passed: dict[Inode, tuple[int, int]] = {}
        self._paths: dict[Inode, str] = {}
        self._plain = {pattern for pattern in self._patterns if not glob.has_magic(pattern)}
        self._named: set[str] = set()
        self._is_new = not marks
        self._missed_none = not known_ns

    def close(self) -> None:
        """Close all files."""
        for tail in self.tails:
            tail.close()

    def all_marks(self) -> list[Mark]:
        """How far every file is, those that are open first."""
        newest = sorted(self.marks, key=lambda mark: mark.changed_ns)[-MARKS_LIMIT:]
        return [*(tail.mark for tail in self.tails), *newest]

    def notice_cuts(self) -> None:
        """Go to the beginning of files that were cut or written over; remember how far they had been read."""
        for tail in self.tails:
            before = tail.began_anew()
            if before is not None:
                self.marks.append(before)
                self._passed.clear()  # a copy may have been passed over while the file was whole

    def look(self) -> dict[Inode, Seen]:
        """The files that the patterns name, and those beside them that may be their past.

        What they named a moment ago they name still: while it is renamed and made anew it is missing for an instant.
        """
        named = {path for pattern in self._patterns for path in glob.glob(pattern, recursive=True)}  # noqa: PTH207 - `**` and plain names
        named |= self._plain | self._named
        bases = {*self._patterns, *named, *(mark.path for mark in self.all_marks())}
        seen: dict[Inode, Seen] = {}
        for path in (*sorted(named), *sorted(bases - named), *_beside(bases)):
            try:
                status = Path(path).stat()
            except OSError:
                continue  # renamed or deleted just now
            if S_ISREG(status.st_mode):
                found = Seen(status.st_mtime_ns, path, status.st_size, path in named)
                seen.setdefault((status.st_dev, status.st_ino), found)
        self._named = {found.path for found in seen.values() if found.named}
        return seen

    def note_known(self) -> None:
        """Before the open files are read: what has been read is known, if the last look missed nothing.

        While files are renamed a look can miss one of them: its old name was looked at too late and its new one too
        early. Two looks that find the same files under the same names have missed none.
        """
        known_ns: dict[str, int] = {}
        for mark in self.all_marks():
            base = _ROTATED.sub("", mark.path)
            known_ns[base] = max(mark.changed_ns, known_ns.get(base, 0))
        self.known_ns = known_ns if self._missed_none else {**known_ns, **self.known_ns}

    def open_new(self, seen: Mapping[Inode, Seen], now_us: int) -> list[Tail]:
        """Open the files that may hold something new, in the order in which they were written last.

        Args:
            seen: what ``look`` found.
            now_us: the clock.

        Raises:
            SourceError: if one may not be read.
        """
        opened = {tail.inode for tail in self.tails}
        paths = {inode: found.path for inode, found in seen.items()}
        self._missed_none = self._is_new or paths == self._paths
        self._paths = paths
        fresh = []
        for inode, found in sorted(seen.items(), key=lambda one: one[1]):
            if inode in opened or self._passed.get(inode) == (found.size_bytes, found.changed_ns):
                continue
            tail = _opened(found.path)
            if tail is None or tail.inode != inode:  # renamed just now: the next look finds it under its new name
                self._missed_none = False
            elif self._is_followed(found, tail, now_us):
                fresh.append(tail)
                continue
            if tail is not None:
                tail.close()
        self._is_new = False
        self.tails += fresh
        return fresh

    def settled(self, seen: Mapping[Inode, Seen], now_us: int) -> list[Tail]:
        """The open files that nobody writes any more, as far as one can tell; ``let_go`` closes them."""
        return [
            tail
            for tail in self.tails
            if not (tail.inode in seen and seen[tail.inode].named) and tail.changed_us() <= now_us - SETTLED_US
        ]

    def rest(self, count: int = OPEN_LIMIT) -> list[Tail]:
        """The open files beyond a number that have been quiet for longest; they are opened again when they grow."""
        quietest = sorted(self.tails, key=lambda tail: tail.mark.changed_ns)
        return quietest[: max(0, len(quietest) - count)]

    def let_go(self, tail: Tail) -> None:
        """Close a file, and remember how far it has been read."""
        self.tails.remove(tail)
        self.marks = [*self.marks, tail.mark][-2 * MARKS_LIMIT :]
        self._passed[tail.inode] = tail.size_and_change()
        tail.close()

    def _is_followed(self, found: Seen, tail: Tail, now_us: int) -> bool:
        copied = [other.mark for other in self.tails if tail.holds(other.mark)]
        if self._resumes(tail, copied):
            return True
        if found.named:
            if copied:
                tail.resume(max(copied, key=lambda mark: mark.offset))
            return True
        if not copied and self._is_unread_past(found):
            # A copy that is still being made holds less than what was read.
            grows = any(tail.begins_like(mark) and found.size_bytes < mark.offset for mark in self.all_marks())
            return not grows or found.changed_ns // 1000 <= now_us - SETTLED_US
        self._passed[tail.inode] = (found.size_bytes, found.changed_ns)
        return False

    def _resumes(self, tail: Tail, copied: Sequence[Mark]) -> bool:
        """Whether a file holds what was read already, of itself or of what it is a copy of; it goes on from there."""
        fitting = [mark for mark in self.marks if tail.holds(mark)]
        if not (fitting or copied or tail.packed):  # nothing was read of it: only its inode tells, which may be new
            fitting = [mark for mark in self.marks if not mark.offset and (mark.device, mark.inode) == tail.inode]
        if fitting:
            tail.resume(max(fitting, key=lambda mark: mark.offset))
            self.marks = [mark for mark in self.marks if mark not in fitting]
        return bool(fitting)

    def _is_unread_past(self, found: Seen) -> bool:
        """Whether it was a followed file in between two looks: rotated twice, and not written before what is known.

        A file system's clock stands still for some milliseconds, in which more than one file may be written.
        """
        base = _ROTATED.sub("", found.path)
        if base == found.path or self._is_new or not _is_named(base, self._patterns):
            return False
        return base in self.known_ns and found.changed_ns >= self.known_ns[base]


def _opened(path: str) -> Tail | None:
    try:
        return Tail(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SourceError(f"{path!r} cannot be read: {system_words(error)}", "check who may read it") from None


def _is_named(path: str, patterns: Sequence[str]) -> bool:
    return any(path in (pattern, os.path.realpath(pattern)) or Path(path).match(pattern) for pattern in patterns)


def _beside(bases: Collection[str]) -> Iterator[str]:
    """The files whose names begin as one of these does, in the same folders."""
    stems: dict[str, set[str]] = {}
    for base in bases:
        folder, name = os.path.split(base)
        if not glob.has_magic(name):
            stems.setdefault(folder, set()).add(_ROTATED.sub("", name).partition(".")[0] or name)
    for folder, names in sorted(stems.items()):
        try:
            entries = sorted(os.listdir(folder or "."))  # noqa: PTH208 - names are all that is wanted
        except OSError:
            continue
        yield from (os.path.join(folder, entry) for entry in entries if entry.startswith(tuple(names)))  # noqa: PTH118
