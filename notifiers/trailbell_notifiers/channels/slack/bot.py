"""Slack by bot token: a message for each thread that shows how things stand now, and replies that say what is new."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from trailbell_notifiers import limits
from trailbell_notifiers.channel import Attempt
from trailbell_notifiers.channels.living import Standing
from trailbell_notifiers.message import Kind, Message
from trailbell_notifiers.pace import Rate
from trailbell_notifiers.receipt import Delivered, Receipt, Rejected
from trailbell_notifiers.secret import Secret

from .actions import LIFETIME_S, Verb, sealed
from .api import API_URL, TIMEOUT_S, Answer, SlackApi, frozen
from .blocks import fallback, slack_payload
from .errors import GONE
from .permissions import Permissions
from .thread import slack_reply

RATE: Final = Rate(limits.SLACK_RATE_PER_S, limits.SLACK_BURST)
REVISIONS: Final = Rate(limits.SLACK_REVISIONS_PER_S, limits.SLACK_BURST)
EVENT_TYPE: Final = "trailbell_alert"
"""Of the message metadata that carries the delivery id."""
_INERT: Final = {"parse": "none", "link_names": False}
_UNFURLED: Final = {"unfurl_links": False, "unfurl_media": False}
_PLAIN: Final = ("text", "mrkdwn", "metadata", "reply_broadcast", "thread_ts", "ts")
_IN_THREAD: Final[tuple[Kind, ...]] = ("updated", "reminder", "resolved")
_SKEW_S: Final = 300


class Place(NamedTuple):
    """Where a message is: its channel and its ``ts``; of a reply also the ``ts`` of its thread."""

    channel: str
    ts: str
    parent: str = ""

    @property
    def thread(self) -> str:
        """The ``ts`` to reply to."""
        return self.parent or self.ts

    def __str__(self) -> str:
        return ":".join(filter(None, self))


def place_of(reference: str) -> Place | None:
    """The place that a reference names; None if it names none."""
    parts = reference.split(":")
    return Place(*parts) if len(parts) in (2, 3) and all(parts) else None


class SlackBot:
    """``chat.postMessage`` and ``chat.update``. After an uncertain attempt it looks for its message before it posts."""

    targets = ("",)
    rate: Rate | None = RATE
    revision_rate = REVISIONS

    def __init__(
        self,
        name: str,
        token: Secret,
        channel: str,
        api_url: str = API_URL,
        timeout_s: float = TIMEOUT_S,
        *,
        app_token: Secret | None = None,
        allow: Permissions = Permissions(),  # noqa: B008 - an immutable value
    ) -> None:
        """A channel of a workspace.

        Args:
            name: the receiver's.
            token: of the bot.
            channel: its id, or ``#name``.
            api_url: base of the Web API.
            timeout_s: for one exchange.
            app_token: for Socket Mode, by which clicks come; without it there are no buttons.
            allow: who may press them.
        """
        self.name = name
        self.channel = channel
        self.app_token = app_token
        self.allow = allow
        self.api = SlackApi(token, api_url, timeout_s)
        self._key: bytes | None = None

    def __repr__(self) -> str:
        return f"SlackBot(name={self.name!r}, channel={self.channel!r})"

    @property
    def verbs(self) -> tuple[Verb, ...]:
        """What its buttons offer."""
        return () if self.app_token is None else self.allow.verbs()

    def listen_with(self, key: bytes) -> None:
        """Somebody hears clicks: buttons go out from now on, signed with this key."""
        self._key = key

    def render(self, message: Message, delivery_id: str) -> bytes:
        """The message as the first of its thread; of news also the reply that is sent if there is a thread. Pure."""
        payload = self._payload(message, None, delivery_id)
        if message.kind in _IN_THREAD:
            payload["reply"] = slack_reply(message, delivery_id) | {"metadata": payload["metadata"]}
        return frozen(payload)

    def card(self, message: Message, standing: Standing, delivery_id: str) -> bytes:
        """The first message of the thread, as things stand. Pure."""
        return frozen(self._payload(message, standing, delivery_id))

    def _payload(self, message: Message, standing: Standing | None, delivery_id: str) -> dict[str, Any]:
        payload = slack_payload(message, delivery_id, standing, self.verbs)
        identity = {"delivery_id": delivery_id, "thread": message.thread}
        return payload | {"metadata": {"event_type": EVENT_TYPE, "event_payload": identity}}

    def probe(self) -> Receipt:
        """Whose token it is, and whether the bot is in the channel, as far as its scopes let it see that."""
        answer = self.api.call("auth.test", {})
        if not isinstance(answer.receipt, Delivered):
            return answer.receipt
        who = f"signed in to {answer.document.get('team', 'Slack')} as {answer.document.get('user', 'a bot')}"
        if self.channel.startswith("#"):
            return Delivered(f"{who}; whether it is in {self.channel} shows when it posts")
        seen = self.api.call("conversations.info", {"channel": self.channel})
        if seen.code == "missing_scope":
            return Delivered(f"{who}; whether it is in {self.channel} shows when it posts")
        if not isinstance(seen.receipt, Delivered):
            return seen.receipt
        about: Mapping[str, Any] = seen.document.get("channel") or {}
        if about.get("is_archived"):
            return Rejected(f"{who}, but {self.channel} is archived", "receiver")
        if about.get("is_member") is False:
            return Rejected(f"{who}, but it is not in the channel: write `/invite` and its name there", "receiver")
        return Delivered(f"{who}, in #{about.get('name', self.channel)}")

    def send(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:
        """Post once: into the thread, if there is one and it is news. Blocks for at most a few timeouts."""
        payload = json.loads(body)
        reply = payload.pop("reply", None)
        earlier = self._earlier(attempt) if reply is not None else None
        if attempt.uncertain:
            found = self._find(attempt, earlier)
            if found is not None:
                return Delivered(str(found))
        if earlier is not None:
            answer = self._post({**reply, "thread_ts": earlier.thread}, earlier.channel, now_s)
            if answer.code not in GONE:
                return _receipt(answer, earlier.thread)
        return _receipt(self._post(self._sealed(payload, attempt), self.channel, now_s))

    def revise(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:
        """Change the first message of the thread, or post it anew if it was deleted."""
        payload = self._sealed(json.loads(body), attempt)
        earlier = self._earlier(attempt)
        if earlier is None:
            return _receipt(self._post(payload, self.channel, now_s))
        answer = self._update(payload, earlier, now_s)
        if answer.code in GONE:
            found = self._find(attempt, None)
            if found is None or found.ts == earlier.thread:
                return _receipt(self._post(payload, earlier.channel, now_s))
            answer = self._update(payload, found, now_s)
        return _receipt(answer)

    def note(self, text: str, attempt: Attempt, now_s: float) -> Receipt:
        """One line in the thread."""
        return self.reply({"text": fallback(text), "mrkdwn": False}, attempt.earlier, now_s)

    def reply(self, payload: Mapping[str, Any], reference: str, now_s: float) -> Receipt:
        """Post something into the thread of a message."""
        place = place_of(reference)
        if place is None:
            return Rejected(f"{reference!r} is no message of Slack's", "payload")
        answer = self._post({**payload, "thread_ts": place.thread}, place.channel, now_s)
        return _receipt(answer, place.thread)

    def _earlier(self, attempt: Attempt) -> Place | None:
        """The thread; none if it is in a channel that is not this receiver's any more."""
        place = place_of(attempt.earlier)
        moved = place is not None and not self.channel.startswith("#") and place.channel != self.channel
        return None if moved else place

    def _sealed(self, payload: dict[str, Any], attempt: Attempt) -> dict[str, Any]:
        """Buttons get their signed values only here, so that no stored body can be clicked.

        They expire a while after the delivery was decided, so that every attempt sends the same.
        """
        if "blocks" not in payload:
            return payload
        thread = payload["metadata"]["event_payload"]["thread"]
        expires_s = int(attempt.created_s) + LIFETIME_S
        return payload | {"blocks": sealed(payload["blocks"], thread, self._key, expires_s)}

    def _post(self, payload: Mapping[str, Any], channel: str, now_s: float) -> Answer:
        return self._written("chat.postMessage", {"channel": channel, **payload, **_INERT, **_UNFURLED}, now_s)

    def _update(self, payload: Mapping[str, Any], place: Place, now_s: float) -> Answer:
        arguments = {"channel": place.channel, "ts": place.thread, "blocks": [], **payload, **_INERT}
        return self._written("chat.update", arguments, now_s)

    def _written(self, method: str, arguments: Mapping[str, Any], now_s: float) -> Answer:
        """A call; what Slack does not take in this form goes out as plain text at once."""
        answer = self.api.call(method, arguments, now_s)
        if not isinstance(answer.receipt, Rejected) or answer.receipt.kind != "payload" or answer.code in GONE:
            return answer
        plain = {name: arguments[name] for name in ("channel", *_PLAIN, *_INERT, *_UNFURLED) if name in arguments}
        return self.api.call(method, plain | ({"blocks": []} if method == "chat.update" else {}), now_s)

    def _find(self, attempt: Attempt, earlier: Place | None) -> Place | None:
        """This delivery's message, in the thread or in the channel; None also if Slack does not let us look."""
        oldest_s = int(attempt.created_s) - _SKEW_S
        channel = earlier.channel if earlier is not None else self.api.channel_id(self.channel)
        for thread in [earlier.thread, ""] if earlier is not None else [""]:
            for message in self.api.messages(channel, oldest_s, thread):
                payload = (message.get("metadata") or {}).get("event_payload") or {}
                if payload.get("delivery_id") == attempt.delivery_id:
                    return Place(channel, str(message.get("ts", "")), thread)
        return None


def _receipt(answer: Answer, parent: str = "") -> Receipt:
    if not isinstance(answer.receipt, Delivered):
        return answer.receipt
    return Delivered(answer.receipt.reference + (f":{parent}" if parent else ""))
