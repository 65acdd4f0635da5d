"""How late an API shows its events, as seen: what was new behind the end of an earlier poll came late.

The overlap of polls follows it: twice the greatest lag of the last week, so that what has happened is covered with a
margin. The engine tells what was new (``Batch.fresh``), since only the store knows every event there was.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Final

from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.timestamps import DAY_US, SECOND_US
from trailbell_engine.values import Json

log: Final = logging.getLogger("trailbell")

MEMORY_DAYS: Final = 7
MARGIN: Final = 2
LONGEST_US: Final = DAY_US
"""No overlap becomes longer by itself; who needs more says so."""


class Lags:
    """The greatest lag of each day, and how many events no overlap would have found. Callable from any thread."""

    def __init__(self, source: str, configured_us: int, saved: Json = None) -> None:
        """Go on from a checkpoint.

        Args:
            source: its name, for the log.
            configured_us: the shortest overlap.
            saved: what ``to_json`` gave.
        """
        self._source = source
        self._configured_us = configured_us
        self._lock = threading.Lock()
        self._days: dict[int, int] = {}
        self._missed = 0
        if isinstance(saved, dict):
            self._days = {int(day): int(lag_us) for day, lag_us in saved["days"].items()}
            self._missed = int(saved["missed"])

    def to_json(self) -> Json:
        """For a checkpoint."""
        with self._lock:
            return {"days": {str(day): lag_us for day, lag_us in sorted(self._days.items())}, "missed": self._missed}

    @property
    def missed(self) -> int:
        """How many events were found by deep re-scans only."""
        return self._missed

    @property
    def overlap_us(self) -> int:
        """How far a poll has to reach back."""
        with self._lock:
            return self._overlap_us()

    def late(self, events: Sequence[Event], before_us: int, asked_us: int) -> None:
        """Take note of new events of a poll: those from before the end of the poll before it came late.

        Args:
            events: the new ones.
            before_us: the end of the poll before.
            asked_us: by when they were there at the latest; what was away for long does not count as their lag.
        """
        lags_us = [asked_us - event.time_us for event in events if event.time_us < before_us and not event.untimed]
        if lags_us:
            self._note(max(lags_us), asked_us)

    def overlooked(self, events: Sequence[Event], asked_us: int) -> None:
        """Take note of new events of a deep re-scan: no poll reached back far enough for them."""
        if not events:
            return
        with self._lock:
            self._missed += len(events)
            overlap_us = self._overlap_us()
        log.warning(
            "the source %s: a deep re-scan found %s that came later than the overlap of %s; what it found is taken now",
            self._source,
            counted(len(events), "event"),
            format_duration(overlap_us),
        )
        self._note(overlap_us, asked_us)

    def _note(self, lag_us: int, at_us: int) -> None:
        day = at_us // DAY_US
        with self._lock:
            before_us = self._overlap_us()
            self._days[day] = max(self._days.get(day, 0), lag_us)
            self._days = {one: lag for one, lag in self._days.items() if one > day - MEMORY_DAYS}
            after_us = self._overlap_us()
        if after_us > before_us:
            words = (self._source, format_duration(lag_us - lag_us % SECOND_US), format_duration(after_us))
            log.info("the source %s shows events up to %s late; polls reach back %s now", *words)

    def _overlap_us(self) -> int:
        seen_us = MARGIN * max(self._days.values(), default=0)
        seen_us += -seen_us % SECOND_US
        return max(self._configured_us, min(seen_us, LONGEST_US))
