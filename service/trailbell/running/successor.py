"""What takes over when rules are exchanged: compiled, and as wise as if it had always been there."""

from __future__ import annotations

import contextlib
import gc
from typing import Final

from trailbell.store.database import Database, open_database
from trailbell.store.ledger import StoreLedger
from trailbell.store.rule_versions import RuleVersions
from trailbell.warm_up import Lesson
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.rule import RuleSet

_CLOSE: Final = 100
"""So few inputs may be left to learn from while the engine waits."""


class Successor:
    """An engine of other rules, prepared while the one before it goes on."""

    def __init__(self, running: RuleSet, rules: RuleSet, database: Database) -> None:
        """Compile the rules, and let those that are new learn from what was recorded until now.

        Args:
            running: the rules that run.
            rules: that are to run.
            database: the store; an engine may be at work on it.
        """
        self._database = database
        self._pipeline = Pipeline(rules)
        self._lesson = Lesson(rules, {(rule.id, rule.version) for rule in running})
        if self._lesson.fresh:
            self._catch_up()
        gc.collect()  # while it was off, others made garbage, too
        gc.freeze()  # with many rules a full collection that walks them stops all for long

    def take_over(self, before: Pipeline, ledger: StoreLedger) -> Pipeline:
        """The engine, where the one before it is now. To be called between two inputs, on the engine's thread.

        Args:
            before: the engine until now.
            ledger: its ledger.
        """
        self._lesson.read(self._database, RuleVersions(self._database).newest_seq())
        self._lesson.finish(self._database, ledger)
        self._pipeline.succeed(before, self._lesson.timers())
        return self._pipeline

    def _catch_up(self) -> None:
        """Learn on a connection of one's own, until nearly nothing is left."""
        with contextlib.closing(open_database(self._database.address, write=False)) as reader:
            versions, read = RuleVersions(reader), 0
            while (newest := versions.newest_seq()) - read > _CLOSE or not read:
                self._lesson.read(reader, newest)
                read = newest
                if not newest:
                    return
