"""How much of a silence lies in the hours in which something is expected: nights and weekends do not count."""

from __future__ import annotations

from typing import Final

from trailbell_engine.schedule import Schedule
from trailbell_engine.timestamps import DAY_US, MINUTE_US

LONGEST_US: Final = 30 * DAY_US
"""What was longer ago is not looked at: it would take long, and a month of silence is one by any count."""


class OpenHours:
    """Counts minutes of a schedule from an instant on. It goes on from where it was when it is asked again."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._from_us = self._counted_us = self._open_us = 0

    def since(self, from_us: int, now_us: int) -> int:
        """How long the schedule was open from one instant to another; whole minutes, in microseconds."""
        if from_us != self._from_us:
            self._from_us, self._open_us = from_us, 0
            self._counted_us = max(from_us, now_us - LONGEST_US)
        while self._counted_us + MINUTE_US <= now_us:
            if self._schedule.contains(self._counted_us):
                self._open_us += MINUTE_US
            self._counted_us += MINUTE_US
        return self._open_us
