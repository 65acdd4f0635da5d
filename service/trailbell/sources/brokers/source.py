"""A broker as a source. Messages come in, become events, are committed, and only then acknowledged.

Between the commit and the acknowledgement anything may happen. A message that is delivered again has the same ids
again, and the store drops what it has. So every event counts once, however often its message comes.

Acknowledging is left to the thread that reads, since clients of brokers belong to one thread; the engine's thread only
notes what is durable.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from threading import Condition, Event
from typing import Final

from trailbell.clock import now_us
from trailbell.sources.base import LIVE_BATCH, Batch
from trailbell.sources.errors import SourceError
from trailbell_engine.event import Input, Tick
from trailbell_engine.timestamps import SECOND_US
from trailbell_engine.values import Json

from .link import Broker, Link, Message, Opening, Standing, Token
from .payload import Payload

log: Final = logging.getLogger("trailbell")

TICK_EVERY_S: Final = 5.0
"""How often a source that has caught up says what time it is."""
COUNT_EVERY_S: Final = 5.0
"""How often the broker is asked how many messages wait."""
_IDLE_S: Final = 0.25
"""The longest wait for a message: so long takes a stop."""
_BUSY_S: Final = 0.02
"""The same while messages wait to be acknowledged."""
_PATIENCE_S: Final = 3.0
"""For so long a source that ends waits for its last messages to be durable, so that they need not come again."""
_MARGIN_US: Final = SECOND_US
"""What happened just now may still be on its way to the broker."""


class Desk:
    """Which messages are on their way through the engine, and which are durable and not acknowledged yet."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._durable: list[Token] = []
        self._on_their_way = 0

    @property
    def on_their_way(self) -> int:
        """How many are handed out and not durable."""
        with self._changed:
            return self._on_their_way

    def begin(self) -> list[Token]:
        """Begin with a new link: nothing is on its way. What is owed to the broker from the one before is returned."""
        with self._changed:
            self._on_their_way = 0
            owed, self._durable = self._durable, []
            return owed

    def hand_out(self, messages: Sequence[Message]) -> Callable[[], None]:
        """Note that these go to the engine; what is returned is to be called when they are durable."""
        tokens = [message.token for message in messages]
        with self._changed:
            self._on_their_way += len(tokens)

        def durable() -> None:
            with self._changed:
                self._on_their_way -= len(tokens)
                self._durable += tokens
                self._changed.notify_all()

        return durable

    def durable(self) -> list[Token]:
        """What is to be acknowledged now."""
        with self._changed:
            durable, self._durable = self._durable, []
            return durable

    def wait(self, left: int, seconds: float) -> bool:
        """Wait until no more than so many are on their way; False if that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: self._on_their_way <= left, seconds)


class BrokerSource:
    """Reads from a broker until it is stopped, or (``once``) until it has caught up.

    Attributes:
        name: of the source, and of its events.
        lateness_us: how late an event may come and still be taken in its order.
        bounded: never.
        wall_clock: no. It sends ticks when it has caught up: of a backlog the wall clock knows nothing.
        waiting: how many messages were at the broker and not delivered to us, some seconds ago; None if nobody knows.
    """

    bounded = False
    wall_clock = False
    no_past = "of this broker only what waits is read"

    def __init__(
        self,
        name: str,
        broker: Broker,
        payload: Payload,
        *,
        lateness_us: int,
        prefetch: int,
        once: bool = False,
        clock_us: Callable[[], int] = now_us,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            name: of the source.
            broker: where messages come from.
            payload: makes events of them.
            lateness_us: of the source, microseconds.
            prefetch: how many messages may be delivered and not durable.
            once: end when it has caught up; then no error is waited out.
            clock_us: the clock, for ticks.
        """
        self.name = name
        self.lateness_us = lateness_us
        self._broker = broker
        self._payload = payload
        self._prefetch = prefetch
        self._once = once
        self._clock_us = clock_us
        self._stopped = Event()
        self._desk = Desk()
        self.waiting: int | None = None

    def stop(self) -> None:
        """Make ``batches`` end soon, after what is on its way."""
        self._stopped.set()

    def probe(self) -> Standing:
        """Ask the broker how far behind we are; nothing is changed.

        Raises:
            SourceError: if it is away or refuses us.
        """
        return self._broker.probe()

    def batches(self, checkpoint: Json | None = None) -> Generator[Batch, None, None]:
        """What the broker delivers, as it comes, and a tick now and then while nothing does.

        Raises:
            SourceError: if the broker is away or refuses us. What is not acknowledged will be delivered again.
        """
        try:
            link = self._broker.connect(Opening(checkpoint, self._desk.begin(), self._stopped.is_set))
            try:
                yield from self._read(link)
                self._desk.wait(0, _PATIENCE_S)
            finally:
                self.waiting = None
                with suppress(SourceError):  # a broken link: they come again, and count once
                    link.acknowledge(self._desk.durable())
                link.close()
        except SourceError as error:
            if self._once and error.transient:  # nobody who says "once" means to wait for days
                raise SourceError(error.message, error.help) from error
            raise

    def _read(self, link: Link) -> Generator[Batch, None, None]:
        tick_s = count_s = 0.0
        while not self._stopped.is_set():
            link.acknowledge(self._desk.durable())
            if time.monotonic() >= count_s:
                count_s = time.monotonic() + COUNT_EVERY_S
                self.waiting = link.waiting()
            on_their_way = self._desk.on_their_way
            if on_their_way >= self._prefetch:
                self._desk.wait(self._prefetch - 1, _IDLE_S)
                continue
            limit = min(self._prefetch - on_their_way, LIVE_BATCH)
            messages = link.receive(limit, _BUSY_S if on_their_way else _IDLE_S)
            if messages:
                yield from self._handed_out(messages, link.checkpoint())
            elif not on_their_way and (self._once or time.monotonic() >= tick_s) and link.caught_up():
                tick_s = time.monotonic() + TICK_EVERY_S
                # Where it began belongs to the checkpoint even if nothing has come yet.
                yield Batch([Tick(self._clock_us() - self.lateness_us - _MARGIN_US, self.name)], link.checkpoint())
                if self._once:
                    return

    def _handed_out(self, messages: Sequence[Message], checkpoint: Json | None) -> Generator[Batch, None, None]:
        """The events of these messages. All messages are acknowledged with the last of them."""
        inputs: list[Input] = []
        now_us = self._clock_us()
        for message in messages:
            inputs += self._payload.inputs(message, now_us)
        durable = self._desk.hand_out(messages)
        parts = [inputs[start : start + LIVE_BATCH] for start in range(0, len(inputs), LIVE_BATCH)] or [[]]
        yield from map(Batch, parts[:-1])
        yield Batch(parts[-1], checkpoint, durable)
