"""Slack's Web API: one request, under one deadline, that always ends in a receipt."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from trailbell_notifiers import limits
from trailbell_notifiers.receipt import Ambiguous, Delivered, Receipt
from trailbell_notifiers.secret import Secret, redact
from trailbell_notifiers.transport.egress import EVERYWHERE
from trailbell_notifiers.transport.http_post import Endpoint, Reply, post

from .errors import receipt_for

API_URL: Final = "https://slack.com/api/"
TIMEOUT_S: Final = 15.0
_JSON: Final = "application/json; charset=utf-8"
_FORM: Final = "application/x-www-form-urlencoded"
_PAGE: Final = 200
_PAGES: Final = 5
"""Of a history that are read; the messages looked for are new."""


class Answer(NamedTuple):
    """What Slack said.

    Attributes:
        receipt: what it means; ``Delivered.reference`` is ``channel:ts``.
        document: the JSON object; empty if there was none.
    """

    receipt: Receipt
    document: Mapping[str, Any] = {}

    @property
    def code(self) -> str:
        """Slack's error code; empty if there is none."""
        return str(self.document.get("error", ""))


class SlackApi:
    """The Web API with one token."""

    def __init__(self, token: Secret, url: str = API_URL, timeout_s: float = TIMEOUT_S) -> None:
        self.url = url if url.endswith("/") else url + "/"
        self._token = token
        self._endpoint = endpoint(Secret(self.url), timeout_s, token)

    def call(self, method: str, arguments: Mapping[str, Any], now_s: float = 0.0) -> Answer:
        """One call: methods that write messages take JSON, all others are sure to take a form only.

        Args:
            method: such as ``chat.postMessage``.
            arguments: of the method.
            now_s: the time, for a ``Retry-After`` that is a date.
        """
        target = replace(self._endpoint, url=Secret(self.url + method))
        written = method.startswith("chat.")
        headers = {"Authorization": f"Bearer {self._token.reveal()}", "Content-Type": _JSON if written else _FORM}
        reply = post(target, frozen(arguments) if written else _form(arguments), headers)
        if not isinstance(reply, Reply):
            return Answer(reply)
        document = reply.json()
        if reply.status == 200 and document.get("ok") is True:
            return Answer(Delivered(f"{document.get('channel', '')}:{document.get('ts', '')}"), document)
        if reply.status == 200 and not document.get("error"):
            return Answer(Ambiguous("Slack's answer could not be read"))
        code = redact(str(document.get("error", ""))[:100], [self._token])
        return Answer(receipt_for(reply.status, code, reply.asked_s(now_s)), document)

    def messages(self, channel: str, oldest_s: int, thread: str = "") -> Iterator[Mapping[str, Any]]:
        """Messages with their metadata, of a channel or of one of its threads; none where Slack does not let us look.

        Args:
            channel: its id.
            oldest_s: from then on, seconds since the epoch, UTC.
            thread: the ``ts`` of a thread's first message; empty for the channel itself.
        """
        method = "conversations.replies" if thread else "conversations.history"
        query: dict[str, Any] = {"channel": channel, "oldest": str(oldest_s), "limit": _PAGE}
        query |= {"include_all_metadata": True} | ({"ts": thread} if thread else {})
        return self._listed(method, query, "messages")

    def channel_id(self, channel: str) -> str:
        """The id of ``#name``, as far as the bot may see it (scope ``channels:read``); what is an id is given back."""
        if not channel.startswith("#"):
            return channel
        query = {"types": "public_channel,private_channel", "exclude_archived": True, "limit": _PAGE}
        found = self._listed("conversations.list", query, "channels")
        return next((str(one["id"]) for one in found if one.get("name") == channel[1:]), channel)

    def _listed(self, method: str, query: dict[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
        for _ in range(_PAGES):
            answer = self.call(method, query)
            yield from answer.document.get(name) or ()
            cursor = (answer.document.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
            query["cursor"] = cursor


def endpoint(url: Secret, timeout_s: float, secret: Secret) -> Endpoint:
    """Where Slack is: its address is the operator's, and may be that of a proxy or of a stand-in."""
    return Endpoint(
        url=url,
        open_networks=EVERYWHERE,
        timeout_s=timeout_s,
        secrets=(secret,),
        proxies=True,
        reply_bytes=limits.SLACK_REPLY_BYTES,
    )


def frozen(payload: Mapping[str, Any]) -> bytes:
    """The bytes of a payload."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def _form(arguments: Mapping[str, Any]) -> bytes:
    values = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in arguments.items()}
    return urlencode(values).encode()
