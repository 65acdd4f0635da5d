"""The values of a list: written out, or read from a file beside the definitions."""

from __future__ import annotations

import csv
import hashlib
import io
import pathlib
from typing import Final

from trailbell_engine.system_errors import system_words
from trailbell_engine.value_list import ValueList
from trailbell_engine.values import Json

from .document import Place
from .report import Report, kind
from .suggest import did_you_mean, listed

MAXIMUM_FILE_BYTES: Final = 256 * 1024 * 1024
"""Some ten million lines. What is larger is a table for a lookup in a format of its own."""


def read_list(value: Json, place: Place, report: Report) -> tuple[tuple[Json, ...], pathlib.Path | None]:
    """The values, and the file they came from if they came from one. A file is read once, when rules are loaded."""
    if isinstance(value, list):
        return tuple(value), None
    if not isinstance(value, dict) or not isinstance(value.get("file"), str):
        return (), None  # the schema has said it
    path = pathlib.Path(report.document.file).parent / value["file"]
    text = _text(path, value["file"], (*place, "file"), report)
    if text is None:
        return (), path
    column = value.get("column")
    if column is None:
        lines = (line.strip() for line in text.splitlines())
        values = tuple(line for line in lines if line and not line.startswith("#"))
    else:
        values = _column(text, column, (*place, "column"), report)
    if not values and not report.failed:
        report.value("bad-list", f"{value['file']} has no values", (*place, "file"), "give it one value a line")
    digest = hashlib.sha256("\0".join(values).encode()).hexdigest()[:12]
    return ValueList(values, str(place[-1]), digest), path


def _text(path: pathlib.Path, name: str, place: Place, report: Report) -> str | None:
    try:
        if not path.is_file():
            beside = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
            help_ = "the name is relative to this file"
            report.value("no-such-file", f"no file is called {name}", place, help_, did_you_mean(path.name, beside))
            return None
        if path.stat().st_size > MAXIMUM_FILE_BYTES:
            report.value("too-large", f"{name} has more than {MAXIMUM_FILE_BYTES:,} bytes", place)
            return None
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        report.value("not-utf-8", f"{name} is no UTF-8", place, "save the file as UTF-8")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        words = system_words(error)
        report.value("no-such-file", f"{name} cannot be read: {words}", place)
    return None


def _column(text: str, column: Json, place: Place, report: Report) -> tuple[str, ...]:
    if not isinstance(column, str):
        report.value("wrong-type", f"a column has a name, not {kind(column)}", place)
        return ()
    try:
        rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        names = list(rows.fieldnames or ())
        if column not in names:
            help_ = f"the first line names {listed(names, 'and')}" if names else "the file is empty"
            report.value("bad-list", f'no column is called "{column}"', place, help_, did_you_mean(column, names))
            return ()
        return tuple(cell.strip() for row in rows if (cell := row[column]) and cell.strip())
    except csv.Error as error:
        report.value("bad-list", f"the file is no CSV: {error}", place)
        return ()
