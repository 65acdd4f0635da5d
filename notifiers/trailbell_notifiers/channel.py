"""What every channel is: a pure rendering into bytes, and a sending of those bytes that always ends in a receipt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

from .message import Message
from .pace import Rate
from .plugins import Makers
from .receipt import Receipt

KINDS: Final[Mapping[str, str]] = {
    "slack": "trailbell_notifiers.channels.slack.settings",
    "email": "trailbell_notifiers.channels.mail.channel",
    "webhook": "trailbell_notifiers.channels.webhook",
    "pagerduty": "trailbell_notifiers.channels.pagerduty",
    "teams": "trailbell_notifiers.channels.teams",
    "discord": "trailbell_notifiers.channels.discord",
    "alertmanager": "trailbell_notifiers.channels.alertmanager.channel",
    "command": "trailbell_notifiers.channels.command",
    "apprise": "trailbell_notifiers.channels.apprise_services",
}
"""Kind of receiver -> the module that makes it. Each has ``SCHEMA`` and ``build(name, settings) -> Channel``."""
ENTRY_POINTS: Final = "trailbell.channels"
"""Group of the entry points of other packages: kind -> a module (or an object) with ``SCHEMA`` and ``build``."""


class ChannelError(ValueError):
    """A receiver's settings cannot work.

    Attributes:
        help: what to write instead; may be empty.
    """

    def __init__(self, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.help = help_


class Attempt(NamedTuple):
    """What a channel may know about the delivery beside its body.

    Attributes:
        delivery_id: the same for every attempt; receivers can drop repeats by it.
        target: one of the channel's ``targets``.
        number: from 1.
        uncertain: an earlier attempt may have arrived.
        created_s: when the delivery was decided, seconds since the epoch, UTC; the same for every attempt.
        earlier: the reference of the newest message of its thread that arrived; empty if there is none.
    """

    delivery_id: str
    target: str = ""
    number: int = 1
    uncertain: bool = False
    created_s: float = 0.0
    earlier: str = ""


class Channel(Protocol):
    """A receiver, ready to be used by one thread at a time."""

    @property
    def name(self) -> str:
        """The receiver's name, as routes and rules call it."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Who is served one by one, such as the addresses of an e-mail; ``("",)`` where there is only one."""

    @property
    def rate(self) -> Rate | None:
        """How often it may be spoken to; None if there is no limit."""

    def render(self, message: Message, delivery_id: str) -> bytes:
        """The body of a delivery, without secrets. Pure; it is stored, so every attempt sends the same bytes."""

    def probe(self) -> Receipt:
        """Ask whether it would listen, as far as that can be done without telling anybody anything.

        ``Delivered.reference`` says in words what was found. Blocks, for a bounded time; never raises.
        """

    def send(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:
        """Try once to deliver ``body``. Blocks, for a bounded time; never raises; no secret is in the receipt."""


class Maker(Protocol):
    """What stands behind a kind: a module of ours, or what a package offers as an entry point."""

    SCHEMA: dict[str, Any]

    def build(self, name: str, settings: Mapping[str, Any]) -> Channel:
        """The channel of settings that are valid against ``SCHEMA``; raises ``ChannelError`` if they cannot work."""


def build_channel(config: Mapping[str, Any]) -> Channel:
    """The channel of a receiver.

    Args:
        config: ``{"name": …, KIND: settings}``, valid against ``receiver_schema()``; secrets as ``Secret``.

    Raises:
        ChannelError: if the settings cannot work.
    """
    named = [kind for kind in config if kind != "name"]
    if len(named) != 1 or named[0] not in kinds():
        raise ChannelError(f"the receiver `{config.get('name', '')}` needs exactly one of: {', '.join(kinds())}")
    return maker_of(named[0]).build(str(config["name"]), config[named[0]])


_MAKERS: Final = Makers[Maker]("channel", KINDS, ENTRY_POINTS, ChannelError, f"{__name__}.Maker")


def kinds() -> tuple[str, ...]:
    """Every kind of receiver there is: our own, then those that other packages offer, by name."""
    return _MAKERS.kinds()


def maker_of(kind: str) -> Maker:
    """What makes channels of this kind; it is imported now.

    Raises:
        ChannelError: if a package offers the kind and what it offers cannot be used.
    """
    return _MAKERS.of(kind)


def receiver_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one entry of ``receivers``.

    Raises:
        ChannelError: if a package offers a kind that cannot be used.
    """
    name = {
        "type": "string",
        "pattern": "^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$",
        "description": "How routes and rules call it.",
    }
    return {
        "type": "object",
        "properties": {"name": name, **{kind: maker_of(kind).SCHEMA for kind in kinds()}},
        "required": ["name"],
        "minProperties": 2,
        "maxProperties": 2,
        "additionalProperties": False,
    }
