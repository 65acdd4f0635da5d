"""Intervals of time as an Alertmanager writes them, in our words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

ALWAYS: Final[Mapping[str, Any]] = {"times": ["00:00-24:00"]}
_NEVER: Final[Mapping[str, Any]] = {"years": ["1970"]}


def spans(entries: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The spans of an interval. Theirs without any is never, and a span that says nothing is always."""
    return [_span(entry) or ALWAYS for entry in entries] or [_NEVER]


def _span(entry: Mapping[str, Any]) -> dict[str, Any]:
    result = {name: value for name, value in entry.items() if name != "times" and value}
    ranges = entry.get("times")
    pairs = [one for one in ranges if isinstance(one, Mapping)] if isinstance(ranges, list) else []
    times = [f"{pair.get('start_time')}-{pair.get('end_time')}" for pair in pairs]
    return result | ({"times": times} if times else {})
