"""The wall clock of a run, held against the steady one: where it jumps ahead, it is not believed at once.

A tick is recorded, and what is older than it is late for ever. A clock that is an hour ahead for some seconds would
blind every window for that hour. So ticks follow a jump only when it has lasted; a clock that was behind and is set
right, or a machine that slept, moves time on that much later.
"""

from __future__ import annotations

from typing import Final

from trailbell_engine.timestamps import MINUTE_US, SECOND_US

JUMP_US: Final = 2 * MINUTE_US
"""What the wall clock gains on the steady one at once by less is believed: clocks are corrected all the time."""
LASTS_US: Final = 45 * SECOND_US
"""After so long a jump is believed: soon enough that nobody is told that a source lags (``watch.standing.CALM_US``)."""


class SteadyClock:
    """Which time to tick by. In microseconds: of the wall clock since the epoch, of the steady one since whenever."""

    def __init__(self) -> None:
        self._ahead_us: int | None = None
        self._jumped_us: int | None = None

    def read(self, now_us: int, steady_us: int) -> int:
        """The time that may be believed: that of the wall clock, or what it would be without its last jump ahead.

        Args:
            now_us: the wall clock.
            steady_us: a clock that nobody sets.
        """
        ahead_us = now_us - steady_us
        if self._ahead_us is None or ahead_us - self._ahead_us <= JUMP_US:
            self._jumped_us = None
        elif self._jumped_us is None:
            self._jumped_us = steady_us
        if self._jumped_us is None or steady_us - self._jumped_us >= LASTS_US:
            self._ahead_us, self._jumped_us = ahead_us, None
        assert self._ahead_us is not None  # the first reading is believed
        return steady_us + self._ahead_us
