"""Memories packed into one table: what dry-runs hold beside the cache."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from struct import Struct
from typing import Final

from trailbell_engine.agenda import GRAIN_BITS, NEVER_US
from trailbell_engine.cells import Cell, Shelf, Tracked

from .packing import pack, unpack
from .table import NEVER, PackedTable

_HEAD: Final = Struct("<BH")
_WAKING: Final = 1
"""The memory asks for a call; the number of the source by whose clock it does follows."""
_PLAIN: Final = 2
"""The memory is JSON, with its instants beside it."""


class PackedBacking:
    """``cells.Backing`` in memory."""

    def __init__(self) -> None:
        self._table = PackedTable()
        self._sources: list[str] = []
        self._shelves: dict[int, Shelf] = {}

    def __len__(self) -> int:
        return len(self._table)

    @property
    def used_bytes(self) -> int:
        """The size of all records."""
        return self._table.used_bytes

    def shelves(self) -> list[Shelf]:
        """The shelves that ever had a cell."""
        return [*self._shelves.values()]

    def load(self, shelf: Shelf, key: str) -> tuple[Cell, int] | None:
        """The cell of a key and the size of its memory."""
        payload = self._table.get(_name(shelf, key))
        return None if payload is None else (self._cell(shelf, key, payload), len(payload))

    def save(self, cells: Sequence[Cell]) -> None:
        """Keep them as they are now."""
        for cell in cells:
            name = _name(cell.shelf, cell.key)
            if cell.memory is None:
                self._table.remove(name)
                continue
            self._shelves[cell.shelf.number] = cell.shelf
            grain = NEVER if cell.expires_us == NEVER_US else min(max(cell.expires_us >> GRAIN_BITS, 0), NEVER - 1)
            self._table.set(name, grain, self._payload(cell))

    def expire(self, grain: int) -> None:
        """Drop what expires before that grain."""
        self._table.expire(grain)

    def is_empty(self, shelf: Shelf) -> bool:
        """Whether there never was a cell of the shelf."""
        return shelf.number not in self._shelves

    def cells(self, shelf: Shelf) -> Iterable[Cell]:
        """All cells of a shelf."""
        prefix = shelf.prefix.encode()
        for _, name, payload in list(self._table):
            if name.startswith(prefix):
                yield self._cell(shelf, name[len(prefix) :].decode("utf-8", "surrogatepass"), payload)

    def tracked(self, versions: AbstractSet[tuple[str, str]], grain: int) -> Iterable[Tracked]:
        """How many keys of these versions have a memory for ``when``, by grain."""
        wanted = {
            shelf.number: shelf
            for shelf in self._shelves.values()
            if shelf.part == "when" and (shelf.rule_id, shelf.version) in versions
        }
        counts = Counter(
            (number, record.grain)
            for record in (self._table if wanted else ())
            if (number := int(record.name.partition(b" ")[0])) in wanted and record.grain >= grain
        )
        for (number, expires), keys in counts.items():
            shelf = wanted[number]
            yield Tracked(shelf.rule_id, shelf.version, NEVER_US >> GRAIN_BITS if expires == NEVER else expires, keys)

    def _payload(self, cell: Cell) -> bytes:
        codec = cell.shelf.codec
        waking = 0 if cell.wake_us is None else _WAKING
        value = [cell.memory, cell.expires_us, cell.wake_us] if codec is None else codec.freeze(cell.memory)
        kind = waking | (_PLAIN if codec is None else 0)
        return (_HEAD.pack(kind, self._source(cell.source)) if waking else bytes((kind,))) + pack(value)

    def _cell(self, shelf: Shelf, key: str, payload: bytes) -> Cell:
        kind, source, codec = payload[0], "", shelf.codec
        if kind & _WAKING:
            source = self._sources[_HEAD.unpack_from(payload)[1]]
        value = unpack(payload[_HEAD.size if kind & _WAKING else 1 :])
        if kind & _PLAIN:
            memory, expires_us, wake_us = value
            return Cell(shelf, key, memory if codec is None else codec.thaw(memory), expires_us, wake_us, source)
        assert codec is not None, "a shelf never loses its codec"
        memory = codec.thaw(value)
        expires_us = codec.expires_us(memory)
        wake_us = codec.wakes_us(memory) if kind & _WAKING else None
        return Cell(shelf, key, memory, NEVER_US if expires_us is None else expires_us, wake_us, source)

    def _source(self, name: str) -> int:
        if name not in self._sources:
            self._sources.append(name)
        return self._sources.index(name)


def _name(shelf: Shelf, key: str) -> bytes:
    return (shelf.prefix + key).encode("utf-8", "surrogatepass")
