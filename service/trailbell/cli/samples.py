"""``dry-run --sample N``: some alerts as their receivers would get them, drawn from the very messages they are sent."""

from __future__ import annotations

import email
import email.policy
import json
from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.text import Text

from trailbell.dryrun.preview import SLACK_ALONE, kinds, preview
from trailbell.dryrun.samples import message_of, spread
from trailbell.replay import Told
from trailbell.report import Report
from trailbell.store.alerts import StoredAlert
from trailbell_engine.rule import RuleSet
from trailbell_notifiers.outbox import delivery_id
from trailbell_notifiers.routing import decide, labels_of

from .cards import MAXIMUM_WIDTH, card
from .printable import printable


def print_samples(console: Console, rules: RuleSet, report: Report, number: int, told: Told | None = None) -> None:
    """Print alerts spread evenly over the report: of three, the first, a middle one and the last.

    Args:
        console: where to.
        rules: that were run.
        report: what they told.
        number: how many alerts.
        told: the receivers; None shows Slack alone.
    """
    who = told or Told(preview(SLACK_ALONE, {}), kinds(SLACK_ALONE), configured=False)
    for stored in spread(report.alerts, number):
        console.print()
        for part in _messages(rules, stored, who):
            console.print(part)
    left = len(report.alerts) - min(number, len(report.alerts))
    if left:
        console.print(Text(f"\n… and {left:,} more alerts", "dim"))


def _messages(rules: RuleSet, stored: StoredAlert, who: Told) -> Iterator[RenderableType]:
    rule = rules[stored.alert.rule_id]
    message = message_of(stored, rule)
    if not who.configured:
        names = list(who.receivers.channels)
    else:
        decisions = decide(who.receivers.route, labels_of(stored.alert, rule.words), rule.notify)
        names = [decision.receiver for decision in decisions]
        for decision in decisions:
            yield Text(f"→ {decision.receiver} ({printable(decision.reason)})", "dim")
        if not names:
            yield Text("→ nobody: no route takes it, and the rule names no receiver; as Slack would show it", "yellow")
            who = Told(preview(SLACK_ALONE, {}), kinds(SLACK_ALONE), configured=False)
            names = list(who.receivers.channels)
    for name in names:
        channel = who.receivers.channels[name]
        yield drawn(who.kinds[name], channel.render(message, delivery_id(stored.alert.id, name, message.kind)))


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
