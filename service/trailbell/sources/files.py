"""Files, folders, globs and standard input as a source: recorded history, read once from its start to its end."""

from __future__ import annotations

import glob
import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Final

from trailbell_engine.decode import Decoder, NotJsonError, read_json
from trailbell_engine.event import Input
from trailbell_engine.maps import GENERIC, PRESETS, EventMap, detect
from trailbell_engine.values import Json

from .base import HISTORY_BATCH, Batch
from .blocks import Counted, blocks
from .errors import SourceError
from .formats import records
from .parquet import MAGIC, parquet_records
from .records import Record

STDIN: Final = "-"
_SUFFIXES: Final = frozenset({".csv", ".json", ".jsonl", ".log", ".ndjson", ".parquet"})
_PACKED_SUFFIXES: Final = frozenset({".gz", ".zst", ".xz", ".bz2"})
_LOOKED_AT: Final = 20
"""So many records are shown to the presets before a file is taken for one that none of them knows."""


class FileSource:
    """Events from files. What format and packing a file has is seen by looking into it.

    A file that nobody gave a map for is shown to the presets. The events' source is the name of the map, so that
    an event from a file and the same event from an API are one event.

    Attributes:
        name: of the source, for its checkpoint.
        lateness_us: how far events may stand out of order, in microseconds.
        bytes_read: so far, compressed ones as they are.
        bytes_total: in all files; None while standard input is among them.
    """

    bounded = True

    def __init__(
        self,
        paths: Sequence[str | Path],
        event_map: EventMap | None = None,
        *,
        name: str = "files",
        lateness_us: int = 0,
        stdin: BinaryIO | None = None,
    ) -> None:
        """Find the files; none is opened yet.

        Args:
            paths: files, folders, globs, or ``-``.
            event_map: where the envelope lies; None looks at each file.
            name: of the source.
            lateness_us: see above.
            stdin: what ``-`` reads; None is the process's own.

        Raises:
            SourceError: if a path names nothing.
        """
        self.name = name
        self.lateness_us = lateness_us
        self._files = expand(paths)
        self._map = event_map
        self._maps: list[str] = []
        self._stdin = stdin
        self._stream: Counted | None = None
        self._bytes_before = 0
        self.bytes_total = None if STDIN in self._files else sum(_size(file) for file in self._files)

    @property
    def bytes_read(self) -> int:
        """How far it is, for a progress bar."""
        return self._bytes_before + (self._stream.bytes_read if self._stream is not None else 0)

    @property
    def map_name(self) -> str:
        """The map in use; with several, in the order they were met, joined by commas; empty before the first record."""
        return ",".join(self._maps)

    def batches(self, checkpoint: Json | None = None) -> Generator[Batch, None, None]:
        """The events of all files in order, batch by batch.

        A checkpoint names the file, how many of its records are done, and the time an untimed event would borrow. It
        holds for files that do not change; with one that names no file of this source, everything is read.

        Raises:
            SourceError: if a file cannot be read, or not to its end; what stood before has been given.
        """
        files, skip, last_time_us = self._resume(checkpoint)
        for file in files:
            last_time_us = yield from self._file(file, skip, last_time_us)
            skip = 0

    def _resume(self, checkpoint: Json | None) -> tuple[list[str], int, int]:
        if not isinstance(checkpoint, dict) or checkpoint.get("file") not in self._files:
            return self._files, 0, 0
        rest = self._files[self._files.index(checkpoint["file"]) :]
        return rest, int(checkpoint["records"]), int(checkpoint["last_time_us"])

    def _file(self, file: str, skip: int, last_time_us: int) -> Generator[Batch, None, int]:
        with closing(self._open(file)) as stream:
            self._stream = counted = Counted(stream)
            found = self._records(stream, counted, file)
            first = _tolerant(found)
            looked_at, event_map = ([], self._map) if self._map else _detected(first)
            if event_map.name not in self._maps and (looked_at or self._map):
                self._maps.append(event_map.name)
            decoder = Decoder(event_map.name, event_map, last_time_us)
            done, inputs = skip, list[Input]()
            for record in islice(chain(looked_at, first), skip, None):
                if isinstance(record, SourceError):
                    yield from self._batch(file, done, inputs, decoder)
                    raise record
                inputs.extend(decoder.decode(record.raw, record.place))
                done += 1
                if len(inputs) >= HISTORY_BATCH:
                    yield from self._batch(file, done, inputs, decoder)
                    inputs = []
            yield from self._batch(file, done, inputs, decoder)
            self._bytes_before += counted.bytes_read
            self._stream = None
            return decoder.last_time_us

    def _batch(self, file: str, done: int, inputs: list[Input], decoder: Decoder) -> Iterator[Batch]:
        if inputs:
            place = {"file": file, "records": done, "last_time_us": decoder.last_time_us}
            yield Batch(inputs, None if file == STDIN else place)

    def _records(self, stream: BinaryIO, counted: Counted, file: str) -> Iterator[Record]:
        if counted.peek(len(MAGIC)) == MAGIC:
            return parquet_records(stream, counted, _shown(file), 0 if file == STDIN else _size(file))
        return records(blocks(counted, _shown(file)), _shown(file), self._wrappings())

    def _wrappings(self) -> list[tuple[str, ...]]:
        # Other presets' wrappings are pages, small enough for the decoder; and `items` may be anybody's field.
        unwrap = self._map.unwrap if self._map else PRESETS["cloudtrail"].unwrap
        return [tuple(map(str, unwrap.segments))] if unwrap else []

    def _open(self, file: str) -> BinaryIO:
        if file == STDIN:
            # The descriptor is not ours to close.
            return open((self._stdin or sys.stdin).fileno(), "rb", closefd=False)
        try:
            return Path(file).open("rb")
        except OSError as error:
            raise _unreadable(file, error) from None


def _tolerant(found: Iterator[Record]) -> Iterator[Record | SourceError]:
    """The records, and at the end the error that ended them, so that all before it can be handed out first."""
    try:
        yield from found
    except SourceError as error:
        yield error
    except OSError as error:
        yield SourceError(f"the file cannot be read further: {error.strerror or error}", "check the disk")


def _detected(found: Iterator[Record | SourceError]) -> tuple[list[Record | SourceError], EventMap]:
    """The records that had to be looked at, and the map they show."""
    looked_at: list[Record | SourceError] = []
    for record in islice(found, _LOOKED_AT):
        looked_at.append(record)
        preset = _preset(record)
        if preset is not None:
            return looked_at, preset
    return looked_at, GENERIC


def _preset(record: Record | SourceError) -> EventMap | None:
    try:
        return detect(read_json(record.raw)) if isinstance(record, Record) else None
    except NotJsonError:
        return None


def expand(paths: Sequence[str | Path]) -> list[str]:
    """The files that the paths name, each once, in the order given; those of a folder or glob sorted by path.

    Raises:
        SourceError: if a path names nothing.
    """
    files: dict[str, None] = {}
    for path in map(str, paths):
        files.update(dict.fromkeys(_expand(path)))
    if not files:
        raise SourceError("no files are named", "name files, folders, globs, or - for standard input")
    return list(files)


def _expand(path: str) -> list[str]:
    if path == STDIN:
        return [STDIN]
    if Path(path).is_dir():
        found = sorted(str(file) for file in Path(path).rglob("*") if _looks_like_events(file, Path(path)))
        if not found:
            raise SourceError(
                f"the folder {path!r} holds no event files",
                "they end in .ndjson, .jsonl, .json, .log, .csv or .parquet; packed: .gz, .zst, .xz or .bz2 after it",
            )
        return found
    if Path(path).exists():
        return [path]
    if glob.has_magic(path):
        found = sorted(file for file in glob.glob(path, recursive=True) if Path(file).is_file())  # noqa: PTH207 - `**` and plain names
        if found:
            return found
        raise SourceError(f"nothing fits {path!r}", "check the pattern; ** reaches into folders")
    raise SourceError(f"there is no {path!r}", "check the path")


def _looks_like_events(file: Path, folder: Path) -> bool:
    if any(part.startswith(".") for part in file.relative_to(folder).parts):
        return False
    name = Path(file.stem) if file.suffix in _PACKED_SUFFIXES else file
    return name.suffix in _SUFFIXES and file.is_file()


def _size(file: str) -> int:
    try:
        return Path(file).stat().st_size
    except OSError as error:
        raise _unreadable(file, error) from None


def _unreadable(file: str, error: OSError) -> SourceError:
    advice = "check who may read it" if isinstance(error, PermissionError) else "check the path"
    return SourceError(f"{file!r} cannot be read: {error.strerror}", advice)


def _shown(file: str) -> str:
    return "<stdin>" if file == STDIN else file
