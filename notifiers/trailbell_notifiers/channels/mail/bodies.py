"""The two bodies of an e-mail, with the same facts in both: plain text, and HTML that loads nothing from anywhere."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import cache
from typing import Final

import jinja2

from trailbell_notifiers.message import Field, Member, Message, readable_time

_COLOURS: Final = {"critical": "#b3261e", "high": "#c2570c", "medium": "#9a6700", "low": "#1f6feb", "info": "#57606a"}
_RESOLVED: Final = "#1a7f37"
_LINE: Final = 74
MEMBERS_SHOWN: Final = 20
"""Alerts of a group that a mail lists; the rest is counted."""


def plain_body(message: Message, delivery_id: str) -> str:
    """The text part: reads well in a terminal and in a ticket."""
    blocks = [
        message.headline,
        message.change,
        message.summary,
        _aligned(message.fields),
        _section(f"{message.alert_count} alerts", _listed(message)) if message.alert_count > 1 else "",
        _section("Why it fired", [line for line in (message.why, message.previous) if line]),
        _section(
            "Newest events", [*([f"… {message.earlier} earlier"] if message.earlier else []), *map(str, message.events)]
        ),
        _section("Links", [f"{label}: {url}" for label, url in message.links]),
        _section("About this rule", [_wrapped(line) for line in message.about.split("\n")]),
        _section("Trouble with this message", list(message.problems)),
        "-- \n" + "\n".join(_footer(message, delivery_id)),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def html_body(message: Message, delivery_id: str) -> str:
    """The HTML part: inline styles, no images, no scripts, readable in light and dark. Every value is escaped."""
    resolved = message.kind == "resolved"
    return _template().render(
        message=message,
        colour=_RESOLVED if resolved else _COLOURS[message.alert.severity],
        events=[str(line) for line in message.events],
        rows=_rows(message) if message.alert_count > 1 else [],
        hidden=message.alert_count - min(len(message.members), MEMBERS_SHOWN),
        footer=_footer(message, delivery_id),
    )


def _listed(message: Message) -> list[str]:
    """The alerts of a group, a line each, newest first."""
    hidden = message.alert_count - min(len(message.members), MEMBERS_SHOWN)
    return [*map(str, message.members[:MEMBERS_SHOWN]), *([f"… {hidden} more"] if hidden else [])]


def _rows(message: Message) -> list[dict[str, object]]:
    """The same for HTML."""
    return [
        {
            "colour": _RESOLVED if member.alert.state == "resolved" else _COLOURS[member.alert.severity],
            "tone": "resolved" if member.alert.state == "resolved" else member.alert.severity,
            "severity": member.alert.severity.capitalize(),
            "time": readable_time(member.alert.opened_at_us),
            "title": member.presentation.title,
            "new": member.new and message.number > 0,
            "state": _state(member),
        }
        for member in message.members[:MEMBERS_SHOWN]
    ]


def _state(member: Member) -> str:
    if member.alert.state == "resolved":
        return "resolved"
    return "acknowledged" if member.acknowledged else ""


def _aligned(fields: Sequence[Field]) -> str:
    width = max((len(field.label) for field in fields), default=0) + 1
    return "\n".join(f"{label + ':':<{width}} {value}" for label, value in fields)


def _wrapped(line: str) -> str:
    """A paragraph in lines that a terminal and a quoted reply have room for; a list's entry hangs behind its mark."""
    hanging = " " * (len(line) - len(line.lstrip("0123456789.-*•) "))) if line[:1] in "0123456789-*•" else ""
    return textwrap.fill(line, _LINE, subsequent_indent=hanging, break_long_words=False, break_on_hyphens=False)


def _section(title: str, lines: list[str]) -> str:
    text = "\n".join(lines).strip("\n")
    return f"{title}\n" + "\n".join(f"  {line}" for line in text.split("\n")) if text else ""


def _footer(message: Message, delivery_id: str) -> list[str]:
    alert, words = message.alert, message.words
    return [
        f"{readable_time(alert.opened_at_us)} to {readable_time(alert.last_at_us)} UTC",
        f"rule {alert.rule_id}, version {alert.rule_version}" + (f", owned by {words.owner}" if words.owner else ""),
        *([f"tags {', '.join(words.tags)}"] if words.tags else []),
        f"alert {alert.id}, delivery {delivery_id}",
        *([f"message {message.number + 1} of thread {message.thread}"] if message.thread != alert.id else []),
    ]


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("trailbell_notifiers.channels.mail", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("mail.html.jinja")
