"""Polling an API that lists events between two instants: in pinned windows, past one only when all of it is there.

Such APIs promise little about order and delay. Whoever remembers the last event they saw loses events: those that
become visible late, share a second, or slip over a page break. So a poll asks for a window with both ends pinned, which
begins well before the end of the one before it (``overlap``); the store drops what it has already. The checkpoint moves
when a whole window is committed, never in its middle.

The overlap grows with the lag that is seen (``lags.py``). Once a day a deep re-scan asks for a day once more, slice by
slice between the polls, and counts what no poll reached back for.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.maps import EventMap
from trailbell_engine.event import Event, Input, Tick
from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from trailbell_engine.values import Json

from .base import LIVE_BATCH, Batch
from .errors import SourceError
from .lags import Lags
from .past import Past, windows_of
from .polling import Pace, Polling
from .window import Window

_NOW_MARGIN_US: Final = SECOND_US
"""The current second is not over; events may still be added to it."""
RESCAN_EVERY_US: Final = DAY_US
RESCAN_SLICE_US: Final = HOUR_US


class WindowSource:
    """Polls until it is closed, or (``follow=False``) until it has caught up with the clock.

    Attributes:
        name: of the source, and of its events.
        bounded: never: when polling ends the API goes on, so what is held for order waits for the next run.
        trouble: why the last poll failed; None if it did not.
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
        server_us: Callable[[], int | None] = lambda: None,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            read: lists what happened from one instant to another, both included; raises ``SourceError``.
            event_map: where the envelope of a record lies.
            polling: when and how far back to ask.
            name: of the source, and of its events; another one for each account.
            since_us: where the first window begins if there is no checkpoint; None is ``polling.first_us`` ago.
            pace: when to ask again.
            server_us: the API's clock at its first answer since the last call; None if it did not say. No window is
                taken to be complete beyond it, so a clock of ours that jumps ahead skips nothing.
        """
        self.name = name
        self._read = read
        self._map = event_map
        self._polling = polling
        self._since_us = since_us
        self._pace = pace or Pace()
        self._server_us = server_us
        self.trouble: SourceError | None = None

    @property
    def lateness_us(self) -> int:
        """How long the engine waits for events to bring them in order, in microseconds."""
        return self._polling.lateness_us

    def stop(self) -> None:
        """End the polling, after the window at hand."""
        self._pace.stopped.set()

    def backfill(self, since_us: int, until_us: int) -> Past:
        """What happened between two instants, window by window; see ``Source``."""
        parts = windows_of(self._read, self._polling.window_us)
        kept_us = self._polling.kept_us
        return Past(self.name, self._map, (since_us, until_us), parts, kept_us=kept_us, clock=self._pace.now_us)

    def batches(self, checkpoint: Json | None = None) -> Generator[Batch, None, None]:
        """The events after a checkpoint, window by window, then poll by poll.

        The last batch of a window ends with a ``Tick`` and carries the checkpoint. While the API cannot be reached, the
        source keeps trying. What an unstable list did show is handed out without a checkpoint: no alert waits for it.
        When nothing could be read yet, the checkpoint says from where it was to be read.

        Raises:
            SourceError: if the API refuses us; with ``follow=False`` for every error.
        """
        polls = self._resume(checkpoint)
        pinned = False
        asked = False  # every run asks once, even within the second in which the one before it ended
        while True:
            latest_us = _whole(self._pace.now_us() - _NOW_MARGIN_US)
            polls.reached_us = min(polls.reached_us, latest_us)  # the clock may have been set back
            end_us = min(polls.reached_us + self._polling.window_us, latest_us)
            from_us = max(polls.reached_us - polls.lags.overlap_us, polls.since_us)
            try:
                if end_us > polls.reached_us or (not asked and end_us > from_us):
                    asked = True
                    yield from self._window(from_us, end_us, polls)
                if polls.reached_us == end_us < latest_us and not self._pace.stopped.is_set():
                    continue  # still catching up
                yield from self._rescan(polls)
                self.trouble = None
            except SourceError as error:
                self.trouble = error
                if error.transient and polls.is_first and not pinned and polls.reached_us <= polls.since_us:
                    pinned = True  # a run after this one is to begin where this one would have
                    yield Batch([], {**polls.checkpoint(), "is_first": True})
                if not self._pace.follow or not error.transient:
                    raise
                self._pace.on_trouble(error)
            if (
                not self._pace.follow
                or self._pace.stopped.is_set()
                or self._pace.wait(self._polling.interval_us / SECOND_US)
            ):
                return

    def _resume(self, checkpoint: Json | None) -> _Polls:
        overlap_us = self._polling.overlap_us
        if isinstance(checkpoint, dict) and not checkpoint.get("is_first"):
            reached_us = int(checkpoint["reached_us"])
            return _Polls(
                reached_us,
                int(checkpoint.get("since_us", reached_us - overlap_us)),
                Decoder(self.name, self._map, int(checkpoint["last_time_us"])),
                Lags(self.name, overlap_us, checkpoint.get("lags")),
                scanned_us=checkpoint.get("scanned_us"),
                scan_us=checkpoint.get("scan_us"),
            )
        since_us = self._pace.now_us() - self._polling.first_us if self._since_us is None else self._since_us
        if isinstance(checkpoint, dict):  # nothing was read, but it was to be read from there
            since_us = min(since_us, int(checkpoint["since_us"]))
        since_us = _whole(since_us)
        lags = Lags(self.name, overlap_us)
        decoder = Decoder(self.name, self._map, since_us)
        return _Polls(since_us, since_us, decoder, lags, is_first=self._since_us is None)

    def _window(self, from_us: int, to_us: int, polls: _Polls) -> Iterator[Batch]:
        before_us, end_us = polls.reached_us, to_us
        window, server_us = self._asked(from_us, to_us)
        inputs = window.inputs(polls.decoder)
        # What was away for long because nobody asked is no lag: the next poll would have seen it.
        asked_us = min(self._pace.now_us(), before_us + _NOW_MARGIN_US + self._polling.interval_us)

        def fresh(events: Sequence[Event]) -> None:
            polls.lags.late(events, before_us, asked_us)

        if window.doubt:
            yield from (Batch(part, fresh=fresh) for part in _parts(inputs))
            raise _unstable(window)
        polls.reached_us = to_us = self._complete_until(to_us, server_us, polls)
        if polls.scanned_us is None and end_us >= _whole(self._pace.now_us() - _NOW_MARGIN_US) - MINUTE_US:
            polls.scanned_us = to_us  # caught up for the first time: all there is has been listed just now
        *before, last = _parts([*inputs, Tick(to_us - self._polling.lateness_us, self.name)])
        yield from (Batch(part, fresh=fresh) for part in before)
        yield Batch(last, polls.checkpoint(), fresh=fresh, covers=(from_us, to_us))

    def _complete_until(self, to_us: int, server_us: int | None, polls: _Polls) -> int:
        """Until when all that happened has been listed: not beyond the server's own clock."""
        if server_us is None:
            return to_us
        begin_us = _whole(server_us - self._polling.first_us)
        if polls.is_first and begin_us < polls.since_us - MINUTE_US:  # our clock is ahead, and so was the beginning
            polls.since_us = begin_us
            return begin_us
        polls.is_first = False
        return max(polls.reached_us, min(to_us, _whole(server_us - _NOW_MARGIN_US)))

    def _rescan(self, polls: _Polls) -> Iterator[Batch]:
        """One slice of the daily re-scan, if it is time for one; all of them if there is no later."""
        now_us, back_us = polls.reached_us, self._polling.rescan_us
        if polls.scan_us is None and back_us and polls.scanned_us and now_us >= polls.scanned_us + RESCAN_EVERY_US:
            # What had happened right before the last one may have come right after it.
            begin_us = max(now_us - 3 * back_us, polls.scanned_us - back_us)
            polls.scan_us, polls.scanned_us = max(polls.since_us, begin_us), now_us
        while polls.scan_us is not None:
            end_us = polls.reached_us - polls.lags.overlap_us
            to_us = min(polls.scan_us + RESCAN_SLICE_US, end_us)
            inputs: list[Input] = []
            if to_us > polls.scan_us:
                window, _ = self._asked(polls.scan_us, to_us)
                if window.doubt:
                    raise _unstable(window)
                inputs = window.inputs(Decoder(self.name, self._map, polls.scan_us))
            *before, last = _parts(inputs) or [[]]

            def fresh(events: Sequence[Event]) -> None:
                polls.lags.overlooked(events, now_us)

            yield from (Batch(part, fresh=fresh) for part in before)
            polls.scan_us = to_us if to_us < end_us else None
            yield Batch(last, polls.checkpoint(), fresh=fresh)
            if self._pace.follow or self._pace.stopped.is_set():
                return

    def _asked(self, from_us: int, to_us: int) -> tuple[Window, int | None]:
        """What the API lists, and its clock when it began to."""
        self._server_us()
        window = self._read(from_us, to_us)
        return window, self._server_us()


@dataclass(slots=True)
class _Polls:
    """How far the polling is.

    Attributes:
        reached_us: everything up to there has been listed.
        since_us: nothing from before is asked for.
        decoder: makes events of records.
        lags: how late events come.
        scanned_us: how far the polling was when the last re-scan began; None before the first window.
        scan_us: where its next slice begins; None while there is none.
        is_first: where to begin was told by our clock, and the server's has not confirmed it.
    """

    reached_us: int
    since_us: int
    decoder: Decoder
    lags: Lags
    scanned_us: int | None = None
    scan_us: int | None = None
    is_first: bool = False

    def checkpoint(self) -> dict[str, Json]:
        """Where to go on."""
        return {
            "reached_us": self.reached_us,
            "last_time_us": self.decoder.last_time_us,
            "since_us": self.since_us,
            "lags": self.lags.to_json(),
            "scanned_us": self.scanned_us,
            "scan_us": self.scan_us,
        }


def _whole(time_us: int) -> int:
    return time_us - time_us % SECOND_US


def _unstable(window: Window) -> SourceError:
    return SourceError(
        f"the list of events did not hold still: {window.doubt}",
        "what it showed was taken; the same window will be asked for again",
        transient=True,
    )


def _parts(inputs: list[Input]) -> list[list[Input]]:
    return [inputs[start : start + LIVE_BATCH] for start in range(0, len(inputs), LIVE_BATCH)]
