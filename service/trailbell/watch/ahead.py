"""Sources whose event time is ahead of the clock: what comes from them is late until the clock has caught up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trailbell_engine.durations import format_duration
from trailbell_engine.timestamps import MINUTE_US, SECOND_US, format_time

AHEAD_US: Final = 15 * MINUTE_US
"""Events may be ten minutes ahead of the clock, and clocks are corrected a little."""
WAY_OUT: Final = "set the clock right; if it is, give the source another name in trailbell.yaml, or wait until then"
"""What people can do: a source of another name begins with a time of its own."""


def ahead(watermarks: Mapping[str, int], now_us: int) -> dict[str, str]:
    """What is wrong with each source that is ahead, in words, by name.

    Args:
        watermarks: how far each source is, microseconds since the epoch, UTC.
        now_us: the clock.
    """
    return {
        name: _words(watermark_us, now_us)
        for name, watermark_us in watermarks.items()
        if watermark_us > now_us + AHEAD_US
    }


def _words(watermark_us: int, now_us: int) -> str:
    until = format_time(watermark_us // SECOND_US * SECOND_US)
    by = format_duration((watermark_us - now_us) // MINUTE_US * MINUTE_US)
    return (
        f"the clock was wrong, or is: events before {until} count as late, and most windows do not see them; "
        f"that is {by} ahead"
    )
