"""What a rule's test may also say of an alert: the words of its messages, and who is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trailbell_engine.rule import Rule
from trailbell_engine.values import Json
from trailbell_notifiers.channels.mail.bodies import plain_body
from trailbell_notifiers.channels.slack.blocks import slack_payload
from trailbell_notifiers.channels.slack.text import unescaped
from trailbell_notifiers.message import Message, compose
from trailbell_notifiers.policy.routing import Route, decide, labels_of

from .store.alerts import StoredAlert
from .wording import Wording

_DELIVERY = "0" * 32
"""Stands for the id of a delivery, of which a test has none."""


def rendered(stored: StoredAlert, rule: Rule, wording: Wording, route: Route | None) -> dict[str, Json]:
    """``slack`` and ``email``: all that is read of the message, as text; ``told``: the receivers, in order.

    Args:
        stored: the alert.
        rule: that made it.
        wording: of the rule set.
        route: who is told where the rule names nobody; None where no route is configured.
    """
    message = compose(stored.alert, rule.words, wording.presentation(stored.alert))
    decisions = [] if rule.status == "experimental" else decide(route, labels_of(stored.alert, rule.words), rule.notify)
    return {
        "slack": slack_text(message),
        "email": f"{message.headline}\n{plain_body(message, _DELIVERY)}",
        "told": [decision.receiver for decision in decisions],
    }


def slack_text(message: Message) -> str:
    """Every text of the Slack message in order, a line each, as people read them."""
    return unescaped("\n".join(_texts(slack_payload(message, _DELIVERY)["blocks"])))


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for part in node:
            yield from _texts(part)
    elif isinstance(node, dict):
        for name, part in node.items():
            if name == "text" and isinstance(part, str):
                yield part
            else:
                yield from _texts(part)
