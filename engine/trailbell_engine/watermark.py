"""Event time's order: hold events for as long as an older one may still come, release them sorted.

The watermark of a source is the instant before which no more events are expected: the newest event time seen less the
source's lateness, or a later clock tick, which has the lateness taken off already. An event older than the watermark
is late. An event that is not is held until the watermark passes it. So at every moment the held events of a source are
exactly its recorded events at or after its watermark; a restart finds them in the store, and nothing of the buffer
itself need be saved.

A source without lateness (files, stdin) gives its events through at once, in the order they come.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import Final

from .codec import decode_event, encode_event
from .decoding.exact_json import read_json, write_json
from .event import Event

AT_HAND: Final = 4_096
"""So many events are held as they are; further ones as JSON, which takes a quarter of the memory."""


class Reorder:
    """The held events and the watermark of one source."""

    def __init__(self, lateness_us: int = 0, watermark_us: int | None = None, held: Iterable[Event] = ()) -> None:
        """Take up where a source was left.

        Args:
            lateness_us: how much older than the newest event an event may be and still be in order.
            watermark_us: the watermark at the last stop; None for a new source.
            held: the recorded events at or after that watermark.
        """
        self.lateness_us = lateness_us
        self.watermark_us = watermark_us
        self._held: list[tuple[int, str, Event | bytes]] = []
        for event in held:
            self._hold(event)

    def __len__(self) -> int:
        return len(self._held)

    def is_late(self, event: Event) -> bool:
        """Whether the event is older than the watermark."""
        return self.watermark_us is not None and event.time_us < self.watermark_us

    def passes(self, time_us: int) -> bool:
        """Whether an event of that time goes through at once, as nearly all do where there is no lateness."""
        if self.lateness_us or self._held or (self.watermark_us is not None and time_us < self.watermark_us):
            return False
        self.watermark_us = time_us
        return True

    def push(self, event: Event) -> list[Event]:
        """Take an event that is not late; return the events that are now in order, itself perhaps among them."""
        if not self.lateness_us and not self._held:
            self._raise(event.time_us)
            return [event]
        self._hold(event)
        return self.advance(event.time_us - self.lateness_us)

    def advance(self, watermark_us: int) -> list[Event]:
        """Raise the watermark (it never falls) and return the events it has passed, in order of time and id."""
        self._raise(watermark_us)
        passed = []
        while self._held and self.watermark_us is not None and self._held[0][0] < self.watermark_us:
            waited = heapq.heappop(self._held)[2]
            passed.append(_unpacked(waited) if isinstance(waited, bytes) else waited)
        return passed

    @property
    def newest_held_us(self) -> int | None:
        """The time of the newest event that is held; None if none is."""
        return max((entry[0] for entry in self._held), default=None)

    def _hold(self, event: Event) -> None:
        waits = event if len(self._held) < AT_HAND else write_json(encode_event(event))
        heapq.heappush(self._held, (event.time_us, event.id, waits))

    def _raise(self, watermark_us: int) -> None:
        if self.watermark_us is None or watermark_us > self.watermark_us:
            self.watermark_us = watermark_us


def _unpacked(waited: bytes) -> Event:
    return decode_event(read_json(waited))
