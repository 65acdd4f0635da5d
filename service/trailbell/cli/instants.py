"""Instants as people type them: ``30d`` ago, ``2026-11-01``, ``2026-11-01T10:00:00Z``; and as lists show them."""

from __future__ import annotations

from trailbell.clock import now_us
from trailbell_engine.durations import parse_duration
from trailbell_engine.timestamps import SECOND_US, format_time, parse_time

from .exits import Exit, Failure


def instant(option: str, text: str | None) -> int | None:
    """Microseconds since the epoch; a duration means so long ago, a bare date its first instant (UTC).

    Raises:
        Failure: if the text is neither.
    """
    if text is None:
        return None
    ago = parse_duration(text)
    if ago is not None:
        return now_us() - ago
    at = parse_time(text if "T" in text or " " in text else f"{text}T00:00:00Z")
    if at is None:
        raise Failure(Exit.USAGE, f"{option} {text}: no time", "write 30d, 12h, 2026-11-01 or 2026-11-01T10:00:00Z")
    return at


def to_the_second(time_us: int) -> str:
    """An instant as lists show it, so that their columns stand below each other."""
    return format_time(time_us // SECOND_US * SECOND_US)
