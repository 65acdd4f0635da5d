"""How the reading of a history went: what was read by, what was not, and what stood out of order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.timestamps import DAY_US, SECOND_US
from trailbell_engine.values import Json

_FILES_SAID = 3
_UNREAD_SAID = 5


class Unread(NamedTuple):
    """A time that was not read of a source; RFC 3339."""

    source: str
    from_: str
    until: str
    why: str

    def to_json(self) -> dict[str, Json]:
        """As documents have it."""
        return {"source": self.source, "from": self.from_, "until": self.until, "why": self.why}


@dataclass(frozen=True, slots=True)
class Reading:
    """About the input as a whole.

    Attributes:
        map_name: the map that told where the envelope lies.
        broken: what could not be read, or not to its end: a sentence each. What stood before it was read.
        cut: files that end in the middle of a record.
        behind_us: per file that is not in order of time, by how much its worst event is behind; microseconds.
        kept_waiting: files that overlap more others than are read side by side, so that their events came late.
        unread: times of which the store has no events because nobody read them: source, from, until, why.
    """

    map_name: str = ""
    broken: tuple[str, ...] = ()
    cut: tuple[str, ...] = ()
    behind_us: Mapping[str, int] = field(default_factory=dict)
    kept_waiting: int = 0
    unread: tuple[Unread, ...] = ()

    def remarks(self, late: int) -> Iterator[str]:
        """What must be said of it, a sentence each.

        Args:
            late: how many events came late.
        """
        for sentence in self.broken:
            yield f"{sentence}; this is about what could be read"
        for name in self.cut:
            yield f"{name} ends in the middle of a record: it was cut, or is still being written"
        if late and self.behind_us:
            yield self._disorder()
        if self.kept_waiting:
            files = counted(self.kept_waiting, "file")
            yield f"events of {files} came late: more files overlap than are read side by side"

        for one in self.unread[:_UNREAD_SAID]:
            yield f"{one.source} was not read from {one.from_} to {one.until}: {one.why}"
        if len(self.unread) > _UNREAD_SAID:
            yield f"{len(self.unread) - _UNREAD_SAID} more such gaps: `trailbell coverage`"

    def _disorder(self) -> str:
        worst_us = max(self.behind_us.values())
        needed = format_duration(-(-worst_us // SECOND_US) * SECOND_US)
        names = sorted(self.behind_us)
        said = ", ".join(names[:_FILES_SAID]) + (f" and {len(names) - _FILES_SAID} more" if names[_FILES_SAID:] else "")
        verb = "is" if len(names) == 1 else "are"
        help_ = f"`--lateness {needed}` puts the events in order, as live"
        if worst_us > DAY_US:  # no stream: to hold events for so long would be to hold them all
            help_ = f"sort the events, they are up to {needed} behind"
        return f"{said} {verb} not in order of time: {help_}"

    def to_json(self) -> dict[str, Json]:
        """What ``events`` of the document says of it."""
        return {
            "map": self.map_name,
            "broken": list(self.broken),
            "cut": list(self.cut),
            "behind_s": {name: behind_us / SECOND_US for name, behind_us in sorted(self.behind_us.items())},
            **({"unread": [one.to_json() for one in self.unread]} if self.unread else {}),
        }
