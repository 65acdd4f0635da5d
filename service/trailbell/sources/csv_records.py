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
_UNDECODED: Final = "surrogateescape"
"""Bytes that are no UTF-8 stay what they are, in a form that no text has."""


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
    one in JSON; an empty cell is no field. A row with more or fewer cells than the header, with a lone carriage return
    outside of quotes, or with bytes that are no UTF-8 is handed on as it stands, to be malformed.

    Args:
        blocks: the content, uncompressed.
        name: of the file, for messages.
        delimiter: from ``delimiter_of``.

    Raises:
        SourceError: where a cell is longer than a record may be, as one is whose quote never ends.
    """
    csv.field_size_limit(RECORD_LIMIT_BYTES)  # of the whole process, and 128 KiB unless somebody says so
    lines = _Lines(blocks)
    reader = csv.reader(lines, delimiter=delimiter)
    names: Sequence[str] = ()
    while True:
        lines.taken.clear()
        try:
            cells = next(reader, None)
        except csv.Error as error:
            if "field limit" in str(error):
                where = f"{name}:{reader.line_num}: a cell is larger than 1 MiB"
                raise SourceError(where, "is a quote left open before that line?") from error
            yield reader.line_num, lines.raw()  # \r outside of quotes; the reader goes on behind the line
            continue
        if cells is None:
            return
        if not names:
            names = [cell.strip() for cell in cells]
        elif cells:
            record = _json(names, cells) if len(cells) == len(names) else None
            yield reader.line_num, lines.raw() if record is None else record


def _row(line: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


class _Lines:
    """Lines of text, of which the last ones can be had as they stood in the file.

    Attributes:
        taken: the lines since somebody emptied it.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._lines = _decoded(blocks)
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.taken.append(line)
        return line

    def raw(self) -> bytes:
        """The bytes of the lines that were taken, without the last line end."""
        return "".join(self.taken).rstrip("\r\n").encode("utf-8", _UNDECODED)


def _decoded(blocks: Iterator[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")(_UNDECODED)
    rest = ""
    for block in blocks:
        # Only \n ends a line: other separators that Python knows may stand in a value.
        lines = (rest + decoder.decode(block)).split("\n")
        rest = lines.pop()
        yield from (line + "\n" for line in lines)
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest


def _json(names: Sequence[str], cells: Sequence[str]) -> bytes | None:
    """The row as a JSON object; None if it holds bytes that are no UTF-8."""
    try:
        return write_json(_record(names, cells))
    except UnicodeEncodeError:
        return None


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
