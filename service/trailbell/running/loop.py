"""The engine's loop of a live run: batches of many sources, committed in groups, one after another.

Each source is read on its own thread; here, on one thread, what they hand over is taken in the order it came. A group
is what lies ready when the engine has time, up to 100 inputs: nobody waits for a group to fill, and while the disk is
busy with one group the next one gathers. So a lone sender gets its answer after one commit, and many share commits.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Final, NamedTuple, TypeAlias

from trailbell.drive import Given, Ledger, Sink, commit
from trailbell.sources.base import Batch, Source
from trailbell.sources.errors import SourceError
from trailbell.watch.ahead import WAY_OUT, ahead
from trailbell.watch.events import SOURCE, not_own, passes_for_own
from trailbell.watch.watch import Watch
from trailbell_engine.event import LEAVES_US, Tick
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.rule import RuleSet

from .attendance import Attendance, words_of
from .reader import FIRST_RETRY_S, Began, Ended, Handed, Reader

log: Final = logging.getLogger("trailbell")

GROUP: Final = 100
"""Inputs after which a group is committed without looking for more."""
STOP_PATIENCE_S: Final = 10.0
"""For so long a source may take to end after it was told to; then it is left to itself. What it gave is stored."""
_LONGEST_WAIT_S: Final = 0.5
"""A signal that comes just before the wait begins is heard only after it; so is what people wish."""


class _Stop(NamedTuple):
    """End in good order."""


class _Call(NamedTuple):
    """Something to be done between two groups, and who waits for it."""

    action: Callable[[], object]
    done: Future[None]


_Message: TypeAlias = Handed | Began | Ended | _Stop | _Call


class Loop:
    """Drives sources through a pipeline until they end, or until it is told to stop.

    Attributes:
        pipeline: what decides; to be set before the run. It may be exchanged between two groups, by ``call``.
    """

    def __init__(
        self,
        ledger: Ledger,
        sink: Sink,
        *,
        now_us: Callable[[], int],
        idle: Callable[[], object] = lambda: None,
        first_retry_s: float = FIRST_RETRY_S,
        watch: Watch | None = None,
    ) -> None:
        """Wire the parts.

        Args:
            ledger: what outlives a group.
            sink: where outputs go.
            now_us: the clock, for ticks of sources that live by it.
            idle: called between two groups, at least every half second, while nothing comes.
            first_retry_s: for how long a source that failed is left alone at first.
            watch: of the sources; what it finds is recorded as they are.
        """
        self.pipeline = Pipeline(RuleSet())
        self._ledger = ledger
        self._sink = sink
        self._now_us = now_us
        self._idle = idle
        self._first_retry_s = first_retry_s
        self._watch = watch
        self._inbox: SimpleQueue[_Message] = SimpleQueue()  # its `put` is safe even in signal handlers
        self._next: deque[_Message] = deque()
        self._attendance = Attendance(())
        self._ahead: set[str] = set()
        self._stop_by_s: float | None = None
        self._over = False
        self._patient = True

    def stop(self) -> None:
        """End in good order, after the group at hand. Callable from any thread and from signal handlers."""
        self._inbox.put(_Stop())

    def call(self, action: Callable[[], object]) -> Future[None]:
        """Have something done on the engine's thread, between two groups. Callable from any thread.

        Returns:
            What is done when it is done, or has failed; cancelled if the run ends first.
        """
        call = _Call(action, Future())
        self._inbox.put(call)
        if self._over:
            self._cancel()
        return call.done

    def run(self, sources: Sequence[Source], *, patient: bool = True) -> None:
        """Run all sources through the pipeline to their ends; live ones have none.

        A source that fails is read again after a while, and the others go on.

        Args:
            sources: to read.
            patient: with no other source left, too, wait for one that failed because of something that may pass.

        Raises:
            SourceError: if no source is left that could go on: the last error. What was complete before is stored.
        """
        readers = [
            Reader(
                source,
                partial(self._ledger.checkpoint, source.name),
                self._inbox.put,
                first_retry_s=self._first_retry_s,
            )
            for source in sources
        ]
        self._attendance, self._patient = Attendance(readers), patient
        if self._watch is not None:
            self._watch.begin(sources)
        try:
            for reader in readers:
                reader.start()
            while not self._attendance.over and not self._late_to_stop():
                self._serve(self._message())
                lost = self._attendance.lost
                self._look(now=lost is not None)
                if lost is not None and self._stop_by_s is None:
                    raise lost
            if self._stop_by_s is None:
                self._look(now=True, over=True)
        finally:
            self._over = True
            self._cancel()
            for reader in self._attendance.running():
                reader.stop()

    def _cancel(self) -> None:
        """Nobody will do what was asked for."""
        with suppress(Empty):
            while True:
                message = self._inbox.get_nowait()
                if isinstance(message, _Call):
                    message.done.cancel()

    def _message(self) -> _Message | None:
        """The next message; None if it is time for something else."""
        if self._next:
            return self._next.popleft()
        dues_s = [_LONGEST_WAIT_S, self._attendance.due_s()]
        if self._stop_by_s is not None:
            dues_s.append(max(0.0, self._stop_by_s - time.monotonic()))
        try:
            return self._inbox.get(timeout=min(due_s for due_s in dues_s if due_s is not None))
        except Empty:
            return None

    def _serve(self, message: _Message | None) -> None:
        match message:
            case Handed():
                self._take([_from_outside(handed) for handed in self._group(message)])
            case Began(reader):
                self._attendance.began(reader)
            case Ended():
                self._ended(message)
            case _Call():
                _do(message)
            case _Stop():
                self._begin_to_stop()
            case None:
                for reader, ticks in self._attendance.ticks(self._now_us()):
                    self._commit([Given(reader.source.name, Batch(ticks))])
                self._idle()

    def _group(self, first: Handed) -> list[Handed]:
        """What else lies ready."""
        group, size = [first], len(first.batch.inputs)
        while size < GROUP:
            try:
                message = self._inbox.get_nowait()
            except Empty:
                break
            if not isinstance(message, Handed):
                self._next.append(message)
                break
            group.append(message)
            size += len(message.batch.inputs)
        return group

    def _take(self, group: Sequence[Handed]) -> None:
        for reader, batch in group:
            if self._attendance.heard(reader, batch.inputs):
                log.info("the source %s is back", reader.source.name)
        self._commit([Given(reader.source.name, batch) for reader, batch in group])
        for reader, batch in group:
            reader.committed(batch)

    def _commit(self, group: Sequence[Given]) -> None:
        commit(group, self.pipeline, self._ledger, self._sink, None if self._watch is None else self._watch.took)

    def _look(self, *, now: bool, over: bool = False) -> None:
        """Record what is wrong with sources, and what is not any more."""
        if self._watch is not None:
            inputs = self._watch.look(self._troubles, now=now, over=over)
            if inputs:
                self._commit([Given(SOURCE, Batch(inputs))])

    def _troubles(self) -> dict[str, str]:
        """What is wrong with sources, by name; of those that are ahead of the clock the log says it once."""
        found = ahead(self.pipeline.watermarks(), self._now_us())
        for name in sorted(found.keys() - self._ahead):
            log.warning("the source %s: %s; %s", name, found[name], WAY_OUT)
        self._ahead = set(found)
        return {**found, **self._attendance.errors()}

    def _ended(self, ended: Ended) -> None:
        source, error = ended.reader.source, ended.error
        if ended.again_s is None:
            self._close(ended.reader, whole=error is None and self._stop_by_s is None)
            return
        assert error is not None
        stays = self._patient and isinstance(error, SourceError) and error.transient
        self._attendance.failed(ended.reader, error, stays=stays)
        if self._attendance.lost is None:
            log.warning("the source %s: %s; trying again in %.0f s", source.name, words_of(error), ended.again_s)

    def _close(self, reader: Reader, *, whole: bool) -> None:
        """A source gives no more. One that was read to its very end has nothing to wait for, nor has anybody else."""
        orphans = self._attendance.ended(reader)
        if whole and reader.source.bounded:
            closing = [tick for tick in self.pipeline.closing() if tick.source in orphans]
            leaving = [Tick(LEAVES_US, name) for name in orphans]
            self._commit([Given(reader.source.name, Batch([*closing, *leaving]))])

    def _begin_to_stop(self) -> None:
        if self._stop_by_s is None:
            self._stop_by_s = time.monotonic() + STOP_PATIENCE_S
            for reader in self._attendance.running():
                reader.stop()

    def _late_to_stop(self) -> bool:
        return self._stop_by_s is not None and time.monotonic() >= self._stop_by_s


def _from_outside(handed: Handed) -> Handed:
    """What a source gave; what would pass for an event of trailbell's own goes into quarantine."""
    reader, batch = handed
    if not any(map(passes_for_own, batch.inputs)):
        return handed
    return Handed(reader, batch._replace(inputs=[not_own(item, reader.source.name) for item in batch.inputs]))


def _do(call: _Call) -> None:
    """What fails is the business of whoever asked."""
    try:
        call.action()
    except Exception as error:  # noqa: BLE001 - handed on
        call.done.set_exception(error)
    else:
        call.done.set_result(None)
