"""Files, folders, globs and standard input as a source: recorded history, read once from its start to its end."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from trailbell_engine.decoding.maps import EventMap
from trailbell_engine.event import Event, Input, Malformed
from trailbell_engine.values import Json

from .base import DRY_BATCH, HISTORY_BATCH, Batch
from .errors import SourceError
from .file_places import Done, Mark, checkpoint_of, done_of
from .judged import Judge
from .merging import Merging, Part
from .paths import STDIN, expand, shown, size_bytes
from .pieces import Pieces
from .reader import FileReader, Manner, Read

_BEFORE_ALL_US: Final = -(2**62)
_BROKEN_OFF: Final = "not JSON: unexpected end of data"
"""What the decoder says of a record that is right as far as it goes."""


class FileSource:
    """Events from files. What format and packing a file has is seen by looking into it.

    A file that nobody gave a map for is shown to the presets. The events' source is the name of the map, so that
    an event from a file and the same event from an API are one event. Several files are merged by the time of their
    events.

    Attributes:
        name: of the source, for its checkpoint.
        lateness_us: how far events may stand out of order, in microseconds.
        map: where the envelope lies; None looks at each file.
        bytes_total: in all files; None while standard input is among them.
        waits: for somebody to write to standard input.
        broken: what could not be read, or not to its end, where that does not end the reading.
        cut: files that end in the middle of a record.
        behind_us: per file that is not in order of time, by how much the worst event is behind; microseconds.
        events_read: events and malformed records that were handed out.
        kept_waiting: files that overlap more others than can be open at once, so that their events came late.
    """

    bounded = True
    wall_clock = False
    no_past = "files are history as they are: name them with `--events`"

    def __init__(
        self,
        paths: Sequence[str | Path],
        event_map: EventMap | None = None,
        *,
        name: str = "files",
        lateness_us: int = 0,
        stdin: BinaryIO | None = None,
        tolerant: bool = False,
        pieces: Pieces | None = None,
    ) -> None:
        """Find the files; none is opened yet.

        Args:
            paths: files, folders, globs, or ``-``.
            event_map: where the envelope lies; None looks at each file.
            name: of the source.
            lateness_us: see above.
            stdin: what ``-`` reads; None is the process's own.
            tolerant: a file that cannot be read further is noted, and the others are read; nothing is stored, so
                batches are small.
            pieces: asks rules while reading, long files in several processes.

        Raises:
            SourceError: if a path names nothing.
        """
        self.name = name
        self.lateness_us = lateness_us
        self.map = event_map
        self.broken: list[SourceError] = []
        self.cut: list[str] = []
        self.behind_us: dict[str, int] = {}
        self.kept_waiting = 0
        self.events_read = 0
        self._files = expand(paths)
        if pieces is not None:
            pieces.start(self._files)
        self._manner = Manner(event_map, stdin, pieces, DRY_BATCH if tolerant else None)
        self._tolerant = tolerant
        self._maps: list[str] = []
        self._readers: dict[str, FileReader] = {}
        self._bytes_before = 0
        self.waits = STDIN in self._files
        self.bytes_total = None if STDIN in self._files else sum(map(size_bytes, self._files))

    @property
    def bytes_read(self) -> int:
        """How far it is, for a progress bar."""
        return self._bytes_before + sum(reader.bytes_read for reader in list(self._readers.values()))

    @property
    def judge(self) -> Judge | None:
        """What asks the rules while it reads; its answers come with the events."""
        return self._manner.pieces.judge if self._manner.pieces is not None else None

    @property
    def map_name(self) -> str:
        """The map in use; with several, in the order they were met, joined by commas; empty before the first record."""
        return ",".join(self._maps)

    def stop(self) -> None:
        """It ends by itself."""

    def batches(self, checkpoint: Json | None = None) -> Generator[Batch, None, None]:
        """The events of all files, batch by batch.

        The checkpoint of a single file says how many of its records are done, and the time an untimed event would
        borrow. It holds for a file that does not change, or grows; another one under its name is read from its start.
        With several files there is none: ids make events count once.

        Raises:
            SourceError: if a file cannot be read, or not to its end; what stood before has been given.
        """
        if len(self._files) == 1:
            yield from self._alone(self._files[0], checkpoint)
            return
        merging = Merging(list(self._parts()), batch=self._manner.batch or HISTORY_BATCH)
        for inputs in merging.inputs():
            self.kept_waiting = merging.kept_waiting
            if inputs:
                yield Batch(inputs)

    def _alone(self, file: str, checkpoint: Json | None) -> Generator[Batch, None, None]:
        mark = Mark.of(file) if file != STDIN else None
        for inputs, done, last_us in self._reads(file, *done_of(file, checkpoint)):
            if mark is None or done is None:
                yield Batch(inputs)
            else:
                yield Batch(inputs, checkpoint_of(file, mark, Done(done, last_us)))

    def _parts(self) -> Iterator[Part]:
        """The files with the time at which each starts; one that does not tell starts with the file before it."""
        start_us = _BEFORE_ALL_US
        for place, file in enumerate(self._files):
            if file == STDIN:
                start_us = _BEFORE_ALL_US
            else:
                first_us = self._first_us(file)
                start_us = start_us if first_us is None else first_us

            def read(last_time_us: int, file: str = file) -> Generator[Read, None, None]:
                return self._reads(file, 0, last_time_us)

            yield Part(start_us, place, read)

    def _first_us(self, file: str) -> int | None:
        try:
            return FileReader(file, self._manner).look().first_us
        except SourceError:
            return None  # said when it is read

    def _reads(self, file: str, skip: int, last_time_us: int) -> Generator[Read, None, None]:
        reader = self._readers[file] = FileReader(file, self._manner)
        newest_us = behind_us = 0
        last: Input | None = None
        try:
            for read in reader.reads(skip, last_time_us):
                for item in read.inputs:
                    if isinstance(item, Event):
                        if item.time_us >= newest_us:
                            newest_us = item.time_us
                        elif newest_us - item.time_us > behind_us:
                            behind_us = newest_us - item.time_us
                self._note(reader)
                self.events_read += len(read.inputs)
                yield read
                last = read.inputs[-1] if read.inputs else last
        except SourceError as error:
            if not self._tolerant:
                raise
            self.broken.append(error)
        finally:
            self._note(reader)
            if isinstance(last, Malformed) and last.reason.startswith(_BROKEN_OFF):
                self.cut.append(shown(file))
            self._close(reader, behind_us)

    def _note(self, reader: FileReader) -> None:
        event_map = self._manner.event_map or reader.event_map
        if event_map is not None and event_map.name not in self._maps:
            self._maps.append(event_map.name)

    def _close(self, reader: FileReader, behind_us: int) -> None:
        if behind_us:
            self.behind_us[shown(reader.file)] = behind_us
        self._bytes_before += reader.bytes_read
        self._readers.pop(reader.file, None)
