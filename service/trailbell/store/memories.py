"""The ``state`` table: what rules remember, as the last commit left it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from trailbell_engine.agenda import GRAIN_BITS, NEVER_US
from trailbell_engine.cells import Cell, Shelf, Tracked
from trailbell_engine.decode import read_json, write_json

from .database import Database

_WHERE = "WHERE rule_id = ? AND version = ? AND part = ? AND key = ?"


class Memories:
    """``cells.Backing`` over the table. Whoever writes is inside a transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, shelf: Shelf, key: str) -> tuple[Cell, int] | None:
        """The cell of a key, and the size of its JSON."""
        row = self._database.one(
            f"SELECT value, expires_us, grain, wakes_us, wakes_source FROM state {_WHERE}",  # noqa: S608 - a constant
            (*shelf.names, key),
        )
        return None if row is None else (_cell(shelf, key, *row), len(row[0]))

    def save(self, cells: Sequence[Cell]) -> None:
        """Write them. Where only the memory differs, the index of what expires is left alone."""
        gone, same, other = [], [], []
        for cell in cells:
            name = (*cell.shelf.names, cell.key)
            if cell.memory is None:
                gone.append(name)
                cell.grain = None
                continue
            grain = None if cell.expires_us == NEVER_US else cell.expires_us >> GRAIN_BITS
            row = (_value(cell), *_instants(cell))
            if grain is not None and grain == cell.grain:
                same.append((*row, *name))
            else:
                other.append((*name, *row, grain))
                cell.grain = grain
        connection = self._database.connection
        if gone:
            connection.executemany(f"DELETE FROM state {_WHERE}", gone)  # noqa: S608 - a constant
        if same:
            connection.executemany(
                f"UPDATE state SET value = ?, expires_us = ?, wakes_us = ?, wakes_source = ? {_WHERE}",  # noqa: S608 - a constant
                same,
            )
        if other:
            connection.executemany(
                "INSERT INTO state (rule_id, version, part, key, value, expires_us, wakes_us, wakes_source, grain) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value, "
                "expires_us = excluded.expires_us, wakes_us = excluded.wakes_us, "
                "wakes_source = excluded.wakes_source, grain = excluded.grain",
                other,
            )

    def expire(self, grain: int) -> None:
        """Drop what expires before that grain."""
        self._database.connection.execute("DELETE FROM state WHERE grain < ?", (grain,))

    def cells(self, shelf: Shelf) -> Iterable[Cell]:
        """All cells of a shelf."""
        rows = self._database.rows(
            "SELECT key, value, expires_us, grain, wakes_us, wakes_source FROM state "
            "WHERE rule_id = ? AND version = ? AND part = ?",
            shelf.names,
        )
        return (_cell(shelf, *row) for row in rows)

    def tracked(self, versions: AbstractSet[tuple[str, str]], grain: int) -> Iterator[Tracked]:
        """How many keys of these versions have a memory for ``when`` that expires in that grain or after it."""
        for rule_id, version in sorted(versions):
            rows = self._database.rows(
                "SELECT coalesce(grain, ?1) AS until, count(*) FROM state "
                "WHERE rule_id = ?2 AND version = ?3 AND part = 'when' AND until >= ?4 GROUP BY until",
                (NEVER_US >> GRAIN_BITS, rule_id, version, grain),
            )
            yield from (Tracked(rule_id, version, *row) for row in rows)


def _value(cell: Cell) -> bytes:
    codec = cell.shelf.codec
    return write_json(cell.memory if codec is None else codec.freeze(cell.memory))


def _instants(cell: Cell) -> tuple[int | None, int | None, str | None]:
    expires_us = None if cell.expires_us == NEVER_US else cell.expires_us
    return (expires_us, None, None) if cell.wake_us is None else (expires_us, cell.wake_us, cell.source)


def _cell(
    shelf: Shelf, key: str, value: bytes, expires_us: int | None, grain: int | None, wakes_us: int | None, source: Any
) -> Cell:
    memory = read_json(value)
    if shelf.codec is not None:
        memory = shelf.codec.thaw(memory)
    cell = Cell(shelf, key, memory, NEVER_US if expires_us is None else expires_us, wakes_us, source or "")
    cell.grain = grain
    return cell
