"""One source of a run, as the watch knows it: what it said last, and until when all of it has been read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from trailbell.sources.base import Batch, Source
from trailbell.store.coverage import Watched
from trailbell_engine.event import LEAVES_US, Event, Tick
from trailbell_engine.timestamps import SECOND_US

from .spans import Span
from .standing import Sight, Standing

NOTE_EVERY_US: Final = 5 * SECOND_US
"""A source that says the same all the time is noted no more often."""


@dataclass(slots=True)
class Attended:
    """A source. Times in microseconds since the epoch, UTC.

    Attributes:
        source: it.
        standing: how it stands.
        began_us: since when it has been listened to in this run.
        known: as the store knows it, or is to know it soon.
        stretch: the time that was read last, without a break.
        caught_up: it has been up to date once.
        noted_us: when the store was told last.
        noted_heard_us: when something new had come last, as the store knows it.
    """

    source: Source
    standing: Standing
    began_us: int
    known: Watched
    stretch: Span | None = None
    caught_up: bool = False
    noted_us: int = 0
    noted_heard_us: int | None = None

    @property
    def is_news(self) -> bool:
        """It was heard after a silence, of which the store must not think, after a crash, that it goes on."""
        heard_us, noted_us = self.known.heard_us, self.noted_heard_us
        return heard_us is not None and (noted_us is None or heard_us >= noted_us + NOTE_EVERY_US)

    @property
    def late_us(self) -> int:
        """What is read so long after it happened is read late."""
        return self.standing.limits.late_us

    def sight(self, now_us: int, error: str, *, over: bool = False) -> Sight:
        """What is seen of it now."""
        listening_us, reached_us = (None, None) if self.stretch is None else self.stretch
        return Sight(now_us, error, reached_us, self.caught_up, self.known.heard_us, listening_us, over)

    def heard(self, fresh: Sequence[Event], now_us: int) -> None:
        """It was read, and gave these new events. Those of a backlog were not heard now, but when they happened."""
        known = self.known._replace(ran_us=now_us, seen_us=now_us)
        if fresh:
            newest_us = max(event.time_us for event in fresh)
            heard_us = now_us if now_us - newest_us <= self.late_us else newest_us
            known = known._replace(
                heard_us=max(heard_us, known.heard_us or heard_us),
                newest_us=max(newest_us, known.newest_us or newest_us),
            )
        self.known = known

    def read(self, batch: Batch, now_us: int) -> Span | None:
        """The time that has been read with a batch; None if it says nothing new of that."""
        span = self._covers(batch, now_us) if batch.covers is None else Span(*batch.covers)
        if span is None or span.us <= 0:
            return None
        before = self.stretch
        if before is None or span.from_us > before.until_us:
            self.stretch = span
        elif span.until_us >= before.from_us:
            self.stretch = Span(min(before.from_us, span.from_us), max(before.until_us, span.until_us))
        self.caught_up = self.caught_up or now_us - span.until_us <= self.late_us
        return span

    def _covers(self, batch: Batch, now_us: int) -> Span | None:
        """For a source that does not say it itself: from where it was up to where its ticks and events are."""
        lateness_us = self.source.lateness_us
        ticks = [item for item in batch.inputs if isinstance(item, Tick) and item.time_us != LEAVES_US]
        reached = [tick.time_us + lateness_us for tick in ticks]
        times_us = [item.time_us for item in batch.inputs if isinstance(item, Event) and not item.untimed]
        reached += [time_us - lateness_us for time_us in times_us]
        if not reached:
            return None
        until_us = min(now_us, max(reached))
        if self.stretch is None:
            first_us = self.began_us if self.source.wall_clock else min([*times_us, until_us - SECOND_US])
            return Span(first_us, until_us)
        if until_us - self.stretch.until_us < SECOND_US:
            return None
        # What is not kept for us while we are away is lost; every other source goes on where it was.
        lost = getattr(self.source, "fleeting", False) and self.stretch.until_us < self.began_us
        return Span(self.began_us if lost else self.stretch.until_us, until_us)
