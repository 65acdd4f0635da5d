"""``above`` and ``below``: the bounds of a figure, exclusive both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trailbell_engine.values import canonical

from .base import Flaw


def beyond(value: float, above: float | None, below: float | None) -> str:
    """Which bound the value has crossed, in words; the empty string for none."""
    if above is not None and value > above:
        return f"above {canonical(above)}"
    if below is not None and value < below:
        return f"below {canonical(below)}"
    return ""


def check_bounds(arguments: Mapping[str, Any]) -> Flaw | None:
    """One bound must be there; of two, the lower one is ``below``."""
    above, below = arguments.get("above"), arguments.get("below")
    if above is None and below is None:
        return Flaw('"above" or "below" is missing', help="write `above: …` for too much, `below: …` for too little")
    if above is not None and below is not None and below > above:
        every = f"every value is above {canonical(above)} or below {canonical(below)}"
        return Flaw(every, ("below",), 'to fire outside of a range, "below" is its lower end')
    return None
