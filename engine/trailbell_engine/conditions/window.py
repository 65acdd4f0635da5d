"""The sliding window of one key: entries ``[time_us, event id, …]`` in event order, bounded in time and in number."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

ENTRIES_KEPT: Final = 10_000
"""What one key holds at most. Beyond it the oldest entries are given up, and each one is counted as overflow."""

Entry = list[Any]
"""``[time_us, event id, …]``; JSON."""


class Window(NamedTuple):
    """A window after an entry came.

    Attributes:
        entries: what is inside, in event order; a new list.
        too_late: the entry was older than the window and is not inside.
        overflow: how many entries were given up.
    """

    entries: list[Entry]
    too_late: bool = False
    overflow: int = 0

    @property
    def newest_us(self) -> int:
        """The time of the newest entry."""
        return int(self.entries[-1][0])


def order(entry: Sequence[Any]) -> tuple[int, str]:
    """Event order: time, then id. It does not depend on the order in which events come."""
    return (entry[0], entry[1])


def slide(kept: Sequence[Entry] | None, entries: Iterable[Entry], within_us: int) -> Window:
    """Put the entries of one event into its key's window ``(newest - within_us, newest]``.

    Args:
        kept: the entries so far, in event order; not changed.
        entries: of the event, at least one.
        within_us: the length of the window.
    """
    merged = [*(kept or ())]
    for entry in entries:
        insort(merged, entry, key=order)
        added_us = entry[0]
    edge_us = merged[-1][0] - within_us
    inside = merged[bisect_right(merged, edge_us, key=_time) :]
    overflow = max(0, len(inside) - ENTRIES_KEPT)
    return Window(inside[overflow:], added_us <= edge_us, overflow)


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
