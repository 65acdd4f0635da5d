"""Durations as people write them in rules: ``90s``, ``10m``, ``1h30m``, ``2d``, ``1w``."""

from __future__ import annotations

import re
from typing import Final

from .timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US

_UNIT_US: Final = {"w": 7 * DAY_US, "d": DAY_US, "h": HOUR_US, "m": MINUTE_US, "s": SECOND_US, "ms": 1_000}
_FORM: Final = re.compile(
    r"(?:(\d{1,9})w)?(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?",
    re.ASCII,
)
MAXIMUM_US: Final = 10 * 366 * DAY_US


def parse_duration(text: str) -> int | None:
    """Microseconds of a duration such as ``1h30m``; None if the text is none, is zero, or passes ten years."""
    found = _FORM.fullmatch(text)
    if not text or found is None:
        return None
    total = sum(int(number) * unit for number, unit in zip(found.groups(), _UNIT_US.values(), strict=True) if number)
    return total if 0 < total <= MAXIMUM_US else None


def format_duration(duration_us: int) -> str:
    """The shortest exact text of a duration: 5_400_000_000 is ``1h30m``; below a millisecond it is rounded down."""
    parts = []
    for name, unit in _UNIT_US.items():
        number, duration_us = divmod(duration_us, unit)
        if number:
            parts.append(f"{number}{name}")
    return "".join(parts) or "0s"
