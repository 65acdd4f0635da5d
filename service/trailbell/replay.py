"""Rules over history: the live engine on recorded time, with a recorder where the outbox would be."""

from __future__ import annotations

import time
from collections.abc import Callable

from trailbell_engine.pipeline import Pipeline
from trailbell_engine.rule import RuleSet

from .drive import drive
from .memory import MemoryLedger
from .recorder import Recorder
from .report import Report, report
from .sources.base import Source
from .store.database import Database
from .store.history import History
from .wording import Wording


def dry_run_source(rules: RuleSet, source: Source, map_name: Callable[[], str] = lambda: "") -> Report:
    """Run the rules over a bounded source.

    Nothing is written and nothing is sent. ^C ends it early; the report then covers what was read and says so.

    Raises:
        SourceError: if the history cannot be read.
    """
    return _run(rules, source, {source.name: source.lateness_us}, map_name)


def dry_run_store(
    rules: RuleSet, database: Database, since_us: int | None = None, until_us: int | None = None
) -> Report:
    """Run the rules over what the live engine recorded, in ``[since_us, until_us)`` of event time."""
    history = History(database, since_us, until_us)
    return _run(rules, history, history.lateness, lambda: "")


def _run(rules: RuleSet, source: Source, lateness_us: dict[str, int], map_name: Callable[[], str]) -> Report:
    started = time.perf_counter()
    pipeline = Pipeline(rules, lateness_us)
    recorder = Recorder(Wording(rules).of)
    interrupted = False
    try:
        drive(source, pipeline, MemoryLedger(), recorder)
    except KeyboardInterrupt:
        interrupted = True
    return report(
        rules,
        recorder,
        map_name=map_name(),
        held=pipeline.held,
        elapsed_s=time.perf_counter() - started,
        interrupted=interrupted,
    )
