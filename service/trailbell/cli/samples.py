"""``dry-run --sample N``: some alerts as their receivers would hear of them, drawn from the very messages."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.text import Text

from trailbell.dryrun.samples import spread
from trailbell.dryrun.sent import SentMessages
from trailbell.replay import Audience
from trailbell.report import Report
from trailbell.store.alerts import StoredAlert
from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.timestamps import SECOND_US, format_time

from .cards import MAXIMUM_WIDTH, card
from .printable import printable


def print_samples(console: Console, report: Report, number: int, told: Audience, sent: SentMessages) -> None:
    """Print alerts spread evenly over the report: of three, the first, a middle one and the last.

    Args:
        console: where to.
        report: what the rules told.
        number: how many alerts.
        told: the receivers.
        sent: all that they were sent.
    """
    for stored in spread(report.alerts, number):
        console.print()
        for part in _messages(stored, told, sent):
            console.print(part)
    left = len(report.alerts) - min(number, len(report.alerts))
    if left:
        console.print(Text(f"\n… and {counted(left, 'more alert')}", "dim"))


def _messages(stored: StoredAlert, told: Audience, sent: SentMessages) -> Iterator[RenderableType]:
    found = sent.of(stored.alert.id)
    if not found:
        title = printable(str(stored.wording["title"]))
        opened = format_time(stored.alert.opened_at_us)
        yield Text(f"→ nobody was told of {title}, opened {opened}: why stands above", "yellow")
    for receiver, kind, at_us, body in found:
        if told.configured:
            waited_us = at_us - stored.alert.opened_at_us
            later = (
                f", {format_duration(waited_us // SECOND_US * SECOND_US)} after it" if waited_us >= SECOND_US else ""
            )
            yield Text(f"→ {receiver}: {kind} {format_time(at_us)}{later}", "dim")
        yield drawn(told.kinds[receiver], body)


def drawn(kind: str, body: bytes) -> RenderableType:
    """A body as its receivers would see it: a card for Slack, the text of a mail, JSON of all else."""
    if kind == "slack":
        return card(json.loads(body))
    text = _mail(body) if kind == "email" else _json(body)
    lines = "\n".join(printable(line) for line in text.splitlines())
    return Panel(Text(lines, overflow="fold"), border_style="dim", width=MAXIMUM_WIDTH, title=kind, title_align="left")


def _json(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:  # a channel of another package may send what it likes
        return body.decode("utf-8", "replace")


def _mail(body: bytes) -> str:
    """The heads that people see, and the plain text."""
    mail = email.message_from_bytes(body, policy=email.policy.default)
    heads = "\n".join(f"{name}: {mail[name]}" for name in ("From", "To", "Subject") if mail[name])
    part = mail.get_body(("plain",))
    return f"{heads}\n\n{part.get_content() if part is not None else ''}"
