"""Numbers as people read them."""

from __future__ import annotations


def rate_text(per_day: float) -> str:
    """A rate: ``<0.01``, ``0.03``, ``0.7``, ``12``, ``1,379``."""
    if not per_day:
        return "0"
    if per_day < 0.005:
        return "<0.01"
    return f"{per_day:.2f}" if per_day < 0.1 else f"{per_day:.1f}" if per_day < 10 else f"{per_day:,.0f}"
