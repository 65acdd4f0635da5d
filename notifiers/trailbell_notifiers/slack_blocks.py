"""The Slack message: Block Kit that reads in three seconds, and is always small enough to be accepted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from . import limits
from .message import Message, readable_time
from .slack_text import escape, escaped_length, literal, mrkdwn, plain, rich
from .text import fit, utf16_length

Block = dict[str, Any]

_FIELD_VALUE: Final = 600
_LABEL: Final = 60
_SUMMARY: Final = 2_000
_WHY: Final = 1_500
_EVENT: Final = 300
_LINKS: Final = 3
_LADDER: Final = ((5, True), (1, True), (0, True), (0, False))
"""(events, fields) shown, from the whole message to its bones; below that is plain text alone."""


def slack_payload(message: Message, delivery_id: str) -> dict[str, Any]:
    """``text`` and ``blocks`` of a Slack message, within every limit of ``limits``.

    The text is what phones and screen readers announce, and what is sent alone if Slack refuses the blocks; it is
    marked as holding no markup.
    """
    payload: dict[str, Any] = {"text": _fallback(message), "mrkdwn": False}
    for events, fields in _LADDER:
        blocks = list(_blocks(message, delivery_id, events, fields=fields))
        if sum(map(utf16_length, _texts(blocks))) <= limits.SLACK_BUDGET:
            return payload | {"blocks": blocks}
    return payload


def _fallback(message: Message) -> str:
    text = fit(f"{message.headline}\n{message.summary}", limits.SLACK_TEXT_KEPT, escaped_length)
    return escape(text)


def _blocks(message: Message, delivery_id: str, events: int, *, fields: bool) -> Iterator[Block]:
    yield {"type": "header", "text": plain(message.headline, limits.SLACK_HEADER)}
    yield {"type": "section", "text": plain(message.summary, _SUMMARY)}
    if fields and message.fields:
        pairs = message.fields[: limits.SLACK_FIELDS]
        yield {
            "type": "section",
            "fields": [mrkdwn(f"*{literal(label, _LABEL)}*\n{literal(value, _FIELD_VALUE)}") for label, value in pairs],
        }
    if events and message.events:
        yield _preformatted(message, events)
    if message.why or message.previous:
        yield _why(message)
    if message.problems:
        yield {
            "type": "context",
            "elements": [plain("⚠ " + problem, 300) for problem in message.problems[: limits.SLACK_CONTEXT_ELEMENTS]],
        }
    if message.links:
        yield _buttons(message)
    yield _footer(message, delivery_id)


def _preformatted(message: Message, shown: int) -> Block:
    lines = message.events[-shown:]
    hidden = message.earlier + len(message.events) - len(lines)
    text = "\n".join([*([f"… {hidden} earlier"] if hidden else []), *(fit(str(line), _EVENT) for line in lines)])
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_preformatted", "elements": [rich(text, limits.SLACK_SECTION)]}],
    }


def _why(message: Message) -> Block:
    parts = []
    if message.why:
        parts += [rich("Why it fired  ", _LABEL, bold=True), rich(message.why, _WHY)]
    if message.previous:
        parts += [rich(("\n" if parts else "") + message.previous, _WHY)]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": parts}]}


def _buttons(message: Message) -> Block:
    buttons = [
        {"type": "button", "action_id": f"link_{position}", "text": plain(label, limits.SLACK_BUTTON_TEXT), "url": url}
        for position, (label, url) in enumerate(message.links[:_LINKS])
        if len(url) <= limits.SLACK_BUTTON_URL
    ]
    return {"type": "actions", "elements": buttons} if buttons else {"type": "divider"}


def _footer(message: Message, delivery_id: str) -> Block:
    alert = message.alert
    time = (
        f"<!date^{alert.last_at_us // 1_000_000}^{{date_short_pretty}} {{time_secs}}|{readable_time(alert.last_at_us)}>"
    )
    parts = [time, f"`{escape(alert.rule_id)}` {escape(alert.rule_version)}"]
    if message.words.tags:
        parts.append(literal(" ".join(message.words.tags), 200))
    parts.append(f"`{escape(delivery_id)}`")
    return {"type": "context", "elements": [mrkdwn(" · ".join(parts))]}


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("text"), str):
            yield node["text"]
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)
