"""Polling an API that lists events between two instants: in pinned windows, past one only when all of it is there.

Such APIs promise little about order and delay. Whoever remembers the last event they saw loses events: those that
become visible late, share a second, or slip over a page break. So a poll asks for a window with both ends pinned, which
begins well before the end of the one before it (``overlap``); the store drops what it has already. The checkpoint moves
when a whole window is committed, never in its middle.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from trailbell.clock import now_us
from trailbell_engine.decode import Decoder
from trailbell_engine.event import Event, Input, Tick
from trailbell_engine.maps import EventMap
from trailbell_engine.timestamps import DAY_US, MINUTE_US, SECOND_US
from trailbell_engine.values import Json

from .base import LIVE_BATCH, Batch
from .errors import SourceError

_NOW_MARGIN_US: Final = SECOND_US
"""The current second is not over; events may still be added to it."""


@dataclass(frozen=True, slots=True)
class Polling:
    """When and how far back to ask. All in microseconds.

    Attributes:
        interval_us: between polls once the source has caught up.
        overlap_us: how far a window reaches back behind the end of the one before it. An event that becomes visible
            later than this after it happened is missed.
        lateness_us: how long the engine waits for events to bring them in order.
        window_us: the longest window, while catching up.
        first_us: how far before now the first window of all begins.
        page_size: events asked for in one request.
    """

    interval_us: int = MINUTE_US
    overlap_us: int = 5 * MINUTE_US
    lateness_us: int = MINUTE_US
    window_us: int = DAY_US
    first_us: int = DAY_US
    page_size: int = 100

    def __post_init__(self) -> None:
        if (
            min(self.interval_us, self.overlap_us, self.window_us) < SECOND_US
            or self.lateness_us < 0
            or self.first_us < 0
        ):
            raise ValueError("interval, overlap and window of a poll are at least one second")


def log_trouble(error: SourceError) -> None:
    """Tell the log that polling goes on after an error."""
    logging.getLogger(__name__).warning("%s; trying again", error)


@dataclass(frozen=True, slots=True)
class Pace:
    """How a poller spends its time.

    Attributes:
        follow: go on for ever; otherwise end when it has caught up.
        now_us: the clock.
        sleep: waits so many seconds between polls; polling ends if it returns true, as ``Event.wait`` does. None waits
            until ``stop``.
        on_trouble: is told of an error that did not end the polling.
        stopped: set by ``stop``; whoever waits on the source's behalf waits with it.
    """

    follow: bool = True
    now_us: Callable[[], int] = now_us
    sleep: Callable[[float], object] | None = None
    on_trouble: Callable[[SourceError], None] = log_trouble
    stopped: threading.Event = field(default_factory=threading.Event)

    def wait(self, seconds: float) -> bool:
        """Wait between two polls; say whether polling is to end."""
        return bool((self.sleep or self.stopped.wait)(seconds))


class Window(NamedTuple):
    """What an API listed between two instants.

    Attributes:
        records: in any order.
        place: where they are from, for people: an address.
        doubt: what speaks against their being all there is, in words; empty if nothing does.
    """

    records: list[Json]
    place: str
    doubt: str = ""


class WindowSource:
    """Polls until it is closed, or (``follow=False``) until it has caught up with the clock.

    Attributes:
        name: of the source, and of its events.
        bounded: never: when polling ends the API goes on, so what is held for order waits for the next run.
    """

    bounded = False
    wall_clock = False

    def __init__(
        self,
        read: Callable[[int, int], Window],
        event_map: EventMap,
        polling: Polling,
        *,
        name: str,
        since_us: int | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            read: lists what happened from one instant to another, both included; raises ``SourceError``.
            event_map: where the envelope of a record lies.
            polling: when and how far back to ask.
            name: of the source, and of its events; another one for each account.
            since_us: where the first window begins if there is no checkpoint; None is ``polling.first_us`` ago.
            pace: when to ask again.
        """
        self.name = name
        self._read = read
        self._map = event_map
        self._polling = polling
        self._since_us = since_us
        self._pace = pace or Pace()

    @property
    def lateness_us(self) -> int:
        """How long the engine waits for events to bring them in order, in microseconds."""
        return self._polling.lateness_us

    def stop(self) -> None:
        """End the polling, after the window at hand."""
        self._pace.stopped.set()

    def batches(self, checkpoint: Json | None = None) -> Generator[Batch, None, None]:
        """The events after a checkpoint, window by window, then poll by poll.

        The last batch of a window ends with a ``Tick`` and carries the checkpoint. While the API cannot be reached, the
        source keeps trying. What an unstable list did show is handed out without a checkpoint: no alert waits for it.

        Raises:
            SourceError: if the API refuses us; with ``follow=False`` for every error.
        """
        reached_us, decoder = self._resume(checkpoint)
        floor_us = reached_us if checkpoint is None else reached_us - self._polling.overlap_us
        asked = False  # every run asks once, even within the second in which the one before it ended
        while True:
            latest_us = self._pace.now_us() - _NOW_MARGIN_US
            latest_us -= latest_us % SECOND_US
            reached_us = min(reached_us, latest_us)  # the clock may have been set back
            end_us = min(reached_us + self._polling.window_us, latest_us)
            from_us = max(reached_us - self._polling.overlap_us, floor_us)
            if end_us > reached_us or (not asked and end_us > from_us):
                asked = True
                try:
                    yield from self._window(from_us, end_us, decoder)
                    reached_us = end_us
                except SourceError as error:
                    if not self._pace.follow or not error.transient:
                        raise
                    self._pace.on_trouble(error)
            if reached_us == end_us < latest_us and not self._pace.stopped.is_set():
                continue  # still catching up
            if (
                not self._pace.follow
                or self._pace.stopped.is_set()
                or self._pace.wait(self._polling.interval_us / SECOND_US)
            ):
                return

    def _resume(self, checkpoint: Json | None) -> tuple[int, Decoder]:
        if isinstance(checkpoint, dict):
            return int(checkpoint["reached_us"]), Decoder(self.name, self._map, int(checkpoint["last_time_us"]))
        since_us = self._pace.now_us() - self._polling.first_us if self._since_us is None else self._since_us
        since_us -= since_us % SECOND_US
        return since_us, Decoder(self.name, self._map, since_us)

    def _window(self, from_us: int, to_us: int, decoder: Decoder) -> Iterator[Batch]:
        window = self._read(from_us, to_us)
        inputs = _inputs(window, decoder)
        if window.doubt:
            yield from map(Batch, _parts(inputs))
            raise SourceError(
                f"the list of events did not hold still: {window.doubt}",
                "what it showed was taken; the same window will be asked for again",
                transient=True,
            )
        *before, last = _parts([*inputs, Tick(to_us - self._polling.lateness_us, self.name)])
        yield from map(Batch, before)
        yield Batch(last, {"reached_us": to_us, "last_time_us": decoder.last_time_us})


def _inputs(window: Window, decoder: Decoder) -> list[Input]:
    decoded = [item for record in window.records for item in decoder.decode_value(record, window.place)]
    # Any order would do for the engine, which orders within the lateness; people read logs.
    events = sorted((item for item in decoded if isinstance(item, Event)), key=lambda event: (event.time_us, event.id))
    return [*(item for item in decoded if not isinstance(item, Event)), *events]


def _parts(inputs: list[Input]) -> list[list[Input]]:
    return [inputs[start : start + LIVE_BATCH] for start in range(0, len(inputs), LIVE_BATCH)]
