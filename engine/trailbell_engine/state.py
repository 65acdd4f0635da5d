"""What the engine remembers between events: a small JSON value per rule version, part and key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple, Protocol

from .agenda import GRAIN_BITS, NEVER_US
from .cells import Backing, Cache, Cell, Codec, MeasuredBacking, Shelf, Tracked
from .packed.backing import PackedBacking
from .values import Json

MEMORY_BYTES: Final = 64 * 2**20
MEMORY_CELLS: Final = 2**14
"""What a state in memory keeps as living objects in any case. Small windows are a tenth of the size when packed; large
ones cost the more to pack."""
TOGETHER_BYTES: Final = 80 * 2**20
"""What living objects and twice the packed ones may take before there are no more of the living than that: some 100,000
keys are never packed, and of a million nearly all are. Packed ones count twice because Python keeps half of what the
living ones leave."""


class Slot(NamedTuple):
    """The name of one piece of state.

    Attributes:
        rule_id: the rule.
        version: the rule's version; a change of what decides starts afresh, a change of words does not.
        part: ``when`` for the condition, ``suppress`` for what folds, ``open`` for the alert that lasts.
        key: canonical JSON of the key's values.
    """

    rule_id: str
    version: str
    part: str
    key: str


class Wake(NamedTuple):
    """A call that a piece of state asks for: a condition may fire because nothing came.

    Attributes:
        at_us: the instant, in event time.
        source: whose watermark must have passed it.
    """

    at_us: int
    source: str


class Kept(NamedTuple):
    """A value, the event time from which it can change nothing any more (None: never), and the call it asks for."""

    value: Json
    expires_us: int | None = None
    wake: Wake | None = None


def live(kept: Kept | None, clock_us: int) -> Json:
    """What is kept, unless it has expired; None if there is nothing.

    Whoever reads asks this, so that it makes no difference when a store sweeps.
    """
    if kept is None or (kept.expires_us is not None and kept.expires_us <= clock_us):
        return None
    return kept.value


class State(Protocol):
    """Keyed state. The live store writes it in the same transaction as the events that changed it.

    Rules work on ``Cell``s, which are living objects; for all others there are ``get`` and ``put``, with plain JSON.
    """

    def get(self, slot: Slot) -> Kept | None:
        """What is kept there. It may have expired: nobody looks at it then, so a store may drop it."""

    def put(self, slot: Slot, kept: Kept | None) -> None:
        """Keep a value (JSON; never changed by the caller afterwards); None forgets what is there."""

    def shelf(self, rule_id: str, version: str, part: str, codec: Codec | None = None) -> Shelf:
        """Where the memories of one part of a rule's version are; always the same object."""

    def cell(self, shelf: Shelf, key: str) -> Cell:
        """The cell of a key; one without a memory if nothing is kept. Never held beyond the event."""

    def changed(self, cell: Cell) -> None:
        """The cell has another memory than before, or none, or its memory has been changed."""

    def cells(self, shelf: Shelf) -> Iterable[Cell]:
        """All cells with a memory on a shelf, for a pipeline that takes up where another stopped."""

    def tracked(self, versions: AbstractSet[tuple[str, str]], clock_us: int | None) -> Iterable[Tracked]:
        """How many keys these versions of rules remember that a sweep at that instant leaves, by grain."""

    def expire(self, clock_us: int) -> None:
        """Drop all that any sweep up to now may have dropped: a source joins whose events may be older."""

    def refresh(self) -> None:
        """A pipeline takes up the state: what is kept is what others may have written."""

    def keep_only(self, versions: AbstractSet[tuple[str, str]]) -> None:
        """Other versions of rules do not run any more; what they remember stays until it expires."""


class CachedState:
    """State over a backing, with what was touched lately in memory as living objects."""

    def __init__(
        self,
        backing: Backing,
        limit_bytes: int = MEMORY_BYTES,
        limit_cells: int = MEMORY_CELLS,
        room_bytes: Callable[[], int] | None = None,
    ) -> None:
        """Begin with what the backing holds.

        Args:
            backing: where all is that is not in the cache.
            limit_bytes: of the cache; 0 keeps nothing there that is not being worked with.
            limit_cells: as many at most.
            room_bytes: the limits do not count for what takes no more than this says.
        """
        self._cache = Cache(backing, limit_bytes, limit_cells, room_bytes)
        self._shelves: dict[tuple[str, str, str], Shelf] = {}
        self._made = 0
        self._swept_grain: int | None = None
        self.cell, self.changed = self._cache.cell, self._cache.changed  # one call less on every event

    def shelf(self, rule_id: str, version: str, part: str, codec: Codec | None = None) -> Shelf:
        """Where the memories of one part of a rule's version are."""
        shelf = self._shelves.get((rule_id, version, part))
        if shelf is None:
            shelf = self._shelves[rule_id, version, part] = Shelf(rule_id, version, part, self._made, codec)
            self._made += 1
        elif codec is not None:
            if shelf.codec is None:  # what is at hand is JSON so far
                self.refresh()
            shelf.codec = codec  # of the same version, so the memories are the same
        return shelf

    def get(self, slot: Slot) -> Kept | None:
        """What is kept there, or None."""
        cell = self.cell(self.shelf(*slot[:3]), slot.key)
        return None if cell.memory is None else kept_of(cell)

    def put(self, slot: Slot, kept: Kept | None) -> None:
        """Keep a value, or forget what is there."""
        cell = self.cell(self.shelf(*slot[:3]), slot.key)
        codec = cell.shelf.codec
        value, expires_us, wake = kept or Kept(None)
        cell.memory = value if codec is None or value is None else codec.thaw(value)
        cell.expires_us = NEVER_US if expires_us is None else expires_us
        cell.wake_us, cell.source = wake or (None, "")
        self.changed(cell)

    def cells(self, shelf: Shelf) -> Iterable[Cell]:
        """All cells with a memory on a shelf."""
        self._cache.flush()
        return self._cache.backing.cells(shelf)

    def tracked(self, versions: AbstractSet[tuple[str, str]], clock_us: int | None) -> Iterable[Tracked]:
        """How many keys these versions of rules remember, by grain."""
        self._cache.flush()
        return self._cache.backing.tracked(versions, -NEVER_US if clock_us is None else clock_us >> GRAIN_BITS)

    def expire(self, clock_us: int) -> None:
        """Drop all that any sweep up to now may have dropped."""
        self._cache.expire(clock_us >> GRAIN_BITS)

    def sweep(self, watermark_us: int) -> None:
        """Drop what has expired, whole grains of time at once."""
        grain = watermark_us >> GRAIN_BITS
        if grain != self._swept_grain:
            self._swept_grain = grain
            self._cache.backing.expire(grain)

    def refresh(self) -> None:
        """Let the backing know all, and read it anew: others may have written there."""
        self._cache.flush()
        self._empty()

    def keep_only(self, versions: AbstractSet[tuple[str, str]]) -> None:
        """Let go of the shelves of other versions; what is on them stays in the backing."""
        self.refresh()
        self._shelves = {names: shelf for names, shelf in self._shelves.items() if names[:2] in versions}

    def flush(self) -> None:
        """Let the backing know all."""
        self._cache.flush()

    def clear(self) -> None:
        """Forget what the backing does not know."""
        self._empty()
        self._swept_grain = None

    def _empty(self) -> None:
        self._cache.clear()
        for shelf in self._shelves.values():
            shelf.whole = None


class MemoryState(CachedState):
    """State in memory: for dry-runs and rule tests."""

    def __init__(
        self,
        limit_bytes: int = MEMORY_BYTES,
        limit_cells: int = MEMORY_CELLS,
        together_bytes: int = TOGETHER_BYTES,
        backing: MeasuredBacking | None = None,
    ) -> None:
        """Begin with nothing.

        Args:
            limit_bytes: of the living objects.
            limit_cells: as many of them at most.
            together_bytes: neither limit counts as long as living objects and twice the packed ones take no more.
            backing: an empty one for what is not at hand; by default it is packed in memory.
        """
        packed = PackedBacking() if backing is None else backing
        super().__init__(packed, limit_bytes, limit_cells, lambda: together_bytes - 2 * packed.used_bytes)

    def items(self) -> Iterator[tuple[Slot, Kept]]:
        """Everything that is kept."""
        for shelf in list(self._shelves.values()):
            for cell in self.cells(shelf):
                yield Slot(shelf.rule_id, shelf.version, shelf.part, cell.key), kept_of(cell)

    def waking(self) -> Iterator[tuple[Slot, Wake]]:
        """The calls that are asked for."""
        return ((slot, kept.wake) for slot, kept in self.items() if kept.wake is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self.items())


def kept_of(cell: Cell) -> Kept:
    """What is kept in a cell that has a memory, as JSON."""
    codec = cell.shelf.codec
    expires_us = None if cell.expires_us == NEVER_US else cell.expires_us
    wake = None if cell.wake_us is None else Wake(cell.wake_us, cell.source)
    return Kept(cell.memory if codec is None else codec.freeze(cell.memory), expires_us, wake)
