"""The part of a Slack message that tells of several alerts: one line each, and what they have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from trailbell_engine.alert import SEVERITIES
from trailbell_engine.counted import counted
from trailbell_notifiers.message import Member, Message, readable_time, sign
from trailbell_notifiers.words.text import fit, one_line

from .text import plain, rich

_TITLE: Final = 160
_GROUP: Final = 300
_VALUE: Final = 80


def members(message: Message, shown: int) -> Iterator[dict[str, Any]]:
    """What is new and what they share; then the alerts, newest first, each with its severity as emoji and word."""
    shared = ", ".join(f"{label} {value or 'none'}" for label, value in message.group.items())
    change = fit(one_line(message.change), _GROUP) if message.change else ""
    heads = [plain(fit(one_line(text), _GROUP), _GROUP * 2) for text in (change, shared and f"Same {shared}") if text]
    if heads:
        yield {"type": "context", "elements": heads}
    parts: list[dict[str, Any]] = []
    for member in message.members[:shown]:
        parts += _line(member, first=not parts)
    left = message.alert_count - min(shown, len(message.members))
    if left > 0:
        parts.append(rich(f"\n… and {left} more", _GROUP, style="italic"))
    yield {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": parts}]}


def _line(member: Member, *, first: bool) -> Iterator[dict[str, Any]]:
    alert = member.alert
    over = alert.state == "resolved"
    sign_ = "✅" if over else sign(alert, "opened").split(" ", 1)[0]
    title = fit(one_line(member.presentation.title), _TITLE) or alert.rule_id
    yield rich(f"{'' if first else chr(10)}{sign_} {alert.severity.capitalize()}  ", _VALUE, bold=not over)
    yield rich(f"{readable_time(alert.opened_at_us)[11:]}  ", _VALUE)
    yield rich(title, _TITLE * 2, style="strike" if over else "")
    if over or member.acknowledged:
        yield rich("  resolved" if over else "  acknowledged", _VALUE, style="italic")


def tally(message: Message) -> str:
    """``12 alerts: 3 critical, 9 high``; only of those the message carries where that is not all."""
    counts = Counter(member.alert.severity for member in message.members)
    parts = [f"{counts[severity]} {severity}" for severity in reversed(SEVERITIES) if counts[severity]]
    more = message.alert_count - len(message.members)
    return f"{counted(message.alert_count, 'alert')}: {', '.join(parts)}" + (f", {more} not listed" if more > 0 else "")


def about(message: Message) -> str:
    """What a silence would be about: the labels of the group, or the rule and what it counts by."""
    labels = dict(message.group) or {"rule": message.alert.rule_id} | {
        name: "" if value is None else str(value) for name, value in message.alert.key.items()
    }
    shown = {fit(one_line(name), _VALUE): fit(one_line(value), _VALUE) or "none" for name, value in labels.items()}
    return " and ".join(f"{name} {value}" for name, value in shown.items())
