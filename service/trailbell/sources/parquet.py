"""Parquet to records, a thousand rows at a time. It takes pyarrow, an extra that is loaded with the first such file."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from .blocks import Counted
from .errors import SourceError
from .records import Records

if TYPE_CHECKING:
    import pyarrow.parquet

MAGIC: Final = b"PAR1"
ROWS: Final = 1_000
_OPTIONS: Final = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


def parquet_records(stream: BinaryIO, counted: Counted, name: str, size_bytes: int) -> Iterator[Records]:
    """The rows as JSON objects; null and NaN are no field, a time without a zone is UTC, bytes are text or base64.

    Args:
        stream: of the file; it can seek.
        counted: told how far the reading is, as a share of the file.
        name: of the file, for places.
        size_bytes: of the file.

    Raises:
        SourceError: without pyarrow, and for a file that is broken.
    """
    with opened(stream, name) as file:
        number, rows = 0, file.metadata.num_rows
        for batch in file.iter_batches(batch_size=ROWS):
            raws = [row_json(row) for row in rows_of(batch)]
            yield Records(f"{name}#", range(number + 1, number + 1 + len(raws)), raws)
            number += len(raws)
            counted.bytes_read = size_bytes * number // rows


@contextmanager
def opened(stream: BinaryIO, name: str) -> Iterator[pyarrow.parquet.ParquetFile]:
    """The file as pyarrow reads it; while it is open, what goes wrong with it becomes an error in words.

    Raises:
        SourceError: without pyarrow, and for a file that is broken.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise SourceError(f"{name} is Parquet, which needs pyarrow", "pip install 'trailbell[parquet]'") from None
    if not stream.seekable():
        raise SourceError(f"{name} is Parquet, whose index stands at its end", "name the file instead of piping it")
    try:
        with pq.ParquetFile(stream) as file:
            yield file
    except (ValueError, pa.ArrowNotImplementedError, OSError) as error:
        raise SourceError(f"{name} is Parquet that cannot be read: {error}", "was it written to its end?") from error


def rows_of(batch: pyarrow.RecordBatch) -> list[dict[str, Any]]:
    """The rows of a batch as Python's values."""
    from .parquet_cells import rows

    return rows(batch)


def row_json(row: dict[str, Any]) -> bytes:
    """A row as the JSON object that stands for it."""
    return orjson.dumps(_without_nulls(row), default=_plain, option=_OPTIONS)


def _without_nulls(value: Any) -> Any:
    """Every column has a place in every row: null is how a table says that the event has no such field.

    Some say it with NaN, and JSON has no word for that nor for infinity.
    """
    if value.__class__ is dict:
        return {
            name: inner if inner.__class__ is str else _without_nulls(inner)
            for name, inner in value.items()
            if inner is not None and (inner.__class__ is not float or isfinite(inner))
        }
    return [_without_nulls(inner) for inner in value] if value.__class__ is list else value


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return b64encode(value).decode()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, tuple | set):
        return list(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)
