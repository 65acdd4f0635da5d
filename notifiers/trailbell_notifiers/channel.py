"""What every channel is: a pure rendering into bytes, and a sending of those bytes that always ends in a receipt."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Protocol

from .message import Message
from .pace import Rate
from .receipt import Receipt

KINDS: Final[Mapping[str, str]] = {
    "slack": "trailbell_notifiers.slack",
    "email": "trailbell_notifiers.mail",
    "webhook": "trailbell_notifiers.webhook",
}
"""Kind of receiver -> the module that makes it. Each has ``SCHEMA`` and ``build(name, settings) -> Channel``."""


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
    """

    delivery_id: str
    target: str = ""
    number: int = 1
    uncertain: bool = False
    created_s: float = 0.0


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


def build_channel(config: Mapping[str, Any]) -> Channel:
    """The channel of a receiver.

    Args:
        config: ``{"name": …, KIND: settings}``, valid against ``receiver_schema()``; secrets as ``Secret``.

    Raises:
        ChannelError: if the settings cannot work.
    """
    kinds = [kind for kind in KINDS if kind in config]
    if len(kinds) != 1:
        raise ChannelError(f"the receiver `{config.get('name', '')}` needs exactly one of: {', '.join(KINDS)}")
    module = importlib.import_module(KINDS[kinds[0]])
    channel: Channel = module.build(str(config["name"]), config[kinds[0]])
    return channel


def receiver_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one entry of ``receivers``."""
    kinds = {kind: importlib.import_module(module).SCHEMA for kind, module in KINDS.items()}
    name = {
        "type": "string",
        "pattern": "^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$",
        "description": "How routes and rules call it.",
    }
    return {
        "type": "object",
        "properties": {"name": name, **kinds},
        "required": ["name"],
        "minProperties": 2,
        "maxProperties": 2,
        "additionalProperties": False,
    }
