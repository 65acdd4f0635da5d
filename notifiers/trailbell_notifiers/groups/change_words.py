"""What is new since the last message of a group, in one line for people."""

from __future__ import annotations

from collections.abc import Sequence

from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.timestamps import MINUTE_US, SECOND_US

from .group import Group, Tracked


def news_words(group: Group, news: Sequence[Tracked], ended: Sequence[Tracked]) -> str:
    """Of a message that tells of ``news``, alerts as they were before it, and of ``ended`` ones."""
    first = group.number == 0
    count = len(news) + group.left_out
    parts = []
    if count > 1 or (count and not first):
        parts.append(counted(count, "alert" if first else "new alert"))
    if len(ended) > 1 or (ended and len(group.tracked) > 1):
        parts.append(f"{len(ended)} resolved")
    parts.extend(_folded([alert for alert in group.tracked if alert.is_open]))
    held = [alert.hidden for alert in news if alert.hidden]
    if held:
        parts.append(f"held back until now: {held[0]}" + (f" and {len(held) - 1} more" if len(held) > 1 else ""))
    if group.held_by:
        parts.append(f"held back until now: {group.held_by}")
    if group.left_out:
        parts.append(f"{group.left_out} of them are in the store alone")
    return ", ".join(parts)


def reminder_words(waiting: Sequence[Tracked], time_us: int) -> str:
    """Of a reminder of alerts that are open and that nobody has acknowledged."""
    since_us = min(alert.told_us or time_us for alert in waiting)
    told = "it was told" if len(waiting) == 1 else f"the first of {len(waiting)} was told"
    parts = [f"still open, not acknowledged, {rounded(time_us - since_us)} after {told}"]
    return ", ".join([*parts, *(_folded(waiting) or ["nothing new"])])


def _folded(alerts: Sequence[Tracked]) -> list[str]:
    more = sum(alert.firings - alert.told_firings for alert in alerts)
    return [counted(more, "more firing")] if more else []


def rounded(duration_us: int) -> str:
    """A duration as people say it: to the minute, or to the second below one."""
    unit_us = MINUTE_US if duration_us >= MINUTE_US else SECOND_US
    return format_duration(duration_us - duration_us % unit_us)
