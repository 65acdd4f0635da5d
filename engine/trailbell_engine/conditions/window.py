"""The sliding window of one key: entries ``[time_us, event id, …]`` in event order, bounded in time and in number."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

ENTRIES_KEPT: Final = 10_000
"""What one key holds at most. Beyond it the oldest entries are given up, and each one is counted as overflow."""

Entry = list[Any]
"""``[time_us, event id, …]``; JSON."""


def order(entry: Sequence[Any]) -> tuple[int, str]:
    """Event order: time, then id. It does not depend on the order in which events come."""
    return (entry[0], entry[1])


def insert(window: list[Entry], entry: Entry) -> None:
    """Put an entry into its place: nearly always at the end."""
    last = window[-1] if window else None
    if last is None or entry[0] > last[0] or (entry[0] == last[0] and entry[1] >= last[1]):
        window.append(entry)
    else:
        insort(window, entry, key=order)


def leaving(window: Sequence[Entry], edge_us: int) -> int:
    """How many entries at the front are not inside ``(edge_us, …]``."""
    if not window or window[0][0] > edge_us:
        return 0
    return bisect_right(window, edge_us, key=_time)


def surplus(window: Sequence[Entry], within_us: int) -> tuple[int, int]:
    """How many entries at the front are to go now that one has come: all told, and how many of them are given up."""
    if window[0][0] > window[-1][0] - within_us and len(window) <= ENTRIES_KEPT:
        return 0, 0
    left = leaving(window, window[-1][0] - within_us)
    overflow = max(0, len(window) - left - ENTRIES_KEPT)
    return left + overflow, overflow


def _time(entry: Entry) -> int:
    return int(entry[0])


class Contributors(NamedTuple):
    """The events that contributed to a firing, each once, in event order."""

    ids: tuple[str, ...]
    times_us: tuple[int, ...]


def contributors(entries: Iterable[Entry]) -> Contributors:
    """The events of the entries."""
    times = {entry[1]: int(entry[0]) for entry in sorted(entries, key=order)}
    return Contributors(tuple(times), tuple(times.values()))
