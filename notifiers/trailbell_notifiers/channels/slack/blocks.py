"""The Slack message: Block Kit that reads in three seconds, and is always small enough to be accepted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from trailbell_engine.timestamps import SECOND_US
from trailbell_notifiers import limits
from trailbell_notifiers.channels.living import Standing, standing_of
from trailbell_notifiers.groups.change_words import rounded
from trailbell_notifiers.message import Message, sign
from trailbell_notifiers.words.text import fit, one_line, utf16_length

from .actions import Verb, controls
from .group import about, members, tally
from .text import date, escape, escaped_length, literal, mrkdwn, plain, rich

Block = dict[str, Any]

_FIELD_VALUE: Final = 600
_LABEL: Final = 60
_SUMMARY: Final = 2_000
_WHY: Final = 1_500
_EVENT: Final = 300
_COMMENT: Final = 300
_LINKS: Final = 3
_GROUP_FIELDS: Final = 4
"""Of the most severe alert of several; the rest of each is a line of its own."""
_LADDER: Final = ((5, True), (1, True), (0, True), (0, False))
"""(events, fields) shown, from the whole message to its bones; below that is plain text alone."""
_STATES: Final = {"acknowledged": "👀 Acknowledged", "silenced": "🔕 Silenced", "resolved": "✅ Resolved"}


def slack_payload(
    message: Message, delivery_id: str, standing: Standing | None = None, verbs: Sequence[Verb] = ()
) -> dict[str, Any]:
    """``text`` and ``blocks`` of a Slack message, within every limit of ``limits``.

    The text is what phones and screen readers announce, and what is sent alone if Slack refuses the blocks; it is
    marked as holding no markup.

    Args:
        message: what to tell.
        delivery_id: shown at the end.
        standing: how its alerts stand; None takes what the message itself says.
        verbs: what buttons are offered; they work once ``actions.sealed`` has signed them.
    """
    standing = standing or standing_of(message)
    payload: dict[str, Any] = {"text": fallback(headline(message, standing), message.summary), "mrkdwn": False}
    for events, fields in _LADDER:
        blocks = list(_blocks(message, delivery_id, standing, verbs, events, fields=fields))
        if fits(blocks):
            return payload | {"blocks": blocks}
    return payload


def fits(blocks: Sequence[Block]) -> bool:
    """Whether Slack takes so much text in one message."""
    return sum(map(utf16_length, _texts(blocks))) <= limits.SLACK_BUDGET


def headline(message: Message, standing: Standing) -> str:
    """The header: severity or state as emoji and word, severity as a word in any case, title, how many more."""
    more = f" · and {message.alert_count - 1} more" if message.alert_count > 1 else ""
    if standing.state == "open" or message.kind in ("test", "meta", "digest"):
        return message.headline
    severity = sign(message.alert, "opened").split(" ", 1)[1]
    state = f"{_STATES[standing.state]}{_after(message, standing)}"
    return f"{state} · {severity} · {message.title}{more}"


def _after(message: Message, standing: Standing) -> str:
    """How long it took, once it is over."""
    took_us = (standing.at_us or 0) - min(member.alert.opened_at_us for member in message.members)
    return f" after {rounded(took_us)}" if standing.state == "resolved" and took_us >= SECOND_US else ""


def fallback(*lines: str) -> str:
    """The top-level text of a message."""
    return escape(fit("\n".join(filter(None, lines)), limits.SLACK_TEXT_KEPT, escaped_length))


def _blocks(
    message: Message, delivery_id: str, standing: Standing, verbs: Sequence[Verb], events: int, *, fields: bool
) -> Iterator[Block]:
    yield {"type": "header", "text": plain(headline(message, standing), limits.SLACK_HEADER)}
    yield from _standing(standing)
    yield {"type": "section", "text": plain(message.summary, _SUMMARY)}
    if len(message.members) > 1:
        yield from members(message, shown=events * 2 or 3)
        yield {"type": "divider"}
    if fields and message.fields:
        pairs = message.fields[: _GROUP_FIELDS if len(message.members) > 1 else limits.SLACK_FIELDS]
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
    yield from _actions(message, standing, verbs)
    yield _footer(message, delivery_id)


def _standing(standing: Standing) -> Iterator[Block]:
    """Who has done what about it, and since or until when."""
    if standing.state == "open" or not (standing.by or standing.at_us):
        return
    word = {"acknowledged": "Acknowledged", "silenced": "Silenced", "resolved": "Resolved"}[standing.state]
    parts = [word]
    if standing.at_us is not None:
        parts.append(f"{'until' if standing.state == 'silenced' else 'at'} {date(standing.at_us)}")
    if standing.by:
        parts.append(f"by {literal(one_line(standing.by), _LABEL)}")
    text = " ".join(parts)
    if standing.comment:
        text += f": {literal(one_line(standing.comment), _COMMENT)}"
    yield {"type": "context", "elements": [mrkdwn(text)]}


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


def _actions(message: Message, standing: Standing, verbs: Sequence[Verb]) -> Iterator[Block]:
    elements = [] if message.kind in ("test", "meta", "digest") else list(controls(verbs, standing, about(message)))
    elements += [
        {"type": "button", "action_id": f"link_{position}", "text": plain(label, limits.SLACK_BUTTON_TEXT), "url": url}
        for position, (label, url) in enumerate(message.links[:_LINKS])
        if len(url) <= limits.SLACK_BUTTON_URL
    ]
    if elements:
        yield {"type": "actions", "elements": elements}


def _footer(message: Message, delivery_id: str) -> Block:
    alert = message.alert
    parts = [date(alert.last_at_us), f"{literal(alert.rule_id, _LABEL * 2)} {escape(alert.rule_version)}"]
    if len(message.members) > 1:
        parts.append(tally(message))
    if message.words.tags:
        parts.append(literal(" ".join(message.words.tags), 200))
    parts.append(escape(delivery_id))
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
