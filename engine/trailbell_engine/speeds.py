"""Speeds as people write them in rules: ``900 km/h``, ``560 mph``, ``250 m/s``."""

from __future__ import annotations

import re
from typing import Final

_KMH: Final = {"km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": 1.609344, "m/s": 3.6, "kn": 1.852}
"""A mile is 1,609.344 m and a nautical mile 1,852 m by definition."""
_FORM: Final = re.compile(r"(\d{1,7}(?:\.\d{1,6})?) ?([a-z/]+)", re.ASCII)


def parse_speed(text: str) -> float | None:
    """Kilometres per hour of a speed such as ``900 km/h``; None if the text is none, or is zero."""
    found = _FORM.fullmatch(text)
    if found is None or found[2] not in _KMH:
        return None
    return float(found[1]) * _KMH[found[2]] or None
