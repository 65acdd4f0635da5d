"""What comes in: events, clock ticks, and records that are neither."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias

from .timestamps import format_time
from .values import Json

ENVELOPE: Final = ("event_type", "id", "time")
"""The fields every event has, whatever its source calls them."""
NO_ROWS: Final[Mapping[str, Json]] = {}
"""What an event has whose rule set has no lookups."""


class Event(NamedTuple):
    """One audit event: the envelope that every source has, and the record exactly as the source gave it.

    Attributes:
        source: where it came from, such as ``vonage``; ids are unique within a source.
        id: the source's id, or a hash of the content where it has none.
        event_type: such as ``NUMBER_UPDATED``; the empty string where the source has none.
        time_us: when it happened, microseconds since the epoch, UTC.
        data: the record as decoded; never changed by anybody.
        untimed: the record had no readable time and borrowed that of the event before it.
        lookup: rows of the rule set's lookups by name (see ``lookup``); None for one that found none. Not recorded.
    """

    source: str
    id: str
    event_type: str
    time_us: int
    data: dict[str, Json]
    untimed: bool = False
    lookup: Mapping[str, Json] = NO_ROWS

    def envelope(self, name: str) -> str:
        """The envelope field of that name as text; ``time`` is RFC 3339 in UTC."""
        if name == "time":
            return format_time(self.time_us)
        return self.event_type if name == "event_type" else self.id


def instant(
    source: str, time_us: int, event_type: str, data: dict[str, Json], lookup: Mapping[str, Json] = NO_ROWS
) -> Event:
    """What stands for the event where a rule fires because none came: the clock, at an instant.

    Args:
        source: whose clock it is.
        time_us: when.
        event_type: of the key, if it has one.
        data: the key's values where events have them.
        lookup: those that were looked up.
    """
    return Event(source, f"@{format_time(time_us)}", event_type, time_us, data, lookup=lookup)


def is_instant(event: Event) -> bool:
    """Whether it is no event at all but an instant: only that has its own time for an id."""
    return event.id[:1] == "@" and event.id == f"@{format_time(event.time_us)}"


class Malformed(NamedTuple):
    """A record that is no event. It is counted, kept aside and shown; the stream goes on.

    Attributes:
        source: the source it came from.
        place: where it stands, such as ``events.ndjson:17``.
        reason: what is wrong, in words for people.
        raw: the record's bytes, cut at 64 KiB.
    """

    source: str
    place: str
    reason: str
    raw: bytes


LEAVES_US: Final = -(2**62)
"""The time of a tick that says: nothing more comes from this source for now, so nobody need wait for it."""


class Tick(NamedTuple):
    """The clock, as an input: the source expects no event older than this any more. Recorded like an event."""

    time_us: int
    source: str = ""


Input: TypeAlias = Event | Malformed | Tick
