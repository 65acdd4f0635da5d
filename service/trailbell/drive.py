"""One way of events through the engine. Live runs, dry-runs and rule tests differ only in what they hand to it.

======== ==================== ======================== ===================
          source               ledger                   sink
======== ==================== ======================== ===================
live      several, unbounded   the store                alerts and outbox
dry-run   bounded history      memory                   recorder
test      a list               memory                   recorder
======== ==================== ======================== ===================

Dry-runs and tests read one source here, plainly; a live run reads many (``running/loop.py``). Both commit alike.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypeAlias

from trailbell_engine.alert import Duplicate, Output
from trailbell_engine.event import Event, Input, Malformed
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.state import State
from trailbell_engine.values import Json

from .sources.base import Batch, Inputs

log = logging.getLogger("trailbell")


class Ledger(State, Protocol):
    """What outlives a batch: state, identities of events, watermarks, checkpoints. All of a batch is kept, or none."""

    def checkpoint(self, source: str) -> Json | None:
        """Where the source was at the last commit. Callable from any thread."""

    def transaction(self) -> AbstractContextManager[None]:
        """Everything inside is committed together; an exception leaves nothing behind."""

    def record(self, inputs: Sequence[Input]) -> Sequence[bool]:
        """Record inputs in their order; for each whether it is new: False for an event whose (source, id) is known."""

    def complete(
        self,
        source: str,
        watermarks: Mapping[str, int],
        checkpoint: Json | None,
        left: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """Note, as the last act of a transaction, how far the source is; a checkpoint of None leaves the old one.

        Args:
            source: which gave the batch.
            watermarks: of the sources that are there.
            checkpoint: of the source.
            left: the watermarks of those that have left.
        """


class Sink(Protocol):
    """Where outputs go."""

    def take(self, item: Input, outputs: Sequence[Output]) -> None:
        """Take what followed from one input, inside its transaction."""

    def committed(self) -> None:
        """The transaction is durable: whoever waits for its rows may be woken."""


class Given(NamedTuple):
    """A batch and the name of the source that gave it."""

    source: str
    batch: Batch


Watcher: TypeAlias = Callable[[Sequence[tuple[Given, Sequence[Event]]]], None]
"""Takes batches and their new events."""


def drive(source: Inputs, pipeline: Pipeline, ledger: Ledger, sink: Sink) -> None:
    """Run one source to its end through the pipeline.

    Raises:
        SourceError: when the source cannot go on; what was complete before is committed.
    """
    with closing(source.batches(ledger.checkpoint(source.name))) as batches:
        for batch in batches:
            commit([Given(source.name, batch)], pipeline, ledger, sink)
    if source.bounded:
        commit([Given(source.name, Batch(pipeline.closing()))], pipeline, ledger, sink)


def commit(
    group: Sequence[Given], pipeline: Pipeline, ledger: Ledger, sink: Sink, watch: Watcher | None = None
) -> None:
    """Take batches as one transaction, in their order, and tell their sources when it is durable.

    Args:
        group: the batches.
        pipeline: what decides.
        ledger: what outlives the transaction.
        sink: where outputs go.
        watch: takes note, inside the transaction, of each batch and of those of its events that were new.
    """
    with ledger.transaction():
        # All at once: the store takes rows faster one behind the other than each between the work on two events.
        news = iter(ledger.record([item for _, batch in group for item in batch.inputs]))
        fresh = [_take(batch, news, pipeline, ledger, sink, wanted=watch is not None) for _, batch in group]
        if watch is not None:
            watch(list(zip(group, fresh, strict=True)))
        for source, checkpoint in _reached(group).items():
            ledger.complete(source, pipeline.watermarks(), checkpoint, pipeline.left())
    for (source, batch), events in zip(group, fresh, strict=True):
        if batch.committed is not None or batch.fresh is not None:
            _tell(source, batch, events)
    sink.committed()


def _take(
    batch: Batch, news: Iterator[bool], pipeline: Pipeline, ledger: Ledger, sink: Sink, *, wanted: bool
) -> list[Event]:
    """Take the inputs of a batch, new as ``news`` says one by one; its new events, if somebody wants to know."""
    fresh: list[Event] = []
    wanted = wanted or batch.fresh is not None
    for item, is_new in zip(batch.inputs, news, strict=False):  # what is left of the news is about other batches
        outputs: Sequence[Output] = ()
        if not is_new:
            outputs = (Duplicate(item),) if isinstance(item, Event) else ()
        elif not isinstance(item, Malformed):
            outputs = pipeline.take(item, ledger)
            if wanted and isinstance(item, Event):
                fresh.append(item)
        sink.take(item, outputs)
    return fresh


def _reached(group: Sequence[Given]) -> dict[str, Json | None]:
    """How far each source of the group is: its last checkpoint, if it gave any."""
    reached: dict[str, Json | None] = {}
    for source, batch in group:
        reached[source] = reached.get(source) if batch.checkpoint is None else batch.checkpoint
    return reached


def _tell(source: str, batch: Batch, fresh: Sequence[Event]) -> None:
    """Tell the source that its batch is durable. If it cannot hear it, the sender repeats it, which changes nothing."""
    try:
        if batch.committed is not None:
            batch.committed()
        if batch.fresh is not None:
            batch.fresh(fresh)
    except Exception:  # the events are stored; nothing that happens here may end the engine
        log.exception("the source %s could not take note of a commit", source)
