"""A live run: sources through the engine into the store, the outbox out to people, until stopped."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Final

from trailbell_engine.event import LEAVES_US, Tick
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.rule import RuleSet
from trailbell_engine.timestamps import SECOND_US
from trailbell_notifiers.delivery.sender import Sent

from .clock import now_us
from .dispatcher import Dispatcher
from .drive import Given, commit
from .garbage import collecting_seldom, not_collecting
from .outgoing import NewAlert, Outgoing
from .revising import Revisions
from .running.loop import Loop
from .running.reader import FIRST_RETRY_S
from .running.successor import Successor
from .sources.base import Batch, Source
from .standby.attendant import Attendant
from .store.database import Database
from .store.ledger import StoreLedger
from .store.outbox import StoreOutbox
from .tally import Tally
from .warm_up import warm_up
from .watch.limits import Limits
from .watch.watch import Watch
from .wiring import Receivers

ONCE_PATIENCE_US: Final = 60 * SECOND_US
"""How far ahead a run that ends waits for retries; what is due later is sent by the next run."""


class Live:
    """One engine on one store, as a context: leaving it stops the senders; what is left is sent by the next run.

    Attributes:
        rules: that run.
        tally: counts since the start.
    """

    def __init__(  # noqa: PLR0913 - all that a live run is wired of
        self,
        rules: RuleSet,
        database: Database,
        receivers: Receivers,
        *,
        told: Callable[[Sequence[NewAlert]], None],
        attempted: Callable[[Sent], None],
        first_retry_s: float = FIRST_RETRY_S,
        limits: Mapping[str, Limits] | None = None,
        keep_asked: bool = False,
    ) -> None:
        """Wire the parts.

        Args:
            rules: what to look for.
            database: the store, open for writing.
            receivers: who can be told.
            told: called with alerts as they become durable.
            attempted: called with every attempt to deliver, on a sender's thread.
            first_retry_s: for how long a source that failed is left alone at first.
            limits: what is to be recorded as wrong with sources, by name; None watches none.
            keep_asked: pauses for which receivers asked an earlier run hold: nobody has just mended something.
        """
        self.rules = rules
        self._receivers = receivers
        self._database = database
        self._ledger = StoreLedger(database)
        self._outbox = StoreOutbox(database)
        self._dispatcher = Dispatcher(
            self._outbox,
            receivers.channels,
            now_us=now_us,
            attempted=attempted,
            attendant=Attendant(database, receivers.channels, receivers.options, lambda: self.rules),
            revisions=Revisions(database, lambda: self.rules, receivers.silences),
            keep_asked=keep_asked,
        )
        self._told = told
        self._sources: Sequence[Source] = ()
        self._sink = Outgoing(
            rules,
            database,
            receivers.channels,
            receivers.policy,
            now_us=now_us,
            told=self._tell,
        )
        self._loop = Loop(
            self._ledger,
            self._sink,
            now_us=now_us,
            idle=self._sink.idle,
            first_retry_s=first_retry_s,
            watch=None if limits is None else Watch(database, limits, now_us),
        )

    @property
    def tally(self) -> Tally:
        """Counts since the start."""
        return self._sink.tally

    def matching_counters(self) -> Mapping[str, int]:
        """Bytes and counts of what the matcher remembers: ``limit_bytes``, ``used_bytes``, ``misses``, ``clears``.

        Many more misses an event than before mean values that never repeat. Callable from any thread.
        """
        return self._loop.pipeline.matching_counters()

    def waiting(self) -> Mapping[str, int]:
        """How many messages wait where sources get them, by source; of those that know. Callable from any thread."""
        found = {source.name: getattr(source, "waiting", None) for source in self._sources}
        return {name: count for name, count in found.items() if count is not None}

    def lost(self) -> Mapping[str, Mapping[str, int]]:
        """What was sent to sources and not heard, by source and reason. Callable from any thread."""
        found = {source.name: getattr(source, "lost", None) for source in self._sources}
        return {name: counts for name, counts in found.items() if counts is not None}

    def __enter__(self) -> Live:
        """Start sending what an earlier run left."""
        self._dispatcher.wake()
        return self

    def __exit__(self, *_: object) -> None:
        """Finish the attempts under way and stop."""
        self._dispatcher.stop()

    def run(self, sources: Sequence[Source], *, patient: bool = True) -> None:
        """Run sources to their ends; live ones have none. Rules that are new to the store learn from its history first.

        A source that fails is tried again after a while, and the others go on.

        Args:
            sources: to read.
            patient: with no other source left, too, wait for one that failed because of something that may pass.

        Raises:
            SourceError: if no source is left that could go on; what was complete is stored.
        """
        self._sources = sources
        with not_collecting():
            warm_up(self.rules, self._database, self._ledger)
            self._loop.pipeline = self._resumed({source.name: source.lateness_us for source in sources})
            gc.collect()
            gc.freeze()  # the compiled rules stay; with many of them a full collection walks long, and all else waits
        self._sink.idle()  # what people wished while nothing ran holds from here on, also if nothing comes
        with collecting_seldom():
            self._loop.run(sources, patient=patient)

    def stop(self) -> None:
        """End ``run`` in good order: the group at hand is committed. Callable from any thread and signal handler."""
        self._loop.stop()

    def call(self, action: Callable[[], object]) -> Future[None]:
        """Have something done on the engine's thread, between two groups. Callable from any thread.

        Returns:
            What is done when it is done, or has failed; cancelled if the run ends first.
        """
        return self._loop.call(action)

    def hear(self) -> None:
        """Somebody has left a wish (``operations``): do it now, and not at the next event. Callable from any thread."""
        self.call(self._sink.hear)

    def exchange(self, rules: RuleSet) -> None:
        """Let other rules run from now on, and return when they do. Not to be called on the engine's thread.

        They are compiled, and what is new learns from history, while those before go on; then they are exchanged
        between two events. A rule whose decisions are the same keeps what it remembers; one that is gone ends.

        Raises:
            CancelledError: if the run ends first.
        """
        successor = Successor(self.rules, rules, self._database)

        def swap() -> None:
            self._loop.pipeline = successor.take_over(self._loop.pipeline, self._ledger)
            self._sink.use(rules, self._receivers.channels, self._receivers.policy)
            self.rules = rules

        before = self._loop.pipeline
        self._loop.call(swap).result()
        before.close()

    def drain(self) -> bool:
        """Wait for deliveries that are due within a minute; say whether everything that could has been delivered."""
        return self._dispatcher.drain(ONCE_PATIENCE_US)

    def undelivered(self) -> list[tuple[str, str, int]]:
        """What receivers say is wrong: (receiver, the last error, deliveries)."""
        return self._outbox.failures()

    def orphaned(self) -> Mapping[str, int]:
        """How many messages wait for receivers that are not configured any more, by name: nobody can send them."""
        waiting: Counter[str] = Counter()
        for queue in self._outbox.queues():
            if queue.receiver not in self._receivers.channels:
                waiting[queue.receiver] += self._outbox.depth(queue)[0]
        return waiting

    def _resumed(self, lateness_us: Mapping[str, int]) -> Pipeline:
        """The engine as the last run left it. What comes from sources that do not run any more is not waited for."""
        before_us, left = self._ledger.lateness(), self._ledger.left()
        for name, one_us in lateness_us.items():
            self._ledger.admit(name, one_us)
        pipeline = Pipeline(self.rules, self._ledger.lateness())
        for name, watermark_us in self._ledger.watermarks().items():
            # Without a lateness nothing was held; an event of the watermark's own instant has been through.
            held = self._ledger.held(name, watermark_us) if before_us.get(name) else ()
            pipeline.resume(name, watermark_us, held, left=name in left)
        pipeline.resume_timers(self._ledger)
        gone = [name for name in pipeline.watermarks() if name not in lateness_us]
        if gone:
            closing = [tick for tick in pipeline.closing() if tick.source in gone]
            leaving = [Tick(LEAVES_US, name) for name in gone]
            commit([Given(gone[0], Batch([*closing, *leaving]))], pipeline, self._ledger, self._sink)
        return pipeline

    def _tell(self, fresh: Sequence[NewAlert]) -> None:
        self._told(fresh)
        self._dispatcher.wake()
