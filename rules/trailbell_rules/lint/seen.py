"""What recorded history holds, for checks that compare rules with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from trailbell_engine.timestamps import DAY_US, HOUR_US

TELLING_EVENTS: Final = 1_000
"""Fewer events say nothing about what a source has: nothing is concluded from them."""
_TELLING_OF_A_KIND: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A summary of history.

    Attributes:
        events: how many there are.
        first_us, last_us: the earliest and the latest time of these (microseconds, UTC).
        event_types: how many of each kind.
        read: how many of them were looked into for their fields.
        paths: the fields these have, written with dots.
    """

    events: int
    first_us: int
    last_us: int
    event_types: Mapping[str, int]
    read: int
    paths: frozenset[str]

    @property
    def telling(self) -> bool:
        """Whether there is enough to conclude something from what is not there."""
        return self.events >= TELLING_EVENTS

    def tells_of(self, event_types: frozenset[str]) -> bool:
        """Whether there is enough of these kinds of events: a store may hold nothing of a rule's source."""
        return self.telling and sum(self.event_types.get(name, 0) for name in event_types) >= _TELLING_OF_A_KIND

    def __str__(self) -> str:
        """How much it is: ``30 days of history (18,402 events)``."""
        noun = "event" if self.events == 1 else "events"
        return f"{_span(self.last_us - self.first_us)} of history ({self.events:,} {noun})"


def _span(span_us: int) -> str:
    days, hours = round(span_us / DAY_US), round(span_us / HOUR_US)
    if days >= 2:
        return f"{days:,} days"
    return f"{hours} hours" if hours >= 2 else "an hour"
