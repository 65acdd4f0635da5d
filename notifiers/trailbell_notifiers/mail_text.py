"""The two bodies of an e-mail, with the same facts in both: plain text, and HTML that loads nothing from anywhere."""

from __future__ import annotations

from functools import cache
from typing import Final

import jinja2

from .message import Message, readable_time

_COLOURS: Final = {"critical": "#b3261e", "high": "#c2570c", "medium": "#9a6700", "low": "#1f6feb", "info": "#57606a"}
_RESOLVED: Final = "#1a7f37"
_WIDTH: Final = 14


def plain_body(message: Message, delivery_id: str) -> str:
    """The text part: reads well in a terminal and in a ticket."""
    blocks = [
        message.headline,
        message.summary,
        "\n".join(f"{label + ':':<{_WIDTH}} {value}" for label, value in message.fields),
        _section("Why it fired", [message.why, message.previous]),
        _section(
            "Newest events", [*([f"… {message.earlier} earlier"] if message.earlier else []), *map(str, message.events)]
        ),
        _section("Links", [f"{label}: {url}" for label, url in message.links]),
        _section("About this rule", [message.words.description.strip()]),
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
        footer=_footer(message, delivery_id),
    )


def _section(title: str, lines: list[str]) -> str:
    text = "\n".join(line for line in lines if line)
    return f"{title}\n" + "\n".join(f"  {line}" for line in text.split("\n")) if text else ""


def _footer(message: Message, delivery_id: str) -> list[str]:
    alert, words = message.alert, message.words
    return [
        f"{readable_time(alert.opened_at_us)} to {readable_time(alert.last_at_us)} UTC",
        f"rule {alert.rule_id}, version {alert.rule_version}" + (f", owned by {words.owner}" if words.owner else ""),
        *([f"tags {', '.join(words.tags)}"] if words.tags else []),
        f"alert {alert.id}, delivery {delivery_id}",
    ]


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("trailbell_notifiers", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("mail.html.jinja")
