"""A rule that is new to the store learns from the recorded history before it speaks.

Without it, ``changed`` would take the first sighting after its start for the first ever, ``first_seen`` would find
everything new, and ``spike`` would have no baseline. So for every version of a rule that did not take part in the last
run, the history is replayed up to the present watermark, through the same pipeline; what it remembers is kept, what it
would have told is not. An event that is held for order is not learned from: it comes to the rule in its turn.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from trailbell_engine.alert import Opened, Output
from trailbell_engine.conditions import spec_of
from trailbell_engine.event import Event, Input, Tick
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.rule import RuleSet
from trailbell_engine.timestamps import format_time

from .drive import drive
from .memory import MemoryLedger
from .store.contents import Contents
from .store.database import Database
from .store.history import History
from .store.ledger import StoreLedger
from .store.rule_versions import RuleVersions

log: Final = logging.getLogger(__name__)


class Learned(NamedTuple):
    """What a warm-up did.

    Attributes:
        rules: the ids of the rules that learned.
        events: how many events of the history they saw.
        first_us, last_us: the earliest and the latest time of these (microseconds, UTC); None without events.
        silent: how many alerts they would have opened; nobody was told.
    """

    rules: tuple[str, ...]
    events: int = 0
    first_us: int | None = None
    last_us: int | None = None
    silent: int = 0


def warm_up(rules: RuleSet, database: Database) -> Learned:
    """Let the rules learn that need it, and note that all of them, and the content they read, run from now on.

    The store is open for writing and no engine runs on it. All of it is one transaction: after a crash it starts again.
    """
    versions = RuleVersions(database)
    running = versions.running()
    fresh = [rule for rule in rules if (rule.id, rule.version) not in running]
    learning = [rule for rule in fresh if spec_of(rule.condition).remembers]
    started_s, after_seq = time.perf_counter(), versions.newest_seq()
    memory, seen = _replayed(rules.only(learning), database) if learning and after_seq else (MemoryLedger(), _Seen())
    ledger, contents, digests = StoreLedger(database), Contents(database), rules.lookups.digests
    for name in contents.differing(digests):
        log.info("the content of the %s is not that of the last run", name)
    with ledger.transaction():
        contents.note(digests, after_seq)
        versions.start(rules, fresh, after_seq)
        for slot, kept in memory.items():
            if slot.part == "when":
                ledger.put(slot, kept)
    learned = Learned(tuple(rule.id for rule in learning), seen.events, seen.first_us, seen.last_us, seen.silent)
    if seen.events:
        _say(learned, time.perf_counter() - started_s)
    return learned


def _replayed(learning: RuleSet, database: Database) -> tuple[MemoryLedger, _Seen]:
    ledger, seen, history = MemoryLedger(), _Seen(), History(database)
    pipeline = Pipeline(learning, history.lateness)
    drive(history, pipeline, ledger, seen)
    # A source that once ran with a smaller lateness is further than its history says today.
    for source, watermark_us in StoreLedger(database).watermarks().items():
        pipeline.take(Tick(watermark_us, source), ledger)
    return ledger, seen


class _Seen:
    """The sink of a warm-up: it tells nobody, and counts."""

    def __init__(self) -> None:
        self.events = self.silent = 0
        self.first_us: int | None = None
        self.last_us: int | None = None

    def take(self, item: Input, outputs: Sequence[Output]) -> None:
        """Count one input and what followed from it."""
        if isinstance(item, Event):
            self.events += 1
            self.first_us = item.time_us if self.first_us is None else min(self.first_us, item.time_us)
            self.last_us = item.time_us if self.last_us is None else max(self.last_us, item.time_us)
        self.silent += sum(isinstance(output, Opened) for output in outputs)

    def committed(self) -> None:
        """Nobody waits."""


def _say(learned: Learned, elapsed_s: float) -> None:
    assert learned.first_us is not None
    assert learned.last_us is not None
    log.info(
        "new rules have learned from the store's %d events, %s to %s, in %.1f s: %s (%d alerts of the past not told)",
        learned.events,
        format_time(learned.first_us),
        format_time(learned.last_us),
        elapsed_s,
        ", ".join(learned.rules),
        learned.silent,
    )
