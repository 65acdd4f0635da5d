"""Events that others send: a bounded queue between the threads that take them in and the engine."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from trailbell_engine.event import Input
from trailbell_engine.values import Json

from .base import LIVE_BATCH, Batch

CAPACITY: Final = 10_000
"""Events that wait or are being committed; beyond, senders are asked to come again."""


class _Parcel(NamedTuple):
    """What one sender sent at once.

    Attributes:
        inputs: at least one.
        stored: is called when all of them are durable.
    """

    inputs: Sequence[Input]
    stored: Callable[[], None]


class Inbox:
    """A source that is filled by ``offer``, from any thread, until it is stopped.

    Attributes:
        name: of the source, and of its events.
        lateness_us: how late an event may come and still be taken in its order.
        bounded: never.
        wall_clock: its events are of now.
        fleeting: whether a sender comes again is its own business.
    """

    bounded = False
    wall_clock = True
    fleeting = True
    no_past = "what is pushed is kept by whoever pushes it, if at all"

    def __init__(self, name: str, lateness_us: int = 0, capacity: int = CAPACITY) -> None:
        self.name = name
        self.lateness_us = lateness_us
        self._capacity = capacity
        self._changed = threading.Condition()
        self._waiting: deque[_Parcel] = deque()
        self._given: deque[_Parcel] = deque()
        self._stopped = False

    @property
    def depth(self) -> int:
        """How many events are taken in and not yet durable."""
        with self._changed:
            return self._depth()

    def offer(self, inputs: Sequence[Input], stored: Callable[[], None]) -> bool:
        """Take events in, all or none.

        Args:
            inputs: in the order they are to be taken.
            stored: called once when all are durable, on the engine's thread; never, if the engine ends before.

        Returns:
            False if there is no room now, or the source has been stopped. An empty queue has room for anything.
        """
        with self._changed:
            depth = self._depth()
            if self._stopped or (depth and depth + len(inputs) > self._capacity):
                return False
            self._waiting.append(_Parcel(inputs, stored))
            self._changed.notify()
            return True

    def stop(self) -> None:
        """Make ``batches`` end, and take nothing in any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def batches(self, checkpoint: Json | None) -> Generator[Batch, None, None]:  # noqa: ARG002 - there is none
        """What is sent, as it comes. What an earlier call gave out and nobody committed comes again first."""
        with self._changed:
            self._waiting.extendleft(reversed(self._given))
            self._given.clear()
        while (parcel := self._next()) is not None:
            edges = [*range(0, len(parcel.inputs), LIVE_BATCH), len(parcel.inputs)]
            *before, (start, end) = pairwise(edges)
            for first, after in before:
                yield Batch(parcel.inputs[first:after])
            yield Batch(parcel.inputs[start:end], None, lambda parcel=parcel: self._stored(parcel))  # type: ignore[misc]  # mypy cannot infer a lambda with a default

    def _depth(self) -> int:
        return sum(len(parcel.inputs) for queue in (self._waiting, self._given) for parcel in queue)

    def _next(self) -> _Parcel | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopped)
            if not self._waiting:
                return None
            parcel = self._waiting.popleft()
            self._given.append(parcel)
            return parcel

    def _stored(self, parcel: _Parcel) -> None:
        with self._changed:
            self._given = deque(given for given in self._given if given is not parcel)
        parcel.stored()
