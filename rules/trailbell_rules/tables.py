"""Tables for lookups: CSV, JSON and MaxMind DB files, and others by plug-ins.

CSV and JSON are held in memory, a row as a tuple; values that repeat down a column are held once. A million rows of a
key and four columns of few values take about 200 MB. A MaxMind DB is read where it lies.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Final, TypeAlias

from trailbell_engine.lookup import Table
from trailbell_engine.values import MISSING, Json, canonical

PLUGINS: Final = "trailbell.lookups"
"""The group of entry points. Each is named by a suffix without its dot and gives a function like ``read_csv``."""

Opener: TypeAlias = Callable[[pathlib.Path, str | None], Table]


class TableError(ValueError):
    """A file that is no table.

    Attributes:
        help: what to do about it; may be empty.
        about: the key of the definition that is at fault.
    """

    def __init__(self, message: str, help_: str = "", about: str = "file") -> None:
        super().__init__(message)
        self.help = help_
        self.about = about


class MemoryTable:
    """Rows in memory, by the text of their key: a number in an event finds the row whose key is its decimal text.

    Attributes:
        digest: of the file, 12 hex digits.
        repeated: a key that has several rows, of which the first counts; None if there is none.
    """

    def __init__(self, columns: Sequence[str], rows: Iterable[tuple[str, Sequence[Json]]], digest: str) -> None:
        """Collect the rows: a key, and a value (or MISSING) for each of the columns."""
        self.digest = digest
        self.repeated: str | None = None
        self._columns = tuple(columns)
        self._rows: dict[str, tuple[Json, ...]] = {}
        shared: dict[str, str] = {}
        for key, values in rows:
            if key in self._rows:
                self.repeated = self.repeated or key
                continue
            self._rows[key] = tuple(
                shared.setdefault(value, value) if isinstance(value, str) else value for value in values
            )

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, value: Json) -> Mapping[str, Json] | None:
        """The row of a text, a number or a boolean; null has none."""
        if value is None or isinstance(value, list | dict):
            return None
        row = self._rows.get(value if isinstance(value, str) else canonical(value))
        if row is None:
            return None
        return {name: cell for name, cell in zip(self._columns, row, strict=True) if cell is not MISSING}


def read_csv(path: pathlib.Path, on: str | None) -> MemoryTable:
    """A CSV file with a header. Lines that begin with ``#`` are skipped; an empty cell is no value.

    Args:
        path: the file, UTF-8.
        on: the column of the keys; the first if None.

    Raises:
        TableError: if it is none.
        OSError: if it cannot be read.
    """
    data = path.read_bytes()
    lines = (line for line in io.StringIO(_text(data), newline="") if not line.startswith("#"))
    reader = csv.reader(lines, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        column = _column(on, header)
        return MemoryTable(header, _csv_rows(reader, len(header), column), _digest(data))
    except csv.Error as error:
        raise TableError(f"it is no CSV: {error}") from error


def _csv_rows(reader: Iterable[list[str]], width: int, column: int) -> Iterator[tuple[str, list[Json]]]:
    for cells in reader:
        values = [cell.strip() or MISSING for cell in cells[:width]]
        values += [MISSING] * (width - len(values))
        key = values[column]
        if isinstance(key, str):
            yield key, values


def _column(on: str | None, header: Sequence[str]) -> int:
    if not any(header):
        raise TableError("it is empty", "the first line names the columns")
    if on is None:
        return 0
    if on not in header:
        raise TableError(f'it has no column "{on}"', f"the first line names {', '.join(header)}", "on")
    return header.index(on)


def read_json(path: pathlib.Path, on: str | None) -> MemoryTable:
    """A JSON file: an object of objects by key, or an array of objects.

    Args:
        path: the file.
        on: of an array, the member that is the key; the first of the first object if None.

    Raises:
        TableError: if it is neither.
        OSError: if it cannot be read.
    """
    data = path.read_bytes()
    try:
        value = json.loads(_text(data))
    except (ValueError, RecursionError) as error:
        raise TableError(f"it is no JSON: {error}") from error
    rows = list(value.items()) if isinstance(value, dict) else _keyed(value, on)
    if not rows or not all(isinstance(row, dict) for _, row in rows):
        raise TableError("it is neither an object of objects nor an array of objects", _JSON_HELP)
    columns = list(dict.fromkeys(name for _, row in rows for name in row))
    return MemoryTable(
        columns, ((key, [row.get(name, MISSING) for name in columns]) for key, row in rows), _digest(data)
    )


_JSON_HELP: Final = 'write {"key": {"column": value}} or [{"key": …, "column": value}]'


def _keyed(value: Json, on: str | None) -> list[tuple[str, Any]]:
    if not isinstance(value, list) or not value or not all(isinstance(row, dict) and row for row in value):
        return []
    name = on or next(iter(value[0]))
    if not any(name in row for row in value):
        raise TableError(f'no object has "{name}"', f"the first one has {', '.join(value[0])}", "on")
    keys = ((row.get(name), row) for row in value)
    return [(key if isinstance(key, str) else canonical(key), row) for key, row in keys if key is not None]


class MaxMindTable:
    """A MaxMind DB: rows by address, the longest matching network."""

    def __init__(self, reader: Any, digest: str) -> None:
        self.digest = digest
        self._reader = reader

    def find(self, value: Json) -> Mapping[str, Json] | None:
        """The record of an address; None for what is no address or is in no network."""
        if not isinstance(value, str):
            return None
        try:
            record = self._reader.get(value)
        except ValueError:
            return None
        return record if isinstance(record, dict) else None


def read_mmdb(path: pathlib.Path, on: str | None) -> MaxMindTable:
    """A MaxMind DB (``*.mmdb``), as GeoLite2 and others come; needs the extra ``geo``.

    Raises:
        TableError: if it is none, or the reader is not installed.
        OSError: if it cannot be read.
    """
    if on is not None:
        raise TableError("a MaxMind DB is keyed by address", "remove `on`", "on")
    try:
        maxminddb = import_module("maxminddb")
    except ImportError as error:
        raise TableError("reading it needs the package maxminddb", "pip install 'trailbell[geo]'") from error
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]
    try:
        return MaxMindTable(maxminddb.open_database(str(path)), digest)
    except maxminddb.InvalidDatabaseError as error:
        raise TableError(f"it is no MaxMind DB: {error}") from error


OPENERS: Final[Mapping[str, Opener]] = {".csv": read_csv, ".json": read_json, ".mmdb": read_mmdb}


def open_table(path: pathlib.Path, on: str | None) -> Table:
    """The table of a file, by its suffix.

    Raises:
        TableError: if it is none, or of a kind that nobody reads.
        OSError: if it cannot be read.
    """
    opener = OPENERS.get(path.suffix.lower()) or _plugin(path.suffix.lower())
    if opener is None:
        known = ", ".join([*OPENERS, *(f".{entry.name}" for entry in entry_points(group=PLUGINS))])
        raise TableError(f"no table is read from {path.suffix or 'a file without a suffix'}", f"known: {known}")
    return opener(path, on)


def _plugin(suffix: str) -> Opener | None:
    for entry in entry_points(group=PLUGINS, name=suffix.removeprefix(".")):
        opener: Opener = entry.load()
        return opener
    return None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError("it is no UTF-8", "save the file as UTF-8") from error
