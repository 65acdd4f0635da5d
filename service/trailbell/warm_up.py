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
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from trailbell_engine.alert import Opened, Output
from trailbell_engine.conditions import spec_of
from trailbell_engine.counted import counted
from trailbell_engine.event import Event, Input, Tick
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.rule import RuleSet
from trailbell_engine.state import Slot, Wake
from trailbell_engine.timestamps import format_time

from .drive import drive
from .memory import MemoryLedger
from .store.contents import Contents
from .store.database import Database
from .store.history import History
from .store.ledger import StoreLedger
from .store.rule_versions import RuleVersions, Version

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


class Lesson:
    """New rules and what they learn, while others may go on.

    Attributes:
        fresh: the rules whose version does not run.
    """

    def __init__(self, rules: RuleSet, running: AbstractSet[Version]) -> None:
        """Find out who has to learn.

        Args:
            rules: all that are to run.
            running: the versions that run now, or ran last.
        """
        self.fresh = [rule for rule in rules if (rule.id, rule.version) not in running]
        self._ended = sorted(running - {(rule.id, rule.version) for rule in rules})
        self._rules = rules
        self._learning = [rule for rule in self.fresh if spec_of(rule.condition).remembers]
        self._pipeline: Pipeline | None = None
        self._memory = MemoryLedger()
        self._seen = _Seen()
        self._after_seq = 0
        self._elapsed_s = 0.0

    def read(self, database: Database, until_seq: int) -> None:
        """Learn from the inputs up to that one, those left out that were read before.

        Args:
            database: the store; another connection than the engine's will do.
            until_seq: the number of the last input.
        """
        started_s = time.perf_counter()
        if self._learning and until_seq > self._after_seq:
            history = History(database, after_seq=self._after_seq, until_seq=until_seq)
            if self._pipeline is None:
                self._pipeline = Pipeline(self._rules.only(self._learning), history.lateness)
            history.watches = self._pipeline.watches
            drive(history, self._pipeline, self._memory, self._seen)
        self._after_seq = until_seq
        self._elapsed_s += time.perf_counter() - started_s

    def finish(self, database: Database, ledger: StoreLedger) -> Learned:
        """Keep what was learned, and note that all the rules, and the content they read, run from now on.

        Every input has been read, and no other comes in between. All of it is one transaction.
        """
        if self._pipeline is not None:
            # A source that once ran with a smaller lateness is further than its history says today.
            for source, watermark_us in ledger.watermarks().items():
                self._pipeline.take(Tick(watermark_us, source), self._memory)
        contents, digests = Contents(database), self._rules.lookups.digests
        begun = [(rule.id, rule.version) for rule in self.fresh]
        with ledger.transaction():
            contents.note(digests, self._after_seq)
            RuleVersions(database).exchange(self._ended, begun, self._after_seq)
            ledger.forget(begun)
            for slot, kept in self._memory.items():
                if slot.part == "when":
                    ledger.put(slot, kept)
        ids = tuple(rule.id for rule in self._learning)
        learned = Learned(ids, self._seen.events, self._seen.first_us, self._seen.last_us, self._seen.silent)
        if learned.events:
            _say(learned, self._elapsed_s)
        return learned

    def timers(self) -> list[tuple[Slot, Wake]]:
        """The calls that what was learned asks for."""
        return [call for call in self._memory.waking() if call[0].part == "when"]


def warm_up(rules: RuleSet, database: Database, ledger: StoreLedger | None = None) -> Learned:
    """Let the rules learn that need it, and note that all of them run from now on. No engine runs on the store.

    Args:
        rules: all that are to run.
        database: the store, open for writing.
        ledger: of the engine that is about to run.
    """
    versions = RuleVersions(database)
    for name in Contents(database).differing(rules.lookups.digests):
        log.info("the content of the %s is not that of the last run", name)
    lesson = Lesson(rules, versions.running())
    lesson.read(database, versions.newest_seq())
    return lesson.finish(database, ledger or StoreLedger(database))


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
        "new rules have learned from the store's %s, %s to %s, in %.1f s: %s (%s of the past not told)",
        counted(learned.events, "event"),
        format_time(learned.first_us),
        format_time(learned.last_us),
        elapsed_s,
        ", ".join(learned.rules),
        counted(learned.silent, "alert"),
    )
