"""Parquet by columns: rules are asked about the few that they read, and only rows that match are read whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.envelope import content_id
from trailbell_engine.decoding.maps import EventMap
from trailbell_engine.event import Event, Input

from .blocks import Counted
from .judged import NOTHING, Judge, Judged
from .parquet import ROWS, opened, row_json, rows_of

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

_CONTENT_ID_DIGITS: Final = 64


def judged_rows(
    stream: BinaryIO, counted: Counted, name: str, size_bytes: int, decoder: Decoder, judge: Judge
) -> Iterator[list[Input]]:
    """The rows as inputs, a thousand at a time, with the answers of the rules.

    Of a group of rows of which none matches, the columns that no rule reads are not even unpacked. A row that matches
    nothing is not looked at as a whole, so it is never too large or too deep.

    Args:
        stream: of the file; it can seek.
        counted: told how far the reading is, as a share of the file.
        name: of the file, for places.
        size_bytes: of the file.
        decoder: makes events of records.
        judge: asks the rules.

    Raises:
        SourceError: without pyarrow, and for a file that is broken.
    """
    with opened(stream, name) as file:
        columns = columns_to_ask(file.schema_arrow.names, decoder.event_map, judge)
        number, rows = 0, file.metadata.num_rows
        for group in range(file.num_row_groups):
            whole, first = _Whole(file, group), number
            for batch in file.iter_batches(batch_size=ROWS, row_groups=[group], columns=columns):
                inputs: list[Input] = []
                for row in rows_of(batch):
                    number += 1
                    place = f"{name}#{number}"
                    event = _unmatched(row, place, decoder, judge) if columns is not None else None
                    if event is not None:
                        inputs.append(event)
                    else:
                        record = row if columns is None else whole.row(number - first - 1)
                        inputs += _asked(record, place, decoder, judge)
                counted.bytes_read = size_bytes * number // rows
                yield inputs


def _unmatched(row: dict[str, Any], place: str, decoder: Decoder, judge: Judge) -> Event | None:
    """The event of a row that no rule matches, told by a few of its columns; None if the whole row must be read."""
    before_us = decoder.last_time_us
    items = decoder.decode(row_json(row), place)
    event = items[0] if len(items) == 1 else None
    # Without an id of its own it takes the whole record to make one.
    if isinstance(event, Event) and not _is_content_id(event) and judge.positions(event) == ():
        return Judged(event.source, event.id, event.event_type, event.time_us, NOTHING, event.untimed)
    decoder.last_time_us = before_us
    return None


def _asked(row: dict[str, Any], place: str, decoder: Decoder, judge: Judge) -> Iterator[Input]:
    for item in decoder.decode(row_json(row), place):
        yield judge.judged(item, judge.positions(item)) if isinstance(item, Event) else item


def _is_content_id(event: Event) -> bool:
    return len(event.id) == _CONTENT_ID_DIGITS and event.id == content_id(event.data)


def columns_to_ask(names: list[str], event_map: EventMap, judge: Judge) -> list[str] | None:
    """The columns that tell which rules match, and the envelope; None if it takes all of them.

    Args:
        names: of all columns.
        event_map: where the envelope lies.
        judge: asks the rules.
    """
    if judge.fields is None or len({*names}) < len(names) or any("." in name for name in names):
        return None
    unwrap = [event_map.unwrap] if event_map.unwrap is not None else []
    envelope = {path.segments[0] for path in (*event_map.id, *event_map.event_type, *event_map.time, *unwrap)}
    found = [name for name in names if name in judge.fields or name in envelope]
    return found if found and len(found) < len(names) else None


class _Whole:
    """The rows of a group with all of their columns, read as far as somebody asks."""

    def __init__(self, file: ParquetFile, group: int) -> None:
        self._file, self._group = file, group
        self._batches: Iterator[Any] | None = None
        self._batch: Any = None
        self._first = 0  # row of the present batch
        self._next = 0  # row after it

    def row(self, number: int) -> dict[str, Any]:
        """The row of that number; numbers only rise."""
        if self._batches is None:
            self._batches = self._file.iter_batches(batch_size=ROWS, row_groups=[self._group])
        while self._next <= number:
            self._batch = next(self._batches)
            self._first, self._next = self._next, self._next + self._batch.num_rows
        return rows_of(self._batch.slice(number - self._first, 1))[0]
