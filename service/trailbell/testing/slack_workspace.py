"""What a fake Slack remembers: channels, messages with their threads and edits, people. No network here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

CHANNELS: Final = {"C0123456789": "alerts", "C0999999999": "fallback"}


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """A message as the channel shows it.

    Attributes:
        edits: how often it was changed.
        deleted: somebody has deleted it.
    """

    channel: str
    ts: str
    payload: dict[str, Any]
    edits: int = 0
    deleted: bool = False

    @property
    def text(self) -> str:
        """The top-level text."""
        return str(self.payload.get("text", ""))

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """Its blocks; none for plain text."""
        return list(self.payload.get("blocks") or ())

    @property
    def thread_ts(self) -> str:
        """Of a reply the message it answers; else empty."""
        return str(self.payload.get("thread_ts", ""))

    @property
    def delivery_id(self) -> str:
        """From its metadata; empty without."""
        metadata = self.payload.get("metadata") or {}
        return str((metadata.get("event_payload") or {}).get("delivery_id", ""))

    def controls(self) -> dict[str, dict[str, Any]]:
        """Its interactive elements by action id."""
        rows = [block["elements"] for block in self.blocks if block["type"] == "actions"]
        return {element["action_id"]: element for row in rows for element in row if not element.get("url")}


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the workspace."""

    id: str
    name: str
    email: str = ""
    groups: tuple[str, ...] = ()


ADA: Final = Person("U0ADA", "ada", "ada@example.com", ("S0SEC",))
BOB: Final = Person("U0BOB", "bob", "bob@example.com")


@dataclass(slots=True)
class Workspace:
    """Channels and what is in them.

    Attributes:
        channels: id -> name.
        archived: ids of channels that take no messages.
        people: by id.
        messages: replies included, in the order they were posted; deleted ones stay, marked.
        whispers: (channel, user, text) of what only one person saw.
    """

    channels: dict[str, str] = field(default_factory=lambda: dict(CHANNELS))
    archived: set[str] = field(default_factory=set)
    people: dict[str, Person] = field(default_factory=lambda: {person.id: person for person in (ADA, BOB)})
    messages: list[SlackMessage] = field(default_factory=list)
    whispers: list[tuple[str, str, str]] = field(default_factory=list)

    def channel(self, wanted: str) -> str | None:
        """The id of a channel by id or name."""
        return next((id_ for id_, name in self.channels.items() if wanted.removeprefix("#") in (id_, name)), None)

    def find(self, channel: str | None, ts: str) -> SlackMessage | None:
        """A message that is there."""
        found = (message for message in self.messages if message.channel == channel and message.ts == ts)
        return next((message for message in found if not message.deleted), None)

    def post(self, channel: str, payload: Mapping[str, Any]) -> SlackMessage:
        """A new message, with a ``ts`` of its own."""
        ts_us = max(time.time_ns() // 1_000, *(int(message.ts.replace(".", "")) + 1 for message in self.messages), 0)
        message = SlackMessage(channel, f"{ts_us // 1_000_000}.{ts_us % 1_000_000:06d}", dict(payload))
        self.messages.append(message)
        return message

    def edit(self, message: SlackMessage, payload: Mapping[str, Any]) -> SlackMessage:
        """Change a message: what is not given stays."""
        payload = message.payload | {name: value for name, value in payload.items() if name not in ("channel", "ts")}
        changed = SlackMessage(message.channel, message.ts, payload, message.edits + 1)
        self.messages[self.messages.index(message)] = changed
        return changed

    def delete(self, message: SlackMessage) -> None:
        """Somebody deletes it; replies stay."""
        current = self.find(message.channel, message.ts)
        assert current is not None
        gone = SlackMessage(current.channel, current.ts, current.payload, current.edits, deleted=True)
        self.messages[self.messages.index(current)] = gone

    def shown(self, channel: str | None, thread: str = "") -> list[SlackMessage]:
        """Newest first what a channel shows, or oldest first what is in a thread with its first message."""
        there = [message for message in self.messages if message.channel == channel and not message.deleted]
        if thread:
            return [message for message in there if thread in (message.ts, message.thread_ts)]
        broadcast = [message for message in there if not message.thread_ts or message.payload.get("reply_broadcast")]
        return broadcast[::-1]
