"""An alert as an Adaptive Card 1.4, as Microsoft Teams shows it: event data only where no Markdown is read.

``TextBlock`` and ``Fact`` read Markdown and have no escape for it, ``TextRun`` does not (adaptivecards.io schema,
"RichTextBlock"). So every text that may hold event data is a ``TextRun``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from trailbell_notifiers import limits
from trailbell_notifiers.message import Message, readable_time
from trailbell_notifiers.words.text import fit

Element = dict[str, Any]

_EXPRESSION: Final = re.compile(r"[{$](?=\{)")
_STYLES: Final = {
    "critical": "attention",
    "high": "attention",
    "medium": "warning",
    "low": "accent",
    "info": "default",
}


def adaptive_card(message: Message, delivery_id: str, *, events: int, alerts: int, fields: bool) -> dict[str, Any]:
    """The card.

    Args:
        message: what to tell.
        delivery_id: shown at its foot.
        events: how many of the newest events are shown.
        alerts: how many alerts of a group are listed.
        fields: whether the fields are shown.
    """
    body = list(_elements(message, delivery_id, events, alerts, fields=fields))
    links = message.links[: limits.TEAMS_ACTIONS]
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": _harmless(fit(message.headline, 200)),
        "msteams": {"width": "Full"},
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": fit(label, 60), "url": url} for label, url in links],
    }


def _elements(message: Message, delivery_id: str, events: int, alerts: int, *, fields: bool) -> Iterator[Element]:
    style = "good" if message.kind == "resolved" else _STYLES[message.alert.severity]
    title = _text(_run(fit(message.headline, 250), weight="Bolder", size="Large"))
    yield {"type": "Container", "style": style, "bleed": True, "items": [title]}
    yield _text(_run(fit(message.summary, 2_000)))
    if fields and message.fields:
        yield from (_pair(label, value) for label, value in message.fields)
    if message.change:
        yield _text(_run(message.change))
    if message.alert_count > 1:
        lines = [fit(str(member), 300) for member in message.members[:alerts]]
        more = [f"… {message.alert_count - len(lines)} more"] if message.alert_count > len(lines) else []
        yield _titled(f"{message.alert_count} alerts", [*lines, *more])
    if message.why or message.previous:
        yield _titled("Why it fired", [line for line in (message.why, message.previous) if line])
    if events and message.events:
        shown = message.events[-events:]
        hidden = message.earlier + len(message.events) - len(shown)
        lines = [*([f"… {hidden} earlier"] if hidden else []), *map(str, shown)]
        yield _titled("Newest events", lines, fontType="Monospace", size="Small")
    if message.problems:
        yield _titled("⚠ Trouble with this message", list(message.problems[:3]))
    alert = message.alert
    foot = f"{readable_time(alert.last_at_us)} UTC · {alert.rule_id} {alert.rule_version} · {delivery_id}"
    yield _text(_run(foot, isSubtle=True, size="Small"))


def _pair(label: str, value: str) -> Element:
    columns: tuple[tuple[str, str, dict[str, Any]], ...] = (
        (f"{label}", "30", {"weight": "Bolder"}),
        (fit(value, 600), "70", {}),
    )
    return {
        "type": "ColumnSet",
        "spacing": "Small",
        "columns": [
            {"type": "Column", "width": width, "items": [_text(_run(text, **style))]} for text, width, style in columns
        ],
    }


def _titled(title: str, lines: list[str], **style: Any) -> Element:
    rows = [_text(_run(fit(line, 1_000), **style)) for line in lines]
    for row in rows:
        row["spacing"] = "None"
    return {"type": "Container", "separator": True, "items": [_text(_run(title, weight="Bolder")), *rows]}


def _text(run: Element) -> Element:
    return {"type": "RichTextBlock", "inlines": [run]}


def _run(text: str, **style: Any) -> Element:
    return {"type": "TextRun", "text": _harmless(text) or "-", **style}


def _harmless(text: str) -> str:
    """Braces that a renderer could take for ``{{DATE(…)}}`` or ``${…}`` stand apart."""
    return _EXPRESSION.sub(r"\g<0> ", text)
