"""Slack, by bot token or by incoming webhook. One request per attempt: the SDK's own retry would post twice."""

from __future__ import annotations

import http.client
import json
import logging
from collections.abc import Mapping
from typing import Any, Final
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookClient

from . import limits
from .channel import Attempt, ChannelError
from .message import Message
from .pace import Rate
from .receipt import Ambiguous, Delivered, Receipt, Rejected, Retry
from .retry_after import retry_after_s
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
        "timeout_s": {"type": "number", "exclusiveMinimum": 0, "maximum": 60},
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

_silent = logging.getLogger("trailbell.slack-sdk")
_silent.disabled = True  # the SDK logs bodies and webhook URLs; receipts say what people need


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
        base = api_url if api_url.endswith("/") else api_url + "/"
        self._client = WebClient(
            token=token.reveal(), base_url=base, timeout=timeout_s, retry_handlers=[], logger=_silent  # type: ignore[arg-type]  # the SDK passes it to a float parameter
        )  # fmt: skip

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
        try:
            response = self._client.api_call(method, json=arguments)
        except SlackApiError as error:
            answer = error.response
            after_s = retry_after_s(_header(answer.headers, "Retry-After"), now_s)
            return receipt_for(answer.status_code, redact(str(answer.get("error", "")), [self._token]), after_s), {}
        except (SlackClientError, OSError, http.client.HTTPException, UnicodeDecodeError) as error:
            return _transport_receipt(error, [self._token]), {}
        data: Mapping[str, Any] = response.data if isinstance(response.data, dict) else {}
        return Delivered(f"{data.get('channel', self._channel)}:{data.get('ts', '')}"), data


class SlackWebhook:
    """An incoming webhook: no metadata and no history, so an uncertain attempt is repeated as it is."""

    targets = ("",)
    rate: Rate | None = RATE

    def __init__(self, name: str, url: Secret, timeout_s: float = TIMEOUT_S) -> None:
        self.name = name
        self._url = url
        self._client = WebhookClient(url.reveal(), timeout=int(timeout_s) or 1, retry_handlers=[], logger=_silent)

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
        try:
            answer = self._client.send_dict({**payload, "unfurl_links": False, "unfurl_media": False})
        except (SlackClientError, OSError, http.client.HTTPException, UnicodeDecodeError) as error:
            return _transport_receipt(error, [self._url])
        if answer.status_code == 200 and answer.body.strip() == "ok":
            return Delivered()
        headers = {name: str(value) for name, value in answer.headers.items()}
        return receipt_for(
            answer.status_code,
            redact(answer.body[:100], [self._url]),
            retry_after_s(_header(headers, "Retry-After"), now_s),
        )


def _transport_receipt(error: Exception, secrets: list[Secret]) -> Receipt:
    """``URLError`` is what fails while connecting or writing; whatever else fails, fails after the request left."""
    if isinstance(error, URLError) and not isinstance(error.reason, str):
        return Retry(redact(f"cannot reach Slack: {error.reason}", secrets))
    if isinstance(error, URLError | SlackClientError):
        return Retry(redact(f"cannot reach Slack: {error}", secrets))
    return Ambiguous(redact(f"Slack did not answer: {error or type(error).__name__}", secrets))


def _header(headers: Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name.lower()), None)


def _frozen(payload: dict[str, Any]) -> bytes:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
