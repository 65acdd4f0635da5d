"""A live run: sources through the engine into the store, the outbox out to people, until stopped."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import Final

from trailbell_engine.pipeline import Pipeline
from trailbell_engine.rule import RuleSet
from trailbell_engine.timestamps import SECOND_US
from trailbell_notifiers.sender import Sent

from .clock import now_us
from .dispatcher import Dispatcher
from .drive import drive
from .outgoing import Outgoing, Told
from .sources.base import Source
from .store.alerts import Alerts
from .store.database import Database
from .store.ledger import StoreLedger
from .store.outbox import StoreOutbox
from .tally import Tally
from .warm_up import warm_up
from .wiring import Receivers

ONCE_PATIENCE_US: Final = 60 * SECOND_US
"""How far ahead a run that ends waits for retries; what is due later is sent by the next run."""


class Live:
    """One engine on one store, as a context: leaving it stops the senders; what is left is sent by the next run.

    Attributes:
        tally: counts since the start.
    """

    def __init__(
        self,
        rules: RuleSet,
        database: Database,
        receivers: Receivers,
        *,
        told: Callable[[Sequence[Told]], None],
        attempted: Callable[[Sent], None],
    ) -> None:
        """Wire the parts.

        Args:
            rules: what to look for.
            database: the store, open for writing.
            receivers: who can be told.
            told: called with alerts as they become durable.
            attempted: called with every attempt to deliver, on a sender's thread.
        """
        self._rules = rules
        self._database = database
        self._ledger = StoreLedger(database)
        self._outbox = StoreOutbox(database)
        self._dispatcher = Dispatcher(self._outbox, receivers.channels, now_us=now_us, attempted=attempted)
        self._told = told
        self._sink = Outgoing(
            rules,
            Alerts(database),
            self._outbox,
            receivers.channels,
            receivers.route,
            now_us=now_us,
            told=self._tell,
        )

    @property
    def tally(self) -> Tally:
        """Counts since the start."""
        return self._sink.tally

    def __enter__(self) -> Live:
        """Start sending what an earlier run left."""
        self._dispatcher.wake()
        return self

    def __exit__(self, *_: object) -> None:
        """Finish the attempts under way and stop."""
        self._dispatcher.stop()

    def run(self, source: Source) -> None:
        """Run a source to its end; a live one has none. Rules that are new to the store learn from its history first.

        Raises:
            SourceError: if the source cannot go on; what was complete is stored.
        """
        warm_up(self._rules, self._database)
        before_us = self._ledger.lateness()
        self._ledger.admit(source.name, source.lateness_us)
        pipeline = Pipeline(self._rules, self._ledger.lateness())
        for name, watermark_us in self._ledger.watermarks().items():
            # Without a lateness nothing was held; an event of the watermark's own instant has been through.
            pipeline.resume(name, watermark_us, self._ledger.held(name, watermark_us) if before_us.get(name) else ())
        pipeline.resume_timers(self._ledger)
        gc.collect()
        gc.freeze()  # the compiled rules stay; with many of them a full collection that walks them stops all for long
        drive(source, pipeline, self._ledger, self._sink)

    def drain(self) -> bool:
        """Wait for deliveries that are due within a minute; say whether everything has been delivered."""
        return self._dispatcher.drain(ONCE_PATIENCE_US)

    def undelivered(self) -> list[tuple[str, str, int]]:
        """What receivers say is wrong: (receiver, the last error, deliveries)."""
        return self._outbox.failures()

    def _tell(self, fresh: Sequence[Told]) -> None:
        self._told(fresh)
        self._dispatcher.wake()
