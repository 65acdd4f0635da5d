"""Channels whose messages can be changed after they were sent, and what such a message shows of its alerts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeAlias, runtime_checkable

from trailbell_notifiers.channel import Attempt
from trailbell_notifiers.message import Message
from trailbell_notifiers.pace import Rate
from trailbell_notifiers.receipt import Receipt

State: TypeAlias = Literal["open", "acknowledged", "silenced", "resolved"]


class Standing(NamedTuple):
    """How the alerts of a message stand.

    Attributes:
        state: of all that are open; ``resolved`` if none is.
        by: who made it so; empty if it came by itself.
        at_us: since when (microseconds, UTC), if that is known; of a silence until when.
        comment: what they said about it; may be empty.
    """

    state: State = "open"
    by: str = ""
    at_us: int | None = None
    comment: str = ""

    def to_json(self) -> dict[str, Any]:
        """For a store."""
        return self._asdict()


OPEN: Final = Standing()


def standing_of_json(record: Mapping[str, Any]) -> Standing:
    """The standing that ``to_json`` wrote."""
    return Standing(**record)


def standing_of(message: Message) -> Standing:
    """How the alerts of a message stand, as far as it says so itself."""
    if message.kind == "resolved":
        return Standing("resolved", at_us=message.alert.last_at_us)
    open_ = [member for member in message.members if member.alert.state == "open"]
    return Standing("acknowledged") if open_ and all(member.acknowledged for member in open_) else OPEN


@runtime_checkable
class Living(Protocol):
    """A channel that can change what it has said: the first message of a thread shows how things stand now.

    Attributes:
        revision_rate: how often messages may be changed.
    """

    revision_rate: Rate

    def card(self, message: Message, standing: Standing, delivery_id: str) -> bytes:
        """The body that the thread's first message has from now on. Pure."""

    def revise(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:
        """Change the thread's first message to ``body``; if it is gone, send it anew.

        ``Delivered.reference`` is that of the thread from now on. Blocks, for a bounded time; never raises.

        Args:
            body: from ``card``.
            attempt: its ``earlier`` names the thread.
            now_s: the time, seconds since the epoch, UTC.
        """

    def note(self, text: str, attempt: Attempt, now_s: float) -> Receipt:
        """Say one line of plain text in the thread that ``attempt.earlier`` names. Blocks, never raises."""
