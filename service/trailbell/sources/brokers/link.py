"""What a broker is to us: something that can be asked how it is, and to which a link can be made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from trailbell_engine.values import Json

Token: TypeAlias = str | int | tuple[str, int, int]
"""By what a broker knows a message again when it is acknowledged."""


class Message(NamedTuple):
    """What a broker delivers.

    Attributes:
        body: as it was published.
        headers: names in lower case.
        place: where it stands, for people, and the same at every delivery.
        position: tells it from all other messages of the source, and is the same at every delivery; empty if the broker
            has nothing of the kind.
        time_us: when the broker took it, microseconds since the epoch, UTC; None if the broker does not say.
        token: by which it is acknowledged.
    """

    body: bytes
    headers: Mapping[str, str]
    place: str
    position: str
    time_us: int | None
    token: Token


class Standing(NamedTuple):
    """How far behind we are.

    Attributes:
        what: is read, in words.
        waiting: messages that are there and not delivered; None if the broker does not say.
        in_flight: messages that are delivered and not acknowledged; None if the broker does not say.
    """

    what: str
    waiting: int | None
    in_flight: int | None

    def __str__(self) -> str:
        counts = [
            f"{count:,} {word}"
            for count, word in ((self.waiting, "waiting"), (self.in_flight, "not acknowledged"))
            if count is not None
        ]
        return f"{self.what}: {', '.join(counts)}" if counts else self.what


class Opening(NamedTuple):
    """What a new link is to know.

    Attributes:
        checkpoint: of what is durable, as ``Link.checkpoint`` gave it; None at first.
        owed: tokens of durable messages that could not be acknowledged before the link before this one broke.
        stopped: whether the source has been told to stop.
    """

    checkpoint: Json | None
    owed: Sequence[Token]
    stopped: Callable[[], bool]


class Link(Protocol):
    """A connection that delivers. All of it is used by one thread."""

    def receive(self, limit: int, wait_s: float) -> list[Message]:
        """The next messages, in the broker's order; none if none comes within that time.

        Raises:
            SourceError: if the link is broken.
        """

    def acknowledge(self, tokens: Sequence[Token]) -> None:
        """Tell the broker that these are durable here; in the order in which they were received.

        Raises:
            SourceError: if the link is broken.
        """

    def checkpoint(self) -> Json | None:
        """Where to go on after all that was received; None if the broker keeps that by itself."""

    def caught_up(self) -> bool:
        """Whether all there is has been received and acknowledged.

        Raises:
            SourceError: if the link is broken.
        """

    def waiting(self) -> int | None:
        """How many messages are there and not delivered to us; None if the broker does not say.

        Raises:
            SourceError: if the link is broken.
        """

    def close(self) -> None:
        """End it. What is not acknowledged will be delivered again."""


class Broker(Protocol):
    """A broker, and what is read there."""

    def connect(self, opening: Opening) -> Link:
        """Begin to consume.

        Raises:
            SourceError: if the broker is away, refuses us, or has nothing of that name.
        """

    def probe(self) -> Standing:
        """Ask how things stand; nothing is changed and nothing consumed.

        Raises:
            SourceError: as ``connect``.
        """
