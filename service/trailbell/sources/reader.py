"""One file of events, from its first bytes to inputs."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO, Final, NamedTuple

from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.exact_json import NotJsonError, read_json
from trailbell_engine.decoding.maps import GENERIC, PRESETS, EventMap, detect
from trailbell_engine.event import Event, Input

from .base import HISTORY_BATCH
from .blocks import Counted, blocks
from .columns import judged_rows
from .errors import SourceError, tolerant
from .formats import records
from .judged import Judge
from .parquet import MAGIC, parquet_records
from .paths import STDIN, open_file, shown, size_bytes
from .pieces import Pieces
from .records import Records

_LOOKED_AT: Final = 20
"""So many records are shown to the presets before a file is taken for one that none of them knows."""


class Read(NamedTuple):
    """Some inputs of a file, in its order.

    Attributes:
        inputs: events and malformed records.
        done: how many records of the file have been read; None if they were not counted.
        last_time_us: the time that an event without one would borrow next.
    """

    inputs: list[Input]
    done: int | None
    last_time_us: int


class Head(NamedTuple):
    """What the first records of a file show.

    Attributes:
        event_map: the map to read it with; None if it holds no record.
        first_us: the time of the first event that has one; None if none of those looked at has.
    """

    event_map: EventMap | None
    first_us: int | None


@dataclass(frozen=True, slots=True)
class Manner:
    """How files are read.

    Attributes:
        event_map: where the envelope lies; None looks at each file.
        stdin: what ``-`` reads; None is the process's own.
        pieces: asks rules while reading where that saves work, long files in several processes.
        batch: inputs that are handed out together; None is ``HISTORY_BATCH``.
    """

    event_map: EventMap | None = None
    stdin: BinaryIO | None = None
    pieces: Pieces | None = None
    batch: int | None = None


class FileReader:
    """Reads a file once.

    Attributes:
        file: its path, or ``-``.
        event_map: the map in use; None before the first record.
    """

    def __init__(self, file: str, manner: Manner) -> None:
        self.file = file
        self.event_map: EventMap | None = None
        self._manner = manner
        self._counted: Counted | None = None
        self._piece_bytes = 0

    @property
    def bytes_read(self) -> int:
        """How far it is, in bytes of the file as it is on disk."""
        return self._piece_bytes + (self._counted.bytes_read if self._counted is not None else 0)

    def look(self) -> Head:
        """Look at the first records, and leave the file as if nobody had.

        Raises:
            SourceError: if it cannot be opened.
        """
        with closing(self._open()) as stream:
            found = tolerant(self._records(stream, Counted(stream)))
            first, event_map = self._mapped(found)
            decoder = Decoder(event_map.name, event_map)
            for raw in islice(_one_by_one(chain(first, found)), 2 * _LOOKED_AT):
                for item in decoder.decode(raw, ""):
                    if isinstance(item, Event) and not item.untimed:
                        return Head(event_map, item.time_us)
            return Head(event_map if first else None, None)

    def reads(self, skip: int = 0, last_time_us: int = 0) -> Generator[Read, None, None]:
        """The inputs of the file.

        Args:
            skip: records that are done already.
            last_time_us: what an event at its beginning that has no time borrows.

        Raises:
            SourceError: if the file cannot be read, or not to its end; what stood before has been given.
        """
        pieces = self._manner.pieces
        if pieces is not None and not skip and pieces.fit(self.file):
            event_map = self.look().event_map
            if event_map is None or pieces.pays(self.file, event_map):
                yield from self._in_pieces(pieces, event_map, last_time_us)
                return
        with closing(self._open()) as stream:
            self._counted = counted = Counted(stream)
            if pieces is not None and counted.peek(len(MAGIC)) == MAGIC:
                yield from self._rows(stream, counted, pieces.judge, last_time_us)
            else:
                yield from self._plainly(stream, counted, skip, last_time_us)

    def _plainly(self, stream: BinaryIO, counted: Counted, skip: int, last_time_us: int) -> Generator[Read, None, None]:
        found = tolerant(self._records(stream, counted))
        first, event_map = self._mapped(found)
        self.event_map = event_map if first else None
        decoder = Decoder(event_map.name, event_map, last_time_us)
        size = self._manner.batch or HISTORY_BATCH
        done, inputs = skip, list[Input]()
        for group in _without(skip, chain(first, found)):
            if isinstance(group, SourceError):
                yield from _some(inputs, done, decoder)
                raise group
            at = 0
            while at < len(group.raws):
                few = group.cut(at, at + size - len(inputs))
                inputs += decoder.decode_all(few.raws, few.place)
                at += len(few.raws)
                done += len(few.raws)
                if len(inputs) >= size:
                    yield from _some(inputs, done, decoder)
                    inputs = []
        yield from _some(inputs, done, decoder)

    def _rows(self, stream: BinaryIO, counted: Counted, judge: Judge, last_time_us: int) -> Generator[Read, None, None]:
        self.event_map = event_map = self.look().event_map
        if event_map is None:
            counted.bytes_read = size_bytes(self.file)
            return
        decoder = Decoder(event_map.name, event_map, last_time_us)
        for inputs in judged_rows(stream, counted, shown(self.file), size_bytes(self.file), decoder, judge):
            yield Read(inputs, None, decoder.last_time_us)

    def _in_pieces(self, pieces: Pieces, event_map: EventMap | None, last_time_us: int) -> Generator[Read, None, None]:
        self.event_map = event_map
        if event_map is None:
            self._piece_bytes = size_bytes(self.file)
            return
        for inputs, read_bytes, last_us in pieces.inputs(self.file, event_map, last_time_us):
            self._piece_bytes = read_bytes
            yield Read(inputs, None, last_us)

    def _mapped(self, found: Iterator[Records | SourceError]) -> tuple[list[Records | SourceError], EventMap]:
        """The records that had to be looked at, and the map to read with."""
        if self._manner.event_map is not None:
            return list(islice(found, 1)), self._manner.event_map
        taken: list[Records | SourceError] = []
        for raw in islice(_one_by_one(_noted(found, taken)), _LOOKED_AT):
            preset = _preset(raw)
            if preset is not None:
                return taken, preset
        return taken, GENERIC

    def _records(self, stream: BinaryIO, counted: Counted) -> Iterator[Records]:
        name = shown(self.file)
        if counted.peek(len(MAGIC)) == MAGIC:
            return parquet_records(stream, counted, name, size_bytes(self.file))
        return records(blocks(counted, name), name, self._wrappings())

    def _wrappings(self) -> list[tuple[str, ...]]:
        # Other presets' wrappings are pages, small enough for the decoder; and `items` may be anybody's field.
        event_map = self._manner.event_map
        unwrap = event_map.unwrap if event_map else PRESETS["cloudtrail"].unwrap
        return [tuple(map(str, unwrap.segments))] if unwrap else []

    def _open(self) -> BinaryIO:
        return open_file(self.file, self._manner.stdin if self.file == STDIN else None)


def _some(inputs: list[Input], done: int, decoder: Decoder) -> Iterator[Read]:
    if inputs:
        yield Read(inputs, done, decoder.last_time_us)


def _one_by_one(found: Iterable[Records | SourceError]) -> Iterator[bytes]:
    return (raw for group in found if isinstance(group, Records) for raw in group.raws)


def _noted(
    found: Iterable[Records | SourceError], taken: list[Records | SourceError]
) -> Iterator[Records | SourceError]:
    for group in found:
        taken.append(group)
        yield group


def _without(number: int, found: Iterable[Records | SourceError]) -> Iterator[Records | SourceError]:
    """All but so many records at the beginning."""
    for group in found:
        if isinstance(group, Records) and number:
            skipped = min(number, len(group.raws))
            number -= skipped
            yield group.cut(skipped)
        else:
            yield group


def _preset(raw: bytes) -> EventMap | None:
    try:
        return detect(read_json(raw))
    except NotJsonError:
        return None
