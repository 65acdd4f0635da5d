"""What a source is: something that gives inputs in batches and knows where it was."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final, NamedTuple, Protocol

from trailbell_engine.event import Input
from trailbell_engine.values import Json

LIVE_BATCH: Final = 100
"""Inputs in a batch of a live source: one transaction each, so that alerts leave soon."""
HISTORY_BATCH: Final = 200
"""Inputs in a batch of recorded history. With a thousand, decoded records fall out of the processor's cache before they
are taken, and a dry-run is a fifth slower."""


class Batch(NamedTuple):
    """Some inputs, to be committed together.

    Attributes:
        inputs: events, ticks and malformed records, in the order they are to be taken.
        checkpoint: where to go on after a restart, as plain JSON: everything up to there is complete once this batch
            is committed. None says nothing: after a restart the inputs come again and their ids make them count once.
    """

    inputs: Sequence[Input]
    checkpoint: Json | None = None


class Source(Protocol):
    """Where events come from."""

    @property
    def name(self) -> str:
        """Under which its checkpoint is kept; unique in a configuration."""

    @property
    def lateness_us(self) -> int:
        """How late, against newer events, an event may come and still be taken in its order. Microseconds."""

    @property
    def bounded(self) -> bool:
        """Whether the input itself ends: after its last batch no more events will ever come, so none is held back."""

    def batches(self, checkpoint: Json | None) -> Generator[Batch, None, None]:
        """The inputs after a checkpoint, or all of them.

        A batch counts as committed when the next one is asked for. Closing the generator closes files and sockets.

        Raises:
            SourceError: if the source cannot go on.
        """
