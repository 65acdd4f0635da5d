"""What a dry-run remembers beyond its memory: in a file that is gone when it ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

import apsw

from trailbell_engine.cells import Backing, Cell, Shelf, Tracked
from trailbell_engine.packed.backing import PackedBacking

from .store.memories import Memories
from .store.schema import STATE_TABLES
from .store.sqlite import SqliteDatabase

_CACHE_KIB: Final = 65_536
_PRAGMAS: Final = (
    "journal_mode = OFF",
    "synchronous = OFF",
    "locking_mode = EXCLUSIVE",
    f"cache_size = -{_CACHE_KIB}",
)


class Spilling:
    """``cells.Backing``: packed in memory, and on disk as soon as that takes more than a limit."""

    def __init__(self, limit_bytes: int) -> None:
        """Begin in memory.

        Args:
            limit_bytes: of the packed memories.
        """
        self._limit_bytes = limit_bytes
        self._packed: PackedBacking | None = PackedBacking()
        self._backing: Backing = self._packed

    @property
    def used_bytes(self) -> int:
        """What it takes of memory: on disk, SQLite's cache."""
        return _CACHE_KIB * 1024 if self._packed is None else self._packed.used_bytes

    def load(self, shelf: Shelf, key: str) -> tuple[Cell, int] | None:
        """The cell of a key and the size of its memory."""
        return self._backing.load(shelf, key)

    def save(self, cells: Sequence[Cell]) -> None:
        """Keep them as they are now."""
        self._backing.save(cells)
        if self._packed is not None and self._packed.used_bytes > self._limit_bytes:
            self._spill(self._packed)

    def expire(self, grain: int) -> None:
        """Drop what expires before that grain."""
        self._backing.expire(grain)

    def is_empty(self, shelf: Shelf) -> bool:
        """Whether there is no cell of the shelf."""
        return self._backing.is_empty(shelf)

    def cells(self, shelf: Shelf) -> Iterable[Cell]:
        """All cells of a shelf."""
        return self._backing.cells(shelf)

    def tracked(self, versions: AbstractSet[tuple[str, str]], grain: int) -> Iterable[Tracked]:
        """How many keys of these versions have a memory for ``when``, by grain."""
        return self._backing.tracked(versions, grain)

    def _spill(self, packed: PackedBacking) -> None:
        """Move everything. SQLite deletes a database without a name by itself, and writes it only when it must."""
        connection = apsw.Connection("")
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(STATE_TABLES)
        connection.execute("BEGIN")  # and no end: nobody asks for it after a crash
        self._backing = Memories(SqliteDatabase(connection))
        for shelf in packed.shelves():
            self._backing.save([*packed.cells(shelf)])
        self._packed = None
