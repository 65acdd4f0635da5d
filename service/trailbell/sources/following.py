"""Log files that grow and rotate, followed for ever: renamed, cut, copied and cut, packed, or behind a moved link.

A file is known by its inode and by digests of its head and of what was read last, not by its name. Files that are open
stay open when they are renamed. What a rotation made while nobody looked is found beside the file, by the same marks.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from itertools import islice

from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.exact_json import NotJsonError, read_json
from trailbell_engine.decoding.maps import GENERIC, PRESETS, EventMap, detect
from trailbell_engine.event import Event, Malformed
from trailbell_engine.timestamps import SECOND_US
from trailbell_engine.values import Json

from .base import LIVE_BATCH, Batch
from .polling import Pace
from .rotations import Logs
from .tails import Line, Mark, Tail


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
    no_past = "log files are history as they are: name them with `--events`"

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
            patterns: paths, folders and globs; what fits them later is followed, too.
            event_map: where the envelope lies; None shows the first line to the presets.
            name: of the source, and of its events.
            lateness_us: see above.
            interval_us: between two looks.
            from_end: leave out what the files hold when the first run of all meets them.
            pace: when to look again.
        """
        self.name = name
        self.lateness_us = lateness_us
        self._patterns = patterns
        self._map = event_map
        self._interval_us = interval_us
        self._from_end = from_end
        self._pace = pace or Pace()

    def stop(self) -> None:
        """End the following, after the lines at hand."""
        self._pace.stopped.set()

    def batches(self, checkpoint: Json | None = None) -> Generator[Batch, None, None]:
        """The lines after a checkpoint, or all of the files that are there.

        Raises:
            SourceError: if a file may not be read.
        """
        reading = _Reading(self.name, self._patterns, self._map, checkpoint)
        is_first = checkpoint is None
        passes_over = is_first and self._from_end
        with closing(reading.logs):
            while True:
                for batch in reading.round(self._pace):
                    if passes_over:
                        continue
                    yield batch
                    is_first = is_first and batch.checkpoint is None
                if is_first:  # which files there are counts, even if they are empty: they may be rotated next
                    yield Batch((), reading.checkpoint())
                is_first = passes_over = False
                if (
                    not self._pace.follow
                    or self._pace.stopped.is_set()
                    or self._pace.wait(self._interval_us / SECOND_US)
                ):
                    return


class _Reading:
    """One run of a source over its files.

    Attributes:
        logs: the files.
    """

    def __init__(self, name: str, patterns: Sequence[str], event_map: EventMap | None, checkpoint: Json | None) -> None:
        marks: list[Mark] = []
        known_ns: dict[str, int] = {}
        last_time_us = 0
        if isinstance(checkpoint, dict):
            marks = [Mark.from_json(mark) for mark in checkpoint["files"]]
            known_ns = checkpoint.get("known_ns", {})
            last_time_us = int(checkpoint["last_time_us"])
            event_map = event_map or {GENERIC.name: GENERIC, **PRESETS}.get(str(checkpoint["map"]))
        self.logs = Logs(patterns, marks, known_ns)
        self._is_mapped = event_map is not None
        self._decoder = Decoder(name, event_map or GENERIC, last_time_us)

    def checkpoint(self) -> Json:
        """Where to go on."""
        return {
            "files": [mark.to_json() for mark in self.logs.all_marks()],
            "known_ns": dict(self.logs.known_ns),
            "last_time_us": self._decoder.last_time_us,
            "map": self._decoder.event_map.name if self._is_mapped else "",
        }

    def round(self, pace: Pace) -> Iterator[Batch]:
        """Everything that is new."""
        self.logs.note_known()
        self.logs.notice_cuts()
        # The open ones to their ends first: a copy of one of them then has nothing that is new.
        yield from self._read(self.logs.tails, pace)
        seen = self.logs.look()
        yield from self._read(self.logs.open_new(seen, pace.now_us()), pace)
        for tail in self.logs.settled(seen, pace.now_us()):
            line = tail.rest()
            if line is not None:
                yield Batch(self._decode(line, tail), self.checkpoint())
            self.logs.let_go(tail)
        for tail in self.logs.rest():
            self.logs.let_go(tail)

    def _read(self, tails: Iterable[Tail], pace: Pace) -> Iterator[Batch]:
        for tail in tails:
            lines = tail.lines()
            some = list(islice(lines, LIVE_BATCH))
            while some and not pace.stopped.is_set():
                inputs = [item for line in some for item in self._decode(line, tail)]
                # The tail's mark may be behind lines that are still to come; behind the last one it is right.
                some = list(islice(lines, LIVE_BATCH))
                yield Batch(inputs, None if some else self.checkpoint())

    def _decode(self, line: Line, tail: Tail) -> list[Event | Malformed]:
        place = f"{tail.mark.path}:{line.number}"
        if line.cut:
            return [self._decoder.malformed(line.raw, place, "larger than 1 MiB")]
        if not self._is_mapped:
            self._show(line)
        return self._decoder.decode(line.raw, place)

    def _show(self, line: Line) -> None:
        """Show the first line that is JSON to the presets: all files of a source have one map."""
        with suppress(NotJsonError):
            found = detect(read_json(line.raw)) or GENERIC
            self._decoder = Decoder(self._decoder.source, found, self._decoder.last_time_us)
            self._is_mapped = True
