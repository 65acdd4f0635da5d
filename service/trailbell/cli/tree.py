"""The verdict on a predicate as a tree on the terminal: ✔ and ✘, what was asked, what was read, what was nearly it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from rich.cells import cell_len
from rich.text import Text

from trailbell_engine.phrases import operator_of, phrase, value_text
from trailbell_engine.values import Json

from .printable import printable

_GROUPS: Final = {"all": "all of", "any": "any of", "not": "not"}
_FIELD_CELLS: Final = 36
"""A longer path stands out of its column instead of widening it for all."""
_READ_CELLS: Final = 22
"""Kept free for what was read; where that needs more, it goes to a line of its own."""
_GAP: Final = "  "


class _Row(NamedTuple):
    """One line before it is laid out."""

    depth: int
    holds: bool
    field: str
    asked: str = ""
    read: str = ""
    missing: bool = False
    remark: str = ""
    first: bool = False


def verdict_lines(verdict: Mapping[str, Json], width: int = 120) -> Iterator[Text]:
    """The lines of a verdict, as ``Verdict.to_json`` wrote it, in aligned columns.

    Of a verdict that does not hold, the first test that decides so is marked.

    Args:
        verdict: what to show.
        width: cells to fit into; a long field name or value may pass them.
    """
    rows = list(_rows(verdict, _first_failing(verdict)))
    fields = [cell_len(row.field) + 2 * row.depth for row in rows if row.asked]
    field_cells = min(max(fields, default=0), _FIELD_CELLS)
    room = width - field_cells - 2 * len(_GAP) - _READ_CELLS - 4
    asked_cells = min(max((cell_len(row.asked) for row in rows), default=0), max(room, 12))
    for row in rows:
        yield from _lines(row, field_cells, asked_cells, width)


def _first_failing(verdict: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The first test that makes the verdict what it is, where it does not hold."""
    if verdict["holds"]:
        return None
    while (kind := _group(verdict)) is not None:
        wanted = verdict["holds"] if kind != "not" else not verdict["holds"]
        found = next((part for part in verdict[kind] if part["holds"] is wanted), None)
        if found is None:
            return None
        verdict = found
    return verdict


def _group(verdict: Mapping[str, Any]) -> str | None:
    return next((name for name in _GROUPS if isinstance(verdict.get(name), list) and "path" not in verdict), None)


def _rows(verdict: Mapping[str, Any], first: object, depth: int = 0, *, inside_all: bool = True) -> Iterator[_Row]:
    kind = _group(verdict)
    if kind is None:
        yield _test(verdict, depth, first, holds=verdict["holds"], negated=False)
        yield from _inside(verdict, first, depth + 1)
        return
    parts = verdict[kind]
    if kind == "not" and _group(parts[0]) is None:
        yield _test(parts[0], depth, first, holds=verdict["holds"], negated=True)
        yield from _inside(parts[0], first, depth + 1)
        return
    if kind != "all" or not inside_all:
        yield _Row(depth, verdict["holds"], _GROUPS[kind])
        depth += 1
    for part in parts:
        yield from _rows(part, first, depth, inside_all=kind == "all")


def _inside(test: Mapping[str, Any], first: object, depth: int) -> Iterator[_Row]:
    """The elements that settle the test or come nearest, each with its own tree; a length is a line of its own."""
    for part in test.get("inside", ()):
        if part["at"] == "length":
            rows = _rows(part["verdict"], first, depth)
            yield from (row._replace(field="length" if row.field == "this" else row.field) for row in rows)
        else:
            yield _Row(depth, part["verdict"]["holds"], f"element {part['at']}")
            yield from _rows(part["verdict"], first, depth + 1)


def _test(test: Mapping[str, Any], depth: int, first: object, *, holds: bool, negated: bool) -> _Row:
    operator = operator_of(test)
    asked = phrase(operator, test[operator], negated=negated, fold=bool(test.get("ignore_case")), quoted=True)
    values = test["values"]
    read = ", ".join(value_text(value, quoted=True) for value in values[:3]) + (", …" if len(values) > 3 else "")
    return _Row(
        depth,
        holds,
        printable(str(test["path"])),
        printable(asked),
        printable(read) if values else "no such field",
        missing=not values,
        remark=printable(test.get("remark", "")),
        first=test is first,
    )


def _lines(row: _Row, field_cells: int, asked_cells: int, width: int) -> Iterator[Text]:
    line = Text("▶ " if row.first else _GAP, "bold red").append("  " * row.depth)
    line.append("✔ " if row.holds else "✘ ", "green" if row.holds else "red")
    style = "bold" if row.first else "not bold default"
    line.append(row.field, f"bold {'red' if row.first else 'default'}" if row.asked else "italic")
    if not row.asked:
        yield line
        return
    column = cell_len(_GAP) + 2 + field_cells + len(_GAP)
    line.append(" " * max(len(_GAP), column - line.cell_len)).append(row.asked, style)
    read = Text(row.read, "yellow" if row.missing else "cyan")
    at = max(column + asked_cells + len(_GAP), line.cell_len + len(_GAP))
    if at + read.cell_len <= width or at <= column + asked_cells + len(_GAP):
        yield line.append(" " * (at - line.cell_len)).append_text(read)
    else:
        yield line
        yield Text(" " * column).append("was ", "dim").append_text(read)
    if row.remark:
        yield Text(" " * column).append(f"↳ {row.remark}", "bold yellow")
