"""Log files that grow and rotate, followed for ever: renamed, cut, copied and cut, packed, or behind a moved link.

A file is known by its inode and by digests of its head and of what was read last, not by its name. Files that are open
stay open when they are renamed. What a rotation made while nobody looked is found beside the file, by the same marks.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice
from stat import S_ISREG
from typing import Final, NamedTuple

from trailbell_engine.decode import Decoder, NotJsonError, read_json
from trailbell_engine.event import Input
from trailbell_engine.maps import GENERIC, PRESETS, EventMap, detect
from trailbell_engine.timestamps import SECOND_US
from trailbell_engine.values import Json

from .base import LIVE_BATCH, Batch
from .errors import SourceError
from .tails import Line, Mark, Tail
from .windows import Pace

SETTLED_US: Final = 10 * SECOND_US
"""A file that was rotated away and does not grow for so long has no writer any more."""
OPEN_LIMIT: Final = 200
MARKS_LIMIT: Final = 1_000


class _Seen(NamedTuple):
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


class FollowSource:
    """Reads lines of JSON as they are written, until it is closed, or (``follow=False``) up to their present ends.

    Attributes:
        name: of the source, and of its events.
        lateness_us: how late an event may come and still be taken in its order; microseconds.
        bounded: never: logs go on.
        wall_clock: its events are of now.
    """

    bounded = False
    wall_clock = True

    def __init__(
        self,
        patterns: Sequence[str],
        event_map: EventMap | None = None,
        *,
        name: str = "files",
        lateness_us: int = 0,
        interval_us: int = SECOND_US,
        from_end: bool = False,
        pace: Pace | None = None,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            patterns: paths and globs; what fits them later is followed, too.
            event_map: where the envelope lies; None shows the first line to the presets.
            name: of the source, and of its events.
            lateness_us: see above.
            interval_us: between two looks.
            from_end: leave out what the files hold when they are met by the first run of all.
            pace: when to look again.
        """
        self.name = name
        self.lateness_us = lateness_us
        self._patterns = patterns
        self._map = event_map
        self._interval_us = interval_us
        self._from_end = from_end
        self._pace = pace or Pace()
        self._tails: list[Tail] = []
        self._marks: list[Mark] = []
        self._passed: dict[tuple[int, int], tuple[int, int]] = {}

    def stop(self) -> None:
        """End the following, after the lines at hand."""
        self._pace.stopped.set()

    def batches(self, checkpoint: Json | None = None) -> Generator[Batch, None, None]:
        """The lines after a checkpoint, or all of the files that are there.

        Raises:
            SourceError: if a file may not be read.
        """
        decoder = self._resume(checkpoint)
        try:
            first = checkpoint is None
            while True:
                yield from self._round(decoder, first=first)
                first = False
                if (
                    not self._pace.follow
                    or self._pace.stopped.is_set()
                    or self._pace.wait(self._interval_us / SECOND_US)
                ):
                    return
        finally:
            for tail in self._tails:
                tail.close()
            self._tails = []

    def _resume(self, checkpoint: Json | None) -> Decoder:
        self._marks, self._passed = [], {}
        last_time_us, event_map = 0, self._map
        if isinstance(checkpoint, dict):
            self._marks = [Mark.from_json(mark) for mark in checkpoint["files"]]
            last_time_us = int(checkpoint["last_time_us"])
            event_map = event_map or PRESETS.get(str(checkpoint["map"]))
        self._is_mapped = event_map is not None
        return Decoder(self.name, event_map or GENERIC, last_time_us)

    def _round(self, decoder: Decoder, *, first: bool) -> Iterator[Batch]:
        for tail in self._tails:
            before = tail.began_anew()
            if before is not None:
                self._marks.append(before)
                self._passed.clear()  # a copy of it may have been passed over while the file itself was whole
        # To their ends first: a copy of one of them then has nothing that is new.
        yield from self._read(self._tails, decoder)
        seen = self._look()
        fresh = list(self._open(seen, first=first))
        if first and self._from_end:
            self._pass_over(fresh)
        self._tails += fresh
        yield from self._read(fresh, decoder)
        yield from self._let_go(seen, decoder)

    def _read(self, tails: Iterable[Tail], decoder: Decoder) -> Iterator[Batch]:
        for tail in tails:
            lines = tail.lines(self._pace.now_us())
            while some := list(islice(lines, LIVE_BATCH)):
                inputs = [item for line in some for item in self._decode(line, tail, decoder)]
                if self._pace.stopped.is_set():
                    return
                # The mark may be behind lines that are still to be handed out; after the last one it is right.
                last = next(lines, None)
                while last is not None and len(some) < LIVE_BATCH:  # pragma: no cover - `islice` stops short at the end
                    break
                if last is None:
                    yield Batch(inputs, self._checkpoint(decoder))
                else:
                    inputs += self._decode(last, tail, decoder)
                    yield Batch(inputs)

    def _decode(self, line: Line, tail: Tail, decoder: Decoder) -> list[Input]:
        place = f"{tail.mark.path}:{line.number}"
        if line.cut:
            return [decoder.malformed(line.raw, place, "larger than 1 MiB")]
        if not self._is_mapped:
            self._choose_map(line, decoder)
        return list(decoder.decode(line.raw, place))
