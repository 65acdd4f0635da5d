"""What a source is: something that gives inputs in batches and knows where it was."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Final, NamedTuple, Protocol

from trailbell_engine.event import Event, Input
from trailbell_engine.values import Json

LIVE_BATCH: Final = 100
"""Inputs in a batch of a live source: one transaction each, so that alerts leave soon."""
HISTORY_BATCH: Final = 200
"""Inputs in a batch of recorded history that goes into a store."""
DRY_BATCH: Final = 50
"""Inputs in a batch where nothing is stored. Of more, decoded records fall out of the processor's cache before they are
taken: with 200 a dry-run takes a quarter longer, most of all where others use the processor, too."""


class Batch(NamedTuple):
    """Some inputs, to be committed together, perhaps with batches of other sources.

    Attributes:
        inputs: events, ticks and malformed records, in the order they are to be taken.
        checkpoint: where to go on after a restart, as plain JSON: everything up to there is complete once this batch
            is committed. None says nothing: after a restart the inputs come again and their ids make them count once.
        committed: called once, on the engine's thread, when the batch is durable: the place to answer a sender or to
            acknowledge a broker's message. It must not wait for anything. It is not called if the batch was not stored.
        fresh: called likewise with those of its events that were not known before: the others were duplicates.
        covers: with this batch all is given that happened from the first of these instants on and before the second, as
            far as the source can know; microseconds since the epoch, UTC. None leaves it to its ticks to say.
    """

    inputs: Sequence[Input]
    checkpoint: Json | None = None
    committed: Callable[[], None] | None = None
    fresh: Callable[[Sequence[Event]], None] | None = None
    covers: tuple[int, int] | None = None


class Inputs(Protocol):
    """Recorded or given inputs, read from their start: what dry-runs and tests of rules need of a source."""

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

        The next batch may be asked for before the one before it is committed. After an error it is called again, with
        the checkpoint of what was committed until then. Closing the generator closes files and sockets.

        Raises:
            SourceError: if the source cannot go on.
        """


class Source(Inputs, Protocol):
    """Where a live run's events come from. ``batches`` is called on a thread of the source's own.

    A source may also have attributes, which other threads read:

    - ``trouble``, an exception: why it cannot be read now, while ``batches`` keeps trying by itself; else None.
    - ``fleeting``, true: what is sent while nobody listens is not to be had later.
    - ``waiting``, an integer: how many messages wait where they come from; None if nobody knows.
    - ``lost``, integers by reason: what was sent to it and not heard, since the start; nobody will send it again.

    And it has one of these, which ``past_of`` asks:

    - ``backfill(since_us, until_us)``, ``Inputs``: what happened in ``[since_us, until_us)``, all of it and each event
      once, at the rate and with the errors of the source itself; bounded, and independent of where ``batches`` is.
    - ``no_past``, a text: why nobody can ask it for that.
    """

    @property
    def wall_clock(self) -> bool:
        """Whether its events are of now, and it sends no clock ticks of its own.

        While none comes, the run ticks for it, by the wall clock less the lateness, so that what waits for time to pass
        happens. History is not of now; a source that asks for events knows best how far it has got, and ticks itself.
        """

    def stop(self) -> None:
        """Make ``batches`` end soon, even while it waits. Callable from any thread, more than once.

        A bounded source need do nothing: it is asked for no more.
        """
