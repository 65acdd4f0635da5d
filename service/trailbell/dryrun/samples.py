"""Single alerts as receivers get them, made by what makes the real messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trailbell.store.alerts import StoredAlert
from trailbell.telling import presentation
from trailbell_engine.rule import Rule
from trailbell_notifiers.channels.slack.blocks import slack_payload
from trailbell_notifiers.delivery.outbox import delivery_id
from trailbell_notifiers.message import Message, compose


def message_of(stored: StoredAlert, rule: Rule) -> Message:
    """The message that tells of an alert, in the words that were made when it opened."""
    return compose(stored.alert, rule.words, presentation(stored.wording))


def slack_of(stored: StoredAlert, rule: Rule) -> dict[str, Any]:
    """The alert as it is posted to Slack."""
    message = message_of(stored, rule)
    return slack_payload(message, delivery_id(stored.alert.id, "sample", message.kind))


def spread(alerts: Sequence[StoredAlert], number: int) -> list[StoredAlert]:
    """So many of the alerts, evenly spread, the first and the last among them."""
    if number >= len(alerts):
        return list(alerts)
    if number == 1:
        return [alerts[0]]
    last = len(alerts) - 1
    return [alerts[position * last // (number - 1)] for position in range(number)]
