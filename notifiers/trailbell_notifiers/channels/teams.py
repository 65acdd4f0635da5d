"""Microsoft Teams by the webhook of a Workflow ("Post to a channel when a webhook request is received").

Source: learn.microsoft.com, "Create Incoming Webhooks with Workflows"; the old Office 365 connectors answer 200 with
their trouble in words, which is understood too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from trailbell_notifiers import limits
from trailbell_notifiers.channel import Attempt
from trailbell_notifiers.message import Message
from trailbell_notifiers.pace import Rate
from trailbell_notifiers.receipt import Receipt, Rejected, Retry
from trailbell_notifiers.transport.http_post import Endpoint, Reply, post, probe_endpoint, status_receipt

from .adaptive_card import adaptive_card
from .http_settings import EGRESS_PROPERTIES, read_endpoint
from .native import json_bytes

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A Microsoft Teams channel or chat, by the webhook of a Workflow.",
    "properties": {"url": {"description": "The workflow's URL; a secret."}, **EGRESS_PROPERTIES},
    "required": ["url"],
    "additionalProperties": False,
}
_CARD: Final = "application/vnd.microsoft.card.adaptive"
_LADDER: Final = ((5, 10, True), (2, 5, True), (0, 3, True), (0, 1, False))
"""(events, alerts, fields), from the whole card to its bones."""


def build(name: str, settings: Mapping[str, Any]) -> Teams:
    """The channel of these settings (valid against ``SCHEMA``).

    Raises:
        ChannelError: for a URL that is none; the message does not hold it.
    """
    return Teams(name, read_endpoint("teams", name, settings["url"], settings))


class Teams:
    """One workflow."""

    targets = ("",)
    rate: Rate | None = Rate(limits.TEAMS_RATE_PER_S, limits.TEAMS_RATE_PER_S)

    def __init__(self, name: str, endpoint: Endpoint) -> None:
        self.name = name
        self._endpoint = endpoint

    def __repr__(self) -> str:
        return f"Teams(name={self.name!r})"

    def render(self, message: Message, delivery_id: str) -> bytes:
        """The card in its envelope. Pure."""
        for events, alerts, fields in _LADDER:
            card = adaptive_card(message, delivery_id, events=events, alerts=alerts, fields=fields)
            body = json_bytes({"type": "message", "attachments": [_attachment(card)]})
            if len(body) <= limits.TEAMS_BUDGET_BYTES:
                break
        return body

    def probe(self) -> Receipt:
        """Whether its address can be reached; a workflow answers only to a message."""
        return probe_endpoint(self._endpoint)

    def send(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:  # noqa: ARG002  # the protocol's signature
        """Post once. Blocks for about ``timeout_s``. Teams keeps no key: a repeat is a second card with the same id."""
        reply = post(self._endpoint, body, {})
        return _receipt(reply, now_s) if isinstance(reply, Reply) else reply


def _receipt(reply: Reply, now_s: float) -> Receipt:
    said = reply.text()[:1_000]
    if reply.status == 200 and "delivery failed" in said:
        if "429" in said or "throttl" in said.lower():
            return Retry("Teams answered 200 and said that it was told too much at once")
        return Rejected("Teams answered 200 and said that it did not post the card", "payload")
    return status_receipt(reply, now_s, "Teams")


def _attachment(card: dict[str, Any]) -> dict[str, Any]:
    return {"contentType": _CARD, "contentUrl": None, "content": card}
