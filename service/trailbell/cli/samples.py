"""``dry-run --sample N``: some alerts as Slack would show them, drawn from the very message that would be sent."""

from __future__ import annotations

import json

from rich.console import Console
from rich.text import Text

from trailbell.report import Report
from trailbell.store.alerts import StoredAlert
from trailbell_engine.rule import RuleSet
from trailbell_notifiers.channel import build_channel
from trailbell_notifiers.message import compose
from trailbell_notifiers.outbox import delivery_id
from trailbell_notifiers.render import present
from trailbell_notifiers.secret import Secret

from .cards import card


def print_samples(console: Console, rules: RuleSet, report: Report, number: int) -> None:
    """Print alerts spread evenly over the report: of three, the first, a middle one and the last."""
    channel = build_channel({"name": "sample", "slack": {"token": Secret("xoxb-not-sent"), "channel": "#sample"}})
    for stored in spread(report.alerts, number):
        words = rules[stored.alert.rule_id].words
        message = compose(stored.alert, words, present(stored.alert, words))
        body = channel.render(message, delivery_id(stored.alert.id, channel.name, message.kind))
        console.print()
        console.print(card(json.loads(body)))
    left = len(report.alerts) - min(number, len(report.alerts))
    if left:
        console.print(Text(f"\n… and {left:,} more alerts", "dim"))


def spread(alerts: tuple[StoredAlert, ...], number: int) -> list[StoredAlert]:
    """So many of the alerts, evenly spread, the first and the last among them."""
    if number >= len(alerts):
        return list(alerts)
    if number == 1:
        return [alerts[0]]
    last = len(alerts) - 1
    return [alerts[position * last // (number - 1)] for position in range(number)]
