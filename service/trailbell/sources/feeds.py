"""Polling an API that hands out its log in the order it was written, with a cursor of its own to go on from.

The vendor's cursor is the promise that nothing is skipped: what was written late comes late, and behind the cursor
nothing ever appears. So there is no overlap and no window; the cursor is the checkpoint. What happened between two
instants is a question of its own, which the vendor answers as others do.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import NamedTuple, Protocol

from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.decoding.maps import EventMap
from trailbell_engine.event import Input, Tick
from trailbell_engine.timestamps import SECOND_US
from trailbell_engine.values import Json

from .base import LIVE_BATCH, Batch
from .errors import SourceError
from .past import Past, windows_of
from .polling import Pace, Polling
from .window import Window


class Piece(NamedTuple):
    """The next piece of a log.

    Attributes:
        records: in the vendor's order.
        cursor: where the next piece begins, as plain JSON.
        more: there is more to be had now.
        place: where they are from, for people: an address.
    """

    records: list[Json]
    cursor: Json
    more: bool
    place: str


class Feed(Protocol):
    """A vendor's log, as its API shows it."""

    def read(self, cursor: Json | None, since_us: int) -> Piece:
        """The piece that a cursor begins, or, for None, the first one from an instant on.

        Raises:
            SourceError: if the API cannot be read.
        """

    def listed(self, from_us: int, to_us: int) -> Window:
        """What happened from one instant to another, both included.

        Raises:
            SourceError: likewise.
        """


class FeedSource:
    """Reads on from a cursor until it is closed, or (``follow=False``) until it has caught up.

    Attributes:
        name: of the source, and of its events.
        bounded: never: when reading ends the log goes on.
        trouble: why the last piece could not be read; None if it could.
    """

    bounded = False
    wall_clock = False

    def __init__(
        self,
        feed: Feed,
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
            feed: what is read.
            event_map: where the envelope of a record lies.
            polling: ``interval_us``, ``lateness_us`` and ``first_us`` count here; for the past ``window_us`` and
                ``kept_us``.
            name: of the source, and of its events; another one for each account.
            since_us: where to begin if there is no checkpoint; None is ``polling.first_us`` ago.
            pace: when to ask again.
            server_us: the API's clock at its first answer since the last call; None if it did not say.
        """
        self.name = name
        self._feed = feed
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
        """End the reading, after the piece at hand."""
        self._pace.stopped.set()

    def backfill(self, since_us: int, until_us: int) -> Past:
        """What happened between two instants, window by window; see ``Source``."""
        parts = windows_of(self._feed.listed, self._polling.window_us)
        kept_us = self._polling.kept_us
        return Past(self.name, self._map, (since_us, until_us), parts, kept_us=kept_us, clock=self._pace.now_us)

    def batches(self, checkpoint: Json | None = None) -> Generator[Batch, None, None]:
        """The records after a checkpoint, piece by piece; the last batch of a piece carries its cursor.

        When it has caught up, a ``Tick`` says until when, so that what waits for time to pass happens.

        Raises:
            SourceError: if the API refuses us; with ``follow=False`` for every error.
        """
        cursor, since_us, decoder = self._resume(checkpoint)
        while True:
            asked_us = self._pace.now_us()
            more = False
            try:
                self._server_us()
                piece = self._feed.read(cursor, since_us)
                # A clock of ours that is ahead must not call what is still to come late.
                asked_us = min(asked_us, self._server_us() or asked_us)
                yield from self._piece(piece, since_us, asked_us, decoder)
                cursor, more = piece.cursor, piece.more
                self.trouble = None
            except SourceError as error:
                if not self._pace.follow or not error.transient:
                    raise
                self.trouble = error
                self._pace.on_trouble(error)
            if more and not self._pace.stopped.is_set():
                continue
            if (
                not self._pace.follow
                or self._pace.stopped.is_set()
                or self._pace.wait(self._polling.interval_us / SECOND_US)
            ):
                return

    def _resume(self, checkpoint: Json | None) -> tuple[Json | None, int, Decoder]:
        if isinstance(checkpoint, dict):
            decoder = Decoder(self.name, self._map, int(checkpoint["last_time_us"]))
            return checkpoint["cursor"], int(checkpoint["since_us"]), decoder
        since_us = self._pace.now_us() - self._polling.first_us if self._since_us is None else self._since_us
        since_us -= since_us % SECOND_US
        return None, since_us, Decoder(self.name, self._map, since_us)

    def _piece(self, piece: Piece, since_us: int, asked_us: int, decoder: Decoder) -> Generator[Batch, None, None]:
        inputs: list[Input] = []
        for record in piece.records:
            inputs += decoder.decode_value(record, piece.place)
        if not piece.more:
            inputs.append(Tick(asked_us - SECOND_US - self._polling.lateness_us, self.name))
        parts = [inputs[start : start + LIVE_BATCH] for start in range(0, len(inputs), LIVE_BATCH)] or [[]]
        for part in parts[:-1]:
            yield Batch(part)
        checkpoint: Json = {"cursor": piece.cursor, "since_us": since_us, "last_time_us": decoder.last_time_us}
        # The cursor has passed everything since the beginning; how far that is, only the end of the log tells.
        covers = None if piece.more else (since_us, asked_us - SECOND_US)
        yield Batch(parts[-1], checkpoint, covers=covers)
