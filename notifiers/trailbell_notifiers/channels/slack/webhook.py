"""Slack by incoming webhook: every message stands by itself, for nothing can be changed or found again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trailbell_notifiers.channel import Attempt
from trailbell_notifiers.message import Message
from trailbell_notifiers.pace import Rate
from trailbell_notifiers.receipt import Ambiguous, Delivered, Receipt, Rejected
from trailbell_notifiers.secret import Secret
from trailbell_notifiers.transport.http_post import Reply, post

from .api import TIMEOUT_S, endpoint, frozen
from .blocks import slack_payload
from .bot import RATE
from .errors import receipt_for


class SlackWebhook:
    """An incoming webhook: no metadata and no history, so an uncertain attempt is repeated as it is."""

    targets = ("",)
    rate: Rate | None = RATE

    def __init__(self, name: str, url: Secret, timeout_s: float = TIMEOUT_S) -> None:
        self.name = name
        self._endpoint = endpoint(url, timeout_s, url)

    def __repr__(self) -> str:
        return f"SlackWebhook(name={self.name!r})"

    def render(self, message: Message, delivery_id: str) -> bytes:
        """Text and blocks. Pure."""
        return frozen(slack_payload(message, delivery_id))

    def probe(self) -> Receipt:
        """Nothing can be asked: Slack answers an incoming webhook only when something is posted."""
        return Delivered("an incoming webhook, which answers only to a message")

    def send(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:  # noqa: ARG002  # the protocol's signature
        """Post once. Blocks for at most two timeouts."""
        payload = json.loads(body)
        receipt = self._post(payload, now_s)
        if isinstance(receipt, Rejected) and receipt.kind == "payload":
            return self._post({"text": payload["text"], "mrkdwn": False}, now_s)
        return receipt

    def _post(self, payload: Mapping[str, Any], now_s: float) -> Receipt:
        reply = post(self._endpoint, frozen({**payload, "unfurl_links": False, "unfurl_media": False}), {})
        if not isinstance(reply, Reply):
            return reply
        said = reply.text().strip()
        if reply.status == 200 and said == "ok":
            return Delivered()
        if reply.status == 200 and not said.isprintable():
            return Ambiguous("Slack's answer could not be read")
        return receipt_for(reply.status, self._endpoint.hidden(said[:100]), reply.asked_s(now_s))
