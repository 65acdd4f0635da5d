"""What is at hand and what is in the backing are one: nothing is lost between them, and nothing comes back."""

import pytest

from trailbell_engine.agenda import GRAIN_BITS
from trailbell_engine.cells import CELL_BYTES, Cell
from trailbell_engine.state import CachedState, Kept, MemoryState, Slot


class Counting:
    """A backing in a dictionary, which counts what is asked of it."""

    def __init__(self):
        self.kept, self.loads, self.saves = {}, 0, []

    def load(self, shelf, key):
        self.loads += 1
        found = self.kept.get((shelf.names, key))
        return None if found is None else (Cell(shelf, key, *found), 10)

    def save(self, cells):
        for cell in cells:
            self.saves.append(cell.key)
            self.kept[cell.shelf.names, cell.key] = (cell.memory, cell.expires_us)
            if cell.memory is None:
                del self.kept[cell.shelf.names, cell.key]

    def expire(self, grain):
        self.kept = {name: found for name, found in self.kept.items() if found[1] >> GRAIN_BITS >= grain}

    def is_empty(self, shelf):
        return not any(names == shelf.names for names, _ in self.kept)

    def cells(self, shelf):
        return [Cell(shelf, key, *found) for (names, key), found in self.kept.items() if names == shelf.names]


def slot(key):
    """A slot of one rule."""
    return Slot("r", "v", "when", key)


@pytest.fixture
def backing():
    """What a state saves to."""
    return Counting()


def test_what_is_at_hand_is_not_asked_for(backing):
    """A shelf that was empty at first is known; so is what was seen lately."""
    state = CachedState(backing)
    for number in range(10):
        assert state.get(slot(str(number))) is None
        state.put(slot(str(number)), Kept(number))
        assert state.get(slot(str(number))) == Kept(number)
    assert backing.loads == 0


def test_what_changed_is_saved_once(backing):
    """However often it changes between two commits."""
    state = CachedState(backing)
    for number in range(10):
        state.put(slot("a"), Kept(number))
    state.flush()
    state.flush()
    assert backing.saves == ["a"]
    assert backing.kept == {(("r", "v", "when"), "a"): (9, 2**62)}


@pytest.mark.parametrize("limit_cells", [0, 1, 2, 4])
def test_a_cell_that_left_while_it_was_worked_with_is_not_lost(backing, limit_cells):
    """It is at hand again as soon as it has changed, and in the backing once that is written."""
    state = CachedState(backing, 0, limit_cells)
    shelf = state.shelf("r", "v", "when")
    cell = state.cell(shelf, "a")
    for number in range(10):
        state.cell(shelf, f"other {number}")
    cell.memory = "kept"
    state.changed(cell)
    state.flush()
    for number in range(10):
        state.cell(shelf, f"another {number}")
    assert state.get(slot("a")) == Kept("kept")


def test_what_was_rolled_back_is_forgotten(backing):
    """The backing counts."""
    state = CachedState(backing)
    state.put(slot("a"), Kept("before"))
    state.flush()
    state.put(slot("a"), Kept("after"))
    state.put(slot("b"), Kept("new"))
    state.clear()
    assert (state.get(slot("a")), state.get(slot("b"))) == (Kept("before"), None)


def test_memory_at_hand_is_bounded(backing):
    """In cells; of those that leave, each is saved once."""
    state = CachedState(backing, limit_cells=100)
    for number in range(10_000):
        state.put(slot(str(number)), Kept(number))
        cache = state._cache
        assert len(cache._young) + len(cache._old) <= 110
    assert len(backing.saves) == len(set(backing.saves)) >= 9_890


class Weighing(Counting):
    """One that takes 100 bytes for each cell it has, and says how many it was given since it was last asked."""

    @property
    def used_bytes(self):
        return 100 * len(self.kept)

    def saved(self):
        saves, self.saves = len(self.saves), []
        return saves


def test_nothing_is_packed_as_long_as_all_fits():
    """However many cells there are, and however often they are touched."""
    backing = Weighing()
    state = MemoryState(limit_cells=10, together_bytes=1_000 * (CELL_BYTES + 400), backing=backing)
    for turn in range(4):
        for number in range(1_000):
            state.put(slot(str(number)), Kept(turn))
    assert (backing.loads, backing.saves) == (0, [])


def test_what_is_packed_takes_the_room_of_what_lives():
    """There are ever fewer living cells, down to what the limit leaves; and no cell that comes has many packed."""
    backing = Weighing()
    state = MemoryState(limit_cells=100, together_bytes=1_000 * CELL_BYTES, backing=backing)
    at_hand = []
    for number in range(20_000):
        state.put(slot(str(number)), Kept(number))
        assert backing.saved() <= 8
        at_hand.append(len(state._cache._young) + len(state._cache._old))
        together_bytes = at_hand[-1] * CELL_BYTES + 2 * backing.used_bytes
        assert together_bytes <= 1_001 * CELL_BYTES or at_hand[-1] <= 110 or at_hand[-1] < at_hand[-2]
    assert max(at_hand) > 800
    assert 20 <= at_hand[-1] <= 110
    assert [state.get(slot(str(number))) for number in range(0, 20_000, 997)] == [*map(Kept, range(0, 20_000, 997))]


@pytest.mark.parametrize("limit_cells", [0, 100])
def test_what_expires_at_a_join_is_gone_everywhere(limit_cells):
    """At hand, changed and not yet written, and in the backing."""
    state = MemoryState(limit_cells=limit_cells, together_bytes=0)
    for number in range(4):
        state.put(slot(str(number)), Kept(number, number << GRAIN_BITS))
    state.flush()
    state.put(slot("1"), Kept("changed", 1 << GRAIN_BITS))
    state.expire(2 << GRAIN_BITS)
    assert [state.get(slot(str(number))) for number in range(4)] == [
        None,
        None,
        Kept(2, 2 << GRAIN_BITS),
        Kept(3, 3 << GRAIN_BITS),
    ]
