"""Slack, by bot token or by incoming webhook. One request per attempt, under one deadline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from . import limits
from .channel import Attempt, ChannelError
from .egress import EVERYWHERE
from .http_post import Endpoint, Reply, post
from .message import Message
from .pace import Rate
from .receipt import Ambiguous, Delivered, Receipt, Rejected
from .secret import Secret, as_secret, redact
from .slack_blocks import slack_payload
from .slack_errors import receipt_for

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A Slack channel, by bot token (preferred) or incoming webhook.",
    "properties": {
        "token": {"description": "Bot token (`xoxb-…`) with the scope `chat:write`."},
        "channel": {"type": "string", "minLength": 1, "description": "Channel id (`C0123…`)."},
        "webhook_url": {"description": "Incoming webhook instead of token and channel."},
        "api_url": {"type": "string", "description": "Web API base, for GovSlack and for trying things out."},
        "timeout_s": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 60,
            "description": "For the whole exchange; default 15.",
        },
    },
    "dependentRequired": {"token": ["channel"], "channel": ["token"]},
    "minProperties": 1,
    "additionalProperties": False,
}
API_URL: Final = "https://slack.com/api/"
TIMEOUT_S: Final = 15.0
RATE: Final = Rate(limits.SLACK_RATE_PER_S, limits.SLACK_BURST)
EVENT_TYPE: Final = "trailbell_alert"
"""Of the message metadata that carries the delivery id."""
_INERT: Final = {"unfurl_links": False, "unfurl_media": False, "parse": "none", "link_names": False}
_HISTORY: Final = 100
_SKEW_S: Final = 300


def build(name: str, settings: Mapping[str, Any]) -> SlackBot | SlackWebhook:
    """The channel of these settings (valid against ``SCHEMA``).

    Raises:
        ChannelError: if token or URL cannot be one.
    """
    timeout_s = float(settings.get("timeout_s", TIMEOUT_S))
    if ("webhook_url" in settings) == ("token" in settings):
        raise ChannelError(f"slack `{name}` needs one way in", "either `token` and `channel`, or `webhook_url`")
    if "webhook_url" in settings:
        url = as_secret(settings["webhook_url"])
        if not url.reveal().startswith(("https://", "http://")):
            raise ChannelError(
                f"the webhook_url of `{name}` is no URL", "it starts with https://hooks.slack.com/services/"
            )
        return SlackWebhook(name, url, timeout_s)
    token = as_secret(settings["token"])
    if not token.reveal().isascii() or not token.reveal().isprintable() or not token.reveal():
        raise ChannelError(f"the token of `{name}` is no Slack token", "a bot token starts with xoxb-")
    return SlackBot(name, token, str(settings["channel"]), str(settings.get("api_url", API_URL)), timeout_s)


class SlackBot:
    """``chat.postMessage`` with a bot token. After an uncertain attempt it looks for its message before it posts."""

    targets = ("",)
    rate: Rate | None = RATE

    def __init__(
        self, name: str, token: Secret, channel: str, api_url: str = API_URL, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.name = name
        self._token = token
        self._channel = channel
        self._api_url = api_url if api_url.endswith("/") else api_url + "/"
        self._endpoint = _endpoint(Secret(self._api_url), timeout_s, token)

    def __repr__(self) -> str:
        return f"SlackBot(name={self.name!r}, channel={self._channel!r})"

    def render(self, message: Message, delivery_id: str) -> bytes:
        """Text, blocks, and metadata with the delivery id. Pure."""
        payload = slack_payload(message, delivery_id)
        payload["metadata"] = {"event_type": EVENT_TYPE, "event_payload": {"delivery_id": delivery_id}}
        return _frozen(payload)

    def probe(self) -> Receipt:
        """Whose token it is, by ``auth.test``. Whether the bot is in the channel shows only when it posts."""
        receipt, answer = self._call("auth.test", {}, 0.0)
        if not isinstance(receipt, Delivered):
            return receipt
        return Delivered(f"signed in to {answer.get('team', 'Slack')} as {answer.get('user', 'a bot')}")

    def send(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:
        """Post once; ``Delivered.reference`` is ``channel:ts``. Blocks for at most a few timeouts."""
        if attempt.uncertain:
            found = self._find(attempt)
            if found is not None:
                return found
        payload = json.loads(body)
        receipt = self._post(payload, now_s)
        if isinstance(receipt, Rejected) and receipt.kind == "payload":
            return self._post(
                {name: payload[name] for name in ("text", "mrkdwn", "metadata") if name in payload}, now_s
            )
        return receipt

    def _post(self, payload: dict[str, Any], now_s: float) -> Receipt:
        return self._call("chat.postMessage", {"channel": self._channel, **payload, **_INERT}, now_s)[0]

    def _find(self, attempt: Attempt) -> Delivered | None:
        """This delivery's message in the channel's history; None also if Slack does not let us look."""
        oldest = str(int(attempt.created_s) - _SKEW_S)
        query = {"channel": self._channel, "oldest": oldest, "limit": _HISTORY, "include_all_metadata": True}
        _, answer = self._call("conversations.history", query, 0.0)
        for message in answer.get("messages", ()):
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if payload.get("delivery_id") == attempt.delivery_id:
                return Delivered(f"{self._channel}:{message.get('ts', '')}")
        return None

    def _call(self, method: str, arguments: dict[str, Any], now_s: float) -> tuple[Receipt, Mapping[str, Any]]:
        endpoint = replace(self._endpoint, url=Secret(self._api_url + method))
        headers = {"Authorization": f"Bearer {self._token.reveal()}", "Content-Type": "application/json; charset=utf-8"}
        reply = post(endpoint, _frozen(arguments), headers)
        if not isinstance(reply, Reply):
            return reply, {}
        answer = reply.json()
        if reply.status == 200 and answer.get("ok") is True:
            return Delivered(f"{answer.get('channel', self._channel)}:{answer.get('ts', '')}"), answer
        if reply.status == 200 and not answer.get("error"):
            return Ambiguous("Slack's answer could not be read"), {}
        code = redact(str(answer.get("error", ""))[:100], [self._token])
        return receipt_for(reply.status, code, reply.asked_s(now_s)), {}


class SlackWebhook:
    """An incoming webhook: no metadata and no history, so an uncertain attempt is repeated as it is."""

    targets = ("",)
    rate: Rate | None = RATE

    def __init__(self, name: str, url: Secret, timeout_s: float = TIMEOUT_S) -> None:
        self.name = name
        self._url = url
        self._endpoint = _endpoint(url, timeout_s, url)

    def __repr__(self) -> str:
        return f"SlackWebhook(name={self.name!r})"

    def render(self, message: Message, delivery_id: str) -> bytes:
        """Text and blocks. Pure."""
        return _frozen(slack_payload(message, delivery_id))

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

    def _post(self, payload: dict[str, Any], now_s: float) -> Receipt:
        reply = post(self._endpoint, _frozen({**payload, "unfurl_links": False, "unfurl_media": False}), {})
        if not isinstance(reply, Reply):
            return reply
        said = reply.text().strip()
        if reply.status == 200 and said == "ok":
            return Delivered()
        if reply.status == 200 and not said.isprintable():
            return Ambiguous("Slack's answer could not be read")
        return receipt_for(reply.status, self._endpoint.hidden(said[:100]), reply.asked_s(now_s))


def _endpoint(url: Secret, timeout_s: float, secret: Secret) -> Endpoint:
    """Where Slack is: its address is the operator's, and may be that of a proxy or of a stand-in."""
    return Endpoint(
        url=url,
        open_networks=EVERYWHERE,
        timeout_s=timeout_s,
        secrets=(secret,),
        proxies=True,
        reply_bytes=limits.SLACK_REPLY_BYTES,
    )


def _frozen(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
