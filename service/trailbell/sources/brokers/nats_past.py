"""What a JetStream stream took from a time on: read by a consumer of our own, which the server forgets by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from trailbell.sources.errors import SourceError
from trailbell_engine.timestamps import to_datetime

from .link import Message
from .nats_broker import ANSWER_S, NatsPlace, find_consumer, guarded, message_of

PIECE: Final = 500
"""Messages that are asked for at once."""
_FORGET_S: Final = 60.0
"""A consumer that nobody asks for so long is gone."""


def taken(
    place: NatsPlace, connect: Callable[[], Coroutine[Any, Any, Client]], since_us: int
) -> Generator[list[Message], None, None]:
    """The messages that the stream took from an instant on, up to those that are there now; see ``RecallingBroker``.

    Raises:
        SourceError: see there; or if a message got lost on the way.
    """
    with asyncio.Runner() as runner:
        client = guarded(place, runner, connect())
        try:
            reading = guarded(place, runner, _begun(client.jetstream(timeout=ANSWER_S), place, since_us))
            while piece := guarded(place, runner, reading.next_piece()):
                yield [message_of(one) for one in piece]
            guarded(place, runner, reading.end())
        finally:
            guarded(place, runner, client.close())


async def _begun(stream: JetStreamContext, place: NatsPlace, since_us: int) -> _Reading:
    await find_consumer(stream, place)  # for its words where there is no such stream
    made = await stream.add_consumer(
        place.stream,
        ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_TIME,
            opt_start_time=to_datetime(since_us),
            ack_policy=AckPolicy.NONE,
            filter_subject=place.subject,
            inactive_threshold=_FORGET_S,
            mem_storage=True,
        ),
    )
    subscription = await stream.pull_subscribe_bind(made.name, place.stream)
    return _Reading(stream, place, subscription, made.name, made.num_pending or 0)


class _Reading:
    """A consumer of ours, and how much of what was there at its beginning is still to come."""

    def __init__(
        self,
        stream: JetStreamContext,
        place: NatsPlace,
        subscription: JetStreamContext.PullSubscription,
        consumer: str,
        left: int,
    ) -> None:
        self._stream = stream
        self._place = place
        self._subscription = subscription
        self._consumer = consumer
        self._left = left
        self._received = 0

    async def next_piece(self) -> list[Msg]:
        """The next messages; none at the end."""
        if self._left <= 0:
            return []
        try:
            piece: list[Msg] = await self._subscription.fetch(min(PIECE, self._left), ANSWER_S)
        except TimeoutError:
            info = await self._stream.consumer_info(self._place.stream, self._consumer)
            if info.num_pending:
                raise NatsError("no answer") from None
            return []  # the stream has let go of the rest meanwhile
        for one in piece:
            self._received += 1
            if one.metadata.sequence.consumer != self._received:
                raise SourceError(
                    f"NATS at {self._place.url}: a message got lost on the way", "try again", transient=True
                )
        self._left -= len(piece)
        return piece

    async def end(self) -> None:
        """Have the server forget the consumer."""
        await self._stream.delete_consumer(self._place.stream, self._consumer)
