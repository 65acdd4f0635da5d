"""The ``state`` table: what rules remember, as the last commit left it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

from trailbell_engine.agenda import GRAIN_BITS, NEVER_US
from trailbell_engine.cells import Cell, Shelf, Tracked
from trailbell_engine.decoding.exact_json import read_json, write_json

from .database import Database

_LOAD: Final = "SELECT value, expires_us, grain, wakes_us, wakes_source FROM state WHERE shelf = ? AND key = ?"
_INSERT: Final = (
    "INSERT INTO state (value, expires_us, wakes_us, wakes_source, shelf, key, grain) VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (shelf, key) DO UPDATE SET value = excluded.value, expires_us = excluded.expires_us, "
    "grain = excluded.grain, wakes_us = excluded.wakes_us, wakes_source = excluded.wakes_source"
)
_UPDATE: Final = (
    "UPDATE state SET value = ?, expires_us = ?, wakes_us = ?, wakes_source = ? WHERE shelf = ? AND key = ?"
)
_DELETE: Final = "DELETE FROM state WHERE shelf = ? AND key = ?"
_UNTIL: Final = f"(coalesce(expires_us, {NEVER_US}) >> {GRAIN_BITS})"
"""The grain in which a row expires."""


class Memories:
    """``cells.Backing`` over the table. Whoever writes is inside a transaction.

    A row is indexed by the grain in which it was to expire when it came. It lives on as its key is seen again; when
    that grain has passed, and not before, it is indexed anew or dropped. So nearly every write changes one place.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers: dict[tuple[str, str, str], int] = {}
        self._swept_grain = -NEVER_US

    def load(self, shelf: Shelf, key: str) -> tuple[Cell, int] | None:
        """The cell of a key, and the size of its JSON."""
        number = self._number(shelf)
        row = None if number is None else self._database.one(_LOAD, (number, key))
        return None if row is None else (_cell(shelf, key, *row), len(row[0]))

    def save(self, cells: Sequence[Cell]) -> None:
        """Write them."""
        gone, known, new = [], [], []
        for cell in cells:
            name = (self._made(cell.shelf), cell.key)
            if cell.memory is None:
                gone.append(name)
                cell.grain = None
                continue
            row = (_value(cell), *_instants(cell), *name)
            grain = cell.expires_us >> GRAIN_BITS
            if cell.grain is not None and self._swept_grain <= cell.grain <= grain:  # else the row may have been swept
                known.append(row)
            else:
                new.append((*row, None if cell.expires_us == NEVER_US else grain))
                cell.grain = grain
        for sql, rows in ((_DELETE, gone), (_UPDATE, known), (_INSERT, new)):
            if rows:
                self._database.executemany(sql, rows)

    def expire(self, grain: int) -> None:
        """Drop what expires before that grain."""
        self._swept_grain = max(self._swept_grain, grain)
        live = f"WHERE grain < ?1 AND {_UNTIL} >= ?1"
        self._database.execute(f"UPDATE state SET grain = expires_us >> {GRAIN_BITS} {live}", (grain,))  # noqa: S608 - numbers
        self._database.execute("DELETE FROM state WHERE grain < ?", (grain,))

    def is_empty(self, shelf: Shelf) -> bool:
        """Whether there is no cell of the shelf."""
        number = self._number(shelf)
        return number is None or self._database.one("SELECT 1 FROM state WHERE shelf = ? LIMIT 1", (number,)) is None

    def cells(self, shelf: Shelf) -> Iterable[Cell]:
        """All cells of a shelf."""
        rows = self._database.rows(
            "SELECT key, value, expires_us, grain, wakes_us, wakes_source FROM state WHERE shelf = ?",
            (self._number(shelf),),
        )
        return (_cell(shelf, *row) for row in rows)

    def tracked(self, versions: AbstractSet[tuple[str, str]], grain: int) -> Iterator[Tracked]:
        """How many keys of these versions have a memory for ``when`` that expires in that grain or after it."""
        shelves = self._database.rows("SELECT number, rule_id, version FROM shelf WHERE part = 'when' ORDER BY number")
        for number, rule_id, version in shelves:
            if (rule_id, version) in versions:
                rows = self._database.rows(
                    f"SELECT {_UNTIL} AS until, count(*) FROM state WHERE shelf = ? AND {_UNTIL} >= ? GROUP BY until",  # noqa: S608 - numbers
                    (number, grain),
                )
                yield from (Tracked(rule_id, version, *row) for row in rows)

    def forget(self, versions: Iterable[tuple[str, str]]) -> None:
        """Drop what the conditions of these versions of rules (id, version) remember."""
        self._database.executemany(
            "DELETE FROM state "
            "WHERE shelf = (SELECT number FROM shelf WHERE rule_id = ? AND version = ? AND part = 'when')",
            list(versions),
        )

    def undone(self) -> None:
        """A transaction was rolled back; shelves that it made are not there."""
        self._numbers.clear()

    def _number(self, shelf: Shelf) -> int | None:
        number = self._numbers.get(shelf.names)
        if number is None:
            row = self._database.one(
                "SELECT number FROM shelf WHERE rule_id = ? AND version = ? AND part = ?", shelf.names
            )
            if row is not None:
                number = self._numbers[shelf.names] = int(row[0])
        return number

    def _made(self, shelf: Shelf) -> int:
        number = self._number(shelf)
        if number is None:
            sql = "INSERT INTO shelf (rule_id, version, part) VALUES (?, ?, ?) RETURNING number"
            ((made,),) = self._database.rows(sql, shelf.names)
            number = self._numbers[shelf.names] = int(made)
        return number


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
    cell.grain = NEVER_US >> GRAIN_BITS if grain is None else grain
    return cell
