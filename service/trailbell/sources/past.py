"""A source's past: what happened between two instants, each event once, read from its beginning to its end.

Most APIs list what happened between two instants; their past is one window after the other (``windows_of``). Whatever
else knows its past gives it in parts, too. What a part holds beyond the two instants is left out here, so whoever makes
parts may ask for a little more than is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Final, NamedTuple

from trailbell.clock import now_us
from trailbell.watch.events import not_own
from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.maps import EventMap
from trailbell_engine.event import Event, Input, Malformed
from trailbell_engine.timestamps import MINUTE_US, SECOND_US
from trailbell_engine.values import Json

from .base import HISTORY_BATCH, Batch, Inputs, Source
from .errors import NoPastError, SourceError
from .window import Window

TRIES: Final = 3
"""So often a window is asked for until the list holds still."""
_KEPT_MARGIN_US: Final = MINUTE_US
"""What is about to be deleted is refused by some vendors while it is asked for."""


def past_of(source: Source, since_us: int, until_us: int) -> Inputs:
    """What happened at a source in ``[since_us, until_us)``; microseconds since the epoch, UTC. Nothing is asked yet.

    Raises:
        NoPastError: if it cannot be asked for it, in words.
    """
    backfill = getattr(source, "backfill", None)
    if backfill is None:
        why = getattr(source, "no_past", "it cannot be asked for it")
        raise NoPastError(f"the source {source.name} has no past: {why}")
    past: Inputs = backfill(since_us, until_us)
    return past


class Part(NamedTuple):
    """Some of what happened.

    Attributes:
        inputs: in order of time, or out of it by the lateness at most.
        until_us: with this part all is given that happened before; microseconds since the epoch, UTC.
    """

    inputs: Sequence[Input]
    until_us: int


class Past:
    """What a source knows of the time from one instant on and before another; see ``Inputs``.

    Attributes:
        name: of the source and of its events.
        lateness_us: how far its parts are out of order of time; microseconds.
        map_name: of the map that tells where the envelope lies.
        asked_us: the first of the instants, as it was asked for.
        since_us: the same, or where what the vendor keeps begins, if that is later.
        until_us: the second of the instants.
        kept_us: for so long the vendor keeps events; 0 if that is not known.
        reached_us: how far it is read.
        events_read: so far.
    """

    bounded = True
    waits = True

    def __init__(
        self,
        name: str,
        event_map: EventMap,
        span_us: tuple[int, int],
        parts: Callable[[Decoder, int, int], Iterable[Part]],
        *,
        lateness_us: int = 0,
        kept_us: int = 0,
        clock: Callable[[], int] = now_us,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            name: of the source and of its events.
            event_map: where the envelope of a record lies.
            span_us: the two instants; microseconds since the epoch, UTC.
            parts: gives what happened between two instants, and perhaps more, made events by a decoder; raises
                ``SourceError``.
            lateness_us: see above.
            kept_us: see above.
            clock: the time now, to know what is kept.
        """
        self.name = name
        self.map_name = event_map.name
        self.lateness_us = lateness_us
        self.kept_us = kept_us
        self.asked_us, self.until_us = span_us
        kept_since_us = clock() - kept_us + _KEPT_MARGIN_US if kept_us else self.asked_us
        self.since_us = min(max(self.asked_us, kept_since_us), self.until_us)
        self.reached_us = self.since_us
        self.events_read = 0
        self._map = event_map
        self._parts = parts

    def batches(self, checkpoint: Json | None = None) -> Generator[Batch, None, None]:  # noqa: ARG002 - it is read whole
        """The events, part by part; the last batch of a part says what it covers.

        Raises:
            SourceError: if the source cannot be read; the parts before have been given.
        """
        self.reached_us, self.events_read = self.since_us, 0
        decoder = Decoder(self.name, self._map, self.since_us)
        for part in self._parts(decoder, self.since_us, self.until_us):
            inputs = [not_own(item, self.name) for item in part.inputs if self._belongs(item)]
            covers = (self.reached_us, part.until_us)
            self.reached_us = part.until_us
            self.events_read += len(inputs)
            *before, last = [inputs[at : at + HISTORY_BATCH] for at in range(0, len(inputs), HISTORY_BATCH)] or [[]]
            yield from map(Batch, before)
            yield Batch(last, covers=covers)

    def _belongs(self, item: Input) -> bool:
        """Whether it happened in between; of what has no time nobody can say that it did not."""
        return not isinstance(item, Event) or item.untimed or self.since_us <= item.time_us < self.until_us


def windows_of(
    read: Callable[[int, int], Window], window_us: int
) -> Callable[[Decoder, int, int], Generator[Part, None, None]]:
    """The parts of what an API lists between two instants: a part for each window, in order of time.

    Args:
        read: lists what happened from one whole second to another, both included; raises ``SourceError``.
        window_us: how much is asked for, and held in memory, at once; microseconds.
    """

    def parts(decoder: Decoder, since_us: int, until_us: int) -> Generator[Part, None, None]:
        from_us, known = since_us, set[object]()
        while from_us < until_us:
            to_us = min(from_us + window_us, until_us)
            window = _still(read, from_us - from_us % SECOND_US, to_us + -to_us % SECOND_US)
            inputs = _once(window.inputs(decoder), known)
            # What has a time is in one window by that; the rest, listed in the second where windows meet, in both.
            known |= {_mark(item) for item in inputs if not isinstance(item, Event) or item.untimed}
            yield Part([item for item in inputs if _within(item, from_us, to_us)], to_us)
            from_us = to_us

    return parts


def _still(read: Callable[[int, int], Window], from_us: int, to_us: int) -> Window:
    """A window that nothing speaks against."""
    doubt = ""
    for _ in range(TRIES):
        window = read(from_us, to_us)
        if not window.doubt:
            return window
        doubt = window.doubt
    raise SourceError(f"the list of events did not hold still: {doubt}", "try again", transient=True)


def _once(inputs: Iterable[Input], known: set[object]) -> list[Input]:
    """The inputs without those that are known already, and without what pages that moved repeat."""
    found: dict[object, Input] = {}
    for item in inputs:
        found.setdefault(_mark(item), item)
    return [item for mark, item in found.items() if mark not in known]


def _mark(item: Input) -> object:
    if isinstance(item, Event):
        return item.id
    return (item.reason, item.raw) if isinstance(item, Malformed) else item


def _within(item: Input, from_us: int, to_us: int) -> bool:
    return not isinstance(item, Event) or item.untimed or from_us <= item.time_us < to_us
