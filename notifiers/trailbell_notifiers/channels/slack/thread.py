"""What is said in the thread of a Slack message: news, reminders, the end. Short; the message above has the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from trailbell_notifiers import limits
from trailbell_notifiers.groups.group import rank
from trailbell_notifiers.message import Message
from trailbell_notifiers.words.text import fit, one_line

from .blocks import Block, fallback, fits
from .group import members
from .text import date, escape, mrkdwn, plain, rich

_SIGNS: Final = {"updated": "🔁", "reminder": "⏰", "resolved": "✅"}
_WORDS: Final = {"updated": "News", "reminder": "Reminder", "resolved": "Resolved"}
_CHANGE: Final = 600
_EVENT: Final = 300
_LADDER: Final = ((8, 3), (4, 1), (2, 0))
"""(alerts, events) shown."""


def slack_reply(message: Message, delivery_id: str) -> dict[str, Any]:
    """``text`` and ``blocks`` of a reply; also for the channel where severity rises (``reply_broadcast``)."""
    change = one_line(message.change) or message.title
    said = f"{_SIGNS[message.kind]} {_WORDS[message.kind]} · {fit(change, _CHANGE)}"
    payload: dict[str, Any] = {"text": fallback(said, message.summary), "mrkdwn": False}
    if rises(message):
        payload["reply_broadcast"] = True
    for shown, events in _LADDER:
        blocks = list(_blocks(message, delivery_id, said, shown, events))
        if fits(blocks):
            return payload | {"blocks": blocks}
    return payload


def rises(message: Message) -> bool:
    """Whether one of the new alerts is more severe than all that the thread told of before."""
    new = [rank(member.alert.severity) for member in message.members if member.new]
    known = [rank(member.alert.severity) for member in message.members if not member.new]
    return message.kind == "updated" and bool(new) and max(new) > max(known, default=-1)


def _blocks(message: Message, delivery_id: str, said: str, shown: int, events: int) -> Iterator[Block]:
    yield {"type": "section", "text": plain(said, limits.SLACK_SECTION)}
    if message.alert_count > 1:
        *_, listed = members(message, shown)
        yield listed
    elif events and message.events and message.kind != "resolved":
        text = "\n".join(fit(str(line), _EVENT) for line in message.events[-events:])
        element = {"type": "rich_text_preformatted", "elements": [rich(text, limits.SLACK_SECTION)]}
        yield {"type": "rich_text", "elements": [element]}
    parts = [date(message.alert.last_at_us), f"#{message.number + 1} of this thread", escape(delivery_id)]
    yield {"type": "context", "elements": [mrkdwn(" · ".join(parts))]}
