"""What time it is for the timers of groups, silences and mute intervals: event time, over all sources.

It never goes back. An event of a source whose clock ticks moves it at most ``AHEAD_US`` beyond the newest tick, so that
a record with a time in the far future neither fires every timer nor stops them for years; a source without ticks, as
files are, has nothing but its events.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trailbell_engine.event import LEAVES_US, Event, Input, Tick
from trailbell_engine.timestamps import MINUTE_US

AHEAD_US: Final = 10 * MINUTE_US


class EventClock:
    """Event time as the inputs show it, one after another.

    Attributes:
        now_us: microseconds since the epoch, UTC; 0 before the first input.
    """

    def __init__(self, state: Mapping[str, Any] | None = None) -> None:
        """Take up what ``to_json`` gave, or begin."""
        self.resume(state)

    def resume(self, state: Mapping[str, Any] | None) -> None:
        """Go (back) to a state that ``to_json`` gave, or to the beginning."""
        state = state or {}
        self.now_us: int = state.get("now_us", 0)
        self._ticks: dict[str, int] = dict(state.get("ticks", {}))
        self._present: set[str] = set(state.get("present", ()))

    def take(self, item: Input) -> bool:
        """Look at an input. Whether nothing more comes: it was the last of the sources that left."""
        if isinstance(item, Tick):
            if item.time_us == LEAVES_US:
                self._present.discard(item.source)
                return not self._present
            self._present.add(item.source)
            self._ticks[item.source] = max(self._ticks.get(item.source, item.time_us), item.time_us)
            self.now_us = max(self.now_us, item.time_us)
        elif isinstance(item, Event):
            self._present.add(item.source)
            tick_us = self._ticks.get(item.source)
            self.now_us = max(self.now_us, item.time_us if tick_us is None else min(item.time_us, tick_us + AHEAD_US))
        return False

    def to_json(self) -> dict[str, Any]:
        """Its state, for a store."""
        return {"now_us": self.now_us, "ticks": self._ticks, "present": sorted(self._present)}
