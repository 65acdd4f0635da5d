"""What rules remember, as they work with it: living objects in a bounded cache, over a backing that holds the rest.

Rules change what they remember on every event. So the objects of the keys that were seen lately are kept as they are,
and become JSON or bytes only when they leave the cache or when a transaction ends. Two generations bound it: what is
touched moves to the young one; when that is full it becomes the old one, and what is left of the one before goes to
the backing, a few for every one that comes, so that no event pays for many.

Where the backing is memory, too, both share what there is: as long as they fit into it together nothing leaves the
cache, and the more the backing takes, the less is left to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, NamedTuple, Protocol

from .agenda import GRAIN_BITS, NEVER_US
from .values import Json

CELL_BYTES: Final = 600
"""What a small memory takes as objects: its key, a short window, and its place in the cache."""
_GROWTH_BYTES: Final = 100
"""What one more entry takes."""
_LET_GO: Final = 2
"""So many old cells are let go for one that comes, so that they are gone before half as many have come; four times as
many when there is no more room, as nothing new can grow old before."""


class Codec(Protocol):
    """Between what a part of a rule works with and JSON."""

    def freeze(self, memory: Any) -> Json:
        """The memory as JSON, which is written at once."""

    def thaw(self, value: Json) -> Any:
        """The memory of which ``freeze`` made the value."""

    def expires_us(self, memory: Any) -> int | None:
        """The event time from which the memory can change nothing any more; None keeps it for ever."""

    def wakes_us(self, memory: Any) -> int | None:
        """The event time at which it is to be looked at; None for none."""


class Shelf:
    """The memories of one part of one version of a rule.

    Attributes:
        rule_id, version, part: see ``state.Slot``.
        codec: of the part; None if the memories are JSON and their instants are kept beside them.
        number: within its state.
        prefix: begins the names of its cells.
        whole: nothing of it is in the backing alone, so that what is not at hand is not there; None: not known.
    """

    __slots__ = ("codec", "number", "part", "prefix", "rule_id", "version", "whole")

    def __init__(self, rule_id: str, version: str, part: str, number: int, codec: Codec | None) -> None:
        self.rule_id = rule_id
        self.version = version
        self.part = part
        self.number = number
        self.prefix = f"{number} "
        self.codec = codec
        self.whole: bool | None = None

    @property
    def names(self) -> tuple[str, str, str]:
        """Rule id, version and part."""
        return self.rule_id, self.version, self.part


class Cell:
    """The memory of one key, and when it is of interest.

    Attributes:
        shelf, key: whose memory it is.
        memory: None if there is none.
        expires_us: the event time from which it can change nothing any more; ``NEVER_US`` if there is none.
        wake_us, source: the instant at which it wants to be looked at, by the clock of that source; None for none.
        dirty: the backing does not know it yet.
        grain: in which the backing believes it to expire; None if it does not, or is not there.
    """

    __slots__ = ("dirty", "expires_us", "grain", "key", "memory", "shelf", "source", "wake_us")

    def __init__(
        self,
        shelf: Shelf,
        key: str,
        memory: Any = None,
        expires_us: int = NEVER_US,
        wake_us: int | None = None,
        source: str = "",
    ) -> None:
        self.shelf = shelf
        self.key = key
        self.memory = memory
        self.expires_us = expires_us
        self.wake_us = wake_us
        self.source = source
        self.dirty = False
        self.grain: int | None = None

    def alive(self, clock_us: int) -> bool:
        """Whether there is a memory that has not expired."""
        return self.memory is not None and self.expires_us > clock_us


class Tracked(NamedTuple):
    """So many keys of a rule's version whose memory expires in one grain of time (see ``agenda``)."""

    rule_id: str
    version: str
    grain: int
    keys: int


class Backing(Protocol):
    """Where memories are that are not in the cache."""

    def load(self, shelf: Shelf, key: str) -> tuple[Cell, int] | None:
        """The cell of a key, and how many bytes its memory takes there; None if there is none."""

    def save(self, cells: Sequence[Cell]) -> None:
        """Keep them as they are now; those without a memory are forgotten."""

    def expire(self, grain: int) -> None:
        """Drop what expires before that grain."""

    def is_empty(self, shelf: Shelf) -> bool:
        """Whether there is no cell of the shelf."""

    def cells(self, shelf: Shelf) -> Iterable[Cell]:
        """All cells of a shelf."""

    def tracked(self, versions: AbstractSet[tuple[str, str]], grain: int) -> Iterable[Tracked]:
        """How many keys of these versions have a memory for ``when`` that expires in that grain or after it."""


class MeasuredBacking(Backing, Protocol):
    """One that takes memory, too."""

    @property
    def used_bytes(self) -> int:
        """How much."""


class Cache:
    """Cells in two generations over a backing."""

    def __init__(
        self, backing: Backing, limit_bytes: int, limit_cells: int, room_bytes: Callable[[], int] | None = None
    ) -> None:
        """Keep at most so much; what is being worked with does not count.

        Args:
            backing: where the other cells are.
            limit_bytes: of the cache.
            limit_cells: as many at most.
            room_bytes: the limits do not count for what takes no more than this says, which is asked now and then.
        """
        self.backing = backing
        self._half_bytes, self._half_cells = limit_bytes // 2, limit_cells // 2
        self._room_bytes = room_bytes
        self.clear()

    def clear(self) -> None:
        """Forget what is here, written or not: the backing counts."""
        self._young: dict[str, Cell] = {}
        self._old: dict[str, Cell] = {}
        self._leaving: list[str] = []
        self._dirty: dict[str, Cell] = {}
        self._spent_bytes = 0

    def cell(self, shelf: Shelf, key: str) -> Cell:
        """The cell of a key; one without a memory if nothing is kept."""
        name = shelf.prefix + key
        cell = self._young.get(name)
        return self._fetched(shelf, key, name) if cell is None else cell

    def changed(self, cell: Cell) -> None:
        """The cell's memory is another than before, or has been changed in place."""
        if not cell.dirty:
            cell.dirty = True
            name = cell.shelf.prefix + cell.key
            self._dirty[name] = self._young[name] = cell  # it may have left the cache while it was worked with
        self._spent_bytes += _GROWTH_BYTES

    def flush(self) -> None:
        """Let the backing know all."""
        if self._dirty:
            self._save(list(self._dirty.values()))
            self._dirty.clear()

    def expire(self, grain: int) -> None:
        """Drop what expires before that grain, here and in the backing."""
        for cells in (self._young, self._old, self._dirty):
            for name, cell in list(cells.items()):
                if cell.expires_us >> GRAIN_BITS < grain:
                    cell.memory = None
                    if not cell.dirty:  # else the backing may hold an earlier memory that is to go, too
                        del cells[name]
        self.backing.expire(grain)

    def _fetched(self, shelf: Shelf, key: str, name: str) -> Cell:
        cell = self._old.pop(name, None) or self._dirty.get(name)
        size = CELL_BYTES
        if cell is None:
            loaded = None if self._is_whole(shelf) else self.backing.load(shelf, key)
            cell, size = (Cell(shelf, key), size) if loaded is None else (loaded[0], size + 4 * loaded[1])
        self._young[name] = cell
        self._spent_bytes += size
        if not self._is_full():
            self._let_go(_LET_GO)
            return cell
        self._let_go(4 * _LET_GO)
        if not self._leaving:
            self._turn()
        return cell

    def _is_full(self) -> bool:
        """Whether what is young takes its half, and both together more than there is room."""
        if self._spent_bytes <= self._half_bytes and len(self._young) <= self._half_cells:
            return False
        return self._room_bytes is None or self._spent_bytes + len(self._leaving) * CELL_BYTES > self._room_bytes()

    def _turn(self) -> None:
        """What was young is old now."""
        self._old, self._young = self._young, {}
        self._dirty = dict(self._dirty)  # one that was large stays so, however much has been taken out of it
        self._leaving = list(reversed(self._old))
        self._spent_bytes = 0

    def _let_go(self, number: int) -> None:
        """Of what is old, let so many go, or pass over those that have been touched since."""
        for _ in range(min(number, len(self._leaving))):
            cell = self._old.pop(name := self._leaving.pop(), None)
            if cell is None:
                continue
            if cell.memory is not None:
                cell.shelf.whole = False
            if cell.dirty:
                del self._dirty[name]
                self._save([cell])

    def _is_whole(self, shelf: Shelf) -> bool:
        if shelf.whole is None:
            shelf.whole = self.backing.is_empty(shelf)
        return shelf.whole

    def _save(self, cells: list[Cell]) -> None:
        self.backing.save(cells)
        for cell in cells:
            cell.dirty = False
