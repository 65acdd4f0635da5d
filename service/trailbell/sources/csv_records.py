"""CSV to records: a header with names, a row for each event. Seen by its header, never by the file's name."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from trailbell_engine.decoding.decoder import RECORD_LIMIT_BYTES
from trailbell_engine.decoding.exact_json import NotJsonError, read_json, write_json
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.values import Json

from .errors import SourceError

_DELIMITERS: Final = ",;\t|"
_NAME: Final = re.compile(r"[A-Za-z_@$][\w@$.\-:/ ]*", re.ASCII)
_TELLING: Final = frozenset(
    str(path) for preset in PRESETS.values() for paths in (preset.id, preset.event_type, preset.time) for path in paths
) | {"timestamp", "datetime", "date", "event", "event_name"}
"""Of a header at least one name is the id, type or time of an event; else the line is anything with commas in it."""


_JSON: Final = (b"{", b"[")
_LONGEST_HEADER_BYTES: Final = 64 * 1024


def delimiter_of(head: bytes) -> str | None:
    """What separates the columns, if the first line is a header and the second no JSON; None for everything else."""
    first, _, rest = head.lstrip().partition(b"\n")
    if first[:1] in _JSON or rest.lstrip()[:1] in _JSON or len(first) > _LONGEST_HEADER_BYTES:
        return None
    line = first.decode("utf-8", "replace").rstrip("\r")
    for delimiter in _DELIMITERS:
        names = _row(line, delimiter)
        if len(names) > 1 and len({*names}) == len(names) and all(map(_NAME.fullmatch, names)):
            return delimiter if _TELLING & {*names} else None
    return None


def csv_records(blocks: Iterator[bytes], name: str, delimiter: str) -> Iterator[tuple[int, bytes]]:
    """The rows as JSON objects, each with the number of its last line.

    A column ``a.b`` is the field ``b`` of the object ``a``. A cell is a string, or an array or object where it holds
    one in JSON; an empty cell is no field. A row with more or fewer cells than the header is handed on as it stands,
    to be malformed.

    Args:
        blocks: the content, uncompressed.
        name: of the file, for messages.
        delimiter: from ``delimiter_of``.

    Raises:
        SourceError: where a cell is longer than a record may be, as one is whose quote never ends.
    """
    csv.field_size_limit(RECORD_LIMIT_BYTES)  # of the whole process, and 128 KiB unless somebody says so
    reader = csv.reader(_lines(blocks), delimiter=delimiter)
    names: Sequence[str] = ()
    try:
        for cells in reader:
            if not names:
                names = [cell.strip() for cell in cells]
            elif len(cells) == len(names):
                yield reader.line_num, write_json(_record(names, cells))
            elif cells:
                yield reader.line_num, delimiter.join(cells).encode("utf-8", "replace")
    except csv.Error as error:
        words = "a cell is larger than 1 MiB" if "field limit" in str(error) else str(error)
        raise SourceError(f"{name}:{reader.line_num}: {words}", "is a quote left open before that line?") from error


def _row(line: str, delimiter: str) -> list[str]:
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]


def _lines(blocks: Iterator[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")("replace")
    rest = ""
    for block in blocks:
        # Only \n ends a line: other separators that Python knows may stand in a value.
        lines = (rest + decoder.decode(block)).split("\n")
        rest = lines.pop()
        yield from (line + "\n" for line in lines)
    if rest:
        yield rest


def _record(names: Sequence[str], cells: Sequence[str]) -> dict[str, Json]:
    record: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=True):
        if cell:
            _put(record, name, _value(cell))
    return record


def _put(record: dict[str, Any], name: str, value: Json) -> None:
    inner = record
    *outer, last = name.split(".")
    for part in outer:
        found = inner.setdefault(part, {})
        if not isinstance(found, dict):  # `a` and `a.b` are both columns
            record[name] = value
            return
        inner = found
    inner[last] = value


def _value(cell: str) -> Json:
    if cell[0] in "{[":
        try:
            return read_json(cell.encode())
        except NotJsonError:
            return cell
    return cell
