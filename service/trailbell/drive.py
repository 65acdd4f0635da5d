"""The one loop. Live runs, dry-runs and rule tests differ only in what they hand to it.

======== ==================== ======================== ===================
          source               ledger                   sink
======== ==================== ======================== ===================
live      unbounded            the store                alerts and outbox
dry-run   bounded history      memory                   recorder
test      a list               memory                   recorder
======== ==================== ======================== ===================
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from typing import Protocol

from trailbell_engine.alert import Duplicate, Output
from trailbell_engine.event import Event, Input, Malformed
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.state import State
from trailbell_engine.values import Json

from .sources.base import Batch, Source


class Ledger(State, Protocol):
    """What outlives a batch: state, identities of events, watermarks, checkpoints. All of a batch is kept, or none."""

    def checkpoint(self, source: str) -> Json | None:
        """Where the source was at the last commit."""

    def transaction(self) -> AbstractContextManager[None]:
        """Everything inside is committed together; an exception leaves nothing behind."""

    def record(self, item: Input) -> bool:
        """Record an input; False for an event whose (source, id) is recorded already."""

    def complete(self, source: str, watermarks: dict[str, int], checkpoint: Json | None) -> None:
        """Note, as the last act of a transaction, how far the source is; a checkpoint of None leaves the old one."""


class Sink(Protocol):
    """Where outputs go."""

    def take(self, item: Input, outputs: Sequence[Output]) -> None:
        """Take what followed from one input, inside its transaction."""

    def committed(self) -> None:
        """The transaction is durable: whoever waits for its rows may be woken."""


def drive(source: Source, pipeline: Pipeline, ledger: Ledger, sink: Sink) -> None:
    """Run a source to its end (a live one has none) through the pipeline.

    Raises:
        SourceError: when the source cannot go on; what was complete before is committed.
    """
    with closing(source.batches(ledger.checkpoint(source.name))) as batches:
        for batch in batches:
            _commit(batch, source, pipeline, ledger, sink)
    if source.bounded:
        _commit(Batch(pipeline.closing()), source, pipeline, ledger, sink)


def _commit(batch: Batch, source: Source, pipeline: Pipeline, ledger: Ledger, sink: Sink) -> None:
    with ledger.transaction():
        for item in batch.inputs:
            sink.take(item, _process(item, pipeline, ledger))
        ledger.complete(source.name, pipeline.watermarks(), batch.checkpoint)
    sink.committed()


def _process(item: Input, pipeline: Pipeline, ledger: Ledger) -> Sequence[Output]:
    if not ledger.record(item):
        return (Duplicate(item),) if isinstance(item, Event) else ()
    return () if isinstance(item, Malformed) else pipeline.take(item, ledger)
