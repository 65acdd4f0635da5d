"""A broker that can be asked from a time on: what it took then, and still keeps, is a source's past."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Any, Final, Protocol

from trailbell.sources.past import Part, Past
from trailbell_engine.decoding.decoder import Decoder
from trailbell_engine.event import Input
from trailbell_engine.timestamps import DAY_US

from .link import Broker, Message
from .payload import AHEAD_US
from .source import BrokerSource

BEHIND_US: Final = DAY_US
"""What the broker took later than this after it happened is not looked for."""


class RecallingBroker(Broker, Protocol):
    """A broker that keeps what it has delivered."""

    def taken(self, since_us: int) -> Generator[Sequence[Message], None, None]:
        """What it took from an instant on and keeps now, in the order in which it took it; nothing is changed there.

        Raises:
            SourceError: if it is away, refuses us, or has nothing of that name.
        """


class RecallingSource(BrokerSource):
    """Reads from such a broker."""

    def __init__(self, name: str, broker: RecallingBroker, *arguments: Any, **keywords: Any) -> None:
        super().__init__(name, broker, *arguments, **keywords)
        self._recalling = broker

    def backfill(self, since_us: int, until_us: int) -> Past:
        """What happened between two instants, as far as the broker keeps it; see ``Source``.

        Messages are in the order in which the broker took them: as live, events are put in order within the lateness.
        """
        span_us = (since_us, until_us)
        return Past(
            self.name, self._payload.map, span_us, self._parts, lateness_us=self.lateness_us, clock=self._clock_us
        )

    def _parts(self, _decoder: Decoder, since_us: int, until_us: int) -> Iterator[Part]:
        reached_us = since_us
        # An event may be a little ahead of the clock of whoever took it.
        with closing(self._recalling.taken(since_us - AHEAD_US)) as pieces:
            for messages in pieces:
                times_us = [one.time_us for one in messages if one.time_us is not None]
                if times_us and min(times_us) > until_us + max(BEHIND_US, self.lateness_us):
                    break
                reached_us = max(reached_us, min(until_us, max(times_us, default=0) - self.lateness_us))
                yield Part(self._inputs(messages), reached_us)
        yield Part([], until_us)

    def _inputs(self, messages: Sequence[Message]) -> list[Input]:
        now_us = self._clock_us()
        return [item for message in messages for item in self._payload.inputs(message, now_us)]
