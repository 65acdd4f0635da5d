"""What rules remember goes to a temporary file beyond a limit, and nothing else changes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell.memory import MemoryLedger
from trailbell.spill import Spilling
from trailbell_engine.conditions.absent import Absent
from trailbell_engine.conditions.count import Count
from trailbell_engine.conditions.distinct import Distinct
from trailbell_engine.conditions.sequence import Sequence, SequenceStep
from trailbell_engine.event import Event, Tick
from trailbell_engine.path import Path
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.predicate import ALWAYS
from trailbell_engine.predicate import Test as One  # under its own name pytest would collect it
from trailbell_engine.rule import Rule, RuleSet, Suppress, Words
from trailbell_engine.state import CachedState, Kept, Slot, Wake
from trailbell_engine.timestamps import SECOND_US

BY = (Path(("user",)),)
STEPS = (SequenceStep("one", One(Path(("n",)), "equals", 1)), SequenceStep("any", ALWAYS))
CONDITIONS = (
    Count(3, 200 * SECOND_US, BY),
    Distinct((Path(("n",)),), 3, 300 * SECOND_US, BY),
    Absent(90 * SECOND_US, 1, BY),
    Sequence(STEPS, 100 * SECOND_US, by=BY),
)
RULES = RuleSet(
    [
        Rule(f"r{n}", "low", ALWAYS, condition, Words("t"), Suppress(60 * SECOND_US))
        for n, condition in enumerate(CONDITIONS)
    ]
)
MOMENTS = st.lists(st.tuples(st.integers(0, 60), st.sampled_from("abcdef"), st.integers(0, 3)), max_size=60)


def outputs(state, moments):
    """What the rules say of events that follow each other by so many seconds, and of the silence after them."""
    pipeline, told, time_us = Pipeline(RULES), [], 0
    for number, (after_s, user, n) in enumerate(moments):
        time_us += after_s * SECOND_US
        told += pipeline.take(Event("s", f"e{number}", "T", time_us, {"user": user, "n": n}), state)
        state.sweep(time_us)
    return told + pipeline.take(Tick(time_us + 1_000 * SECOND_US, "s"), state)


def is_on_disk(backing, limit_bytes):
    """In memory it never keeps more than the limit; on disk it counts SQLite's cache, which is far more."""
    return backing.used_bytes > limit_bytes


@settings(max_examples=150, deadline=None)
@given(MOMENTS, st.sampled_from((0, 300)), st.sampled_from((0, 3)))
def test_where_memories_lie_changes_nothing(moments, limit_bytes, limit_cells):
    """All on disk, first in memory and then on disk, or all at hand: the same outputs."""
    backing = Spilling(limit_bytes)
    assert outputs(CachedState(backing, 0, limit_cells), moments) == outputs(MemoryLedger(), moments)
    assert is_on_disk(backing, limit_bytes) or limit_bytes or not moments


def test_what_was_in_memory_is_found_on_disk():
    """With the instants at which it expires and is to be looked at; what comes later is there, too."""
    limit_bytes = 1_000
    backing = Spilling(limit_bytes)
    state = CachedState(backing, 0, 0)
    slots = [Slot("rule", "v1", "when", f'["{n}"]') for n in range(100)]
    for number, slot in enumerate(slots):
        state.put(slot, Kept([number], 10**12 + number, Wake(number, "s")))
    assert is_on_disk(backing, limit_bytes)
    assert [state.get(slot) for slot in slots] == [Kept([n], 10**12 + n, Wake(n, "s")) for n in range(100)]
    state.put(slots[0], None)
    assert state.get(slots[0]) is None
    assert len(list(state.cells(state.shelf("rule", "v1", "when")))) == 99


def test_the_file_has_no_name(tmp_path, monkeypatch):
    """Nothing is left behind, whatever happens to the process."""
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    state = CachedState(Spilling(0), 0, 0)
    for number in range(10_000):
        state.put(Slot("rule", "v1", "when", str(number)), Kept("x" * 10_000))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("limit_bytes", [0, 10**9])
def test_a_ledger_in_memory_takes_a_limit(limit_bytes):
    """As many bytes as it may have; by default half a gibibyte."""
    moments = [(1, user, 1) for user in "abc" * 40]
    assert outputs(MemoryLedger(limit_bytes), moments) == outputs(MemoryLedger(), moments)
