"""The wall clock. Only this room reads it, and only to ask sources and to time deliveries: decisions are event time."""

from __future__ import annotations

import time


def now_us() -> int:
    """Microseconds since the epoch, UTC."""
    return time.time_ns() // 1_000
