"""A source that a test feeds by hand, and live runs on threads of their own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import pytest

from trailbell.live import Live
from trailbell.sources.base import Batch
from trailbell.wiring import Receivers

PATIENCE_S = 30


class Feed:
    """A source whose batches come from a test: ``give`` them; an exception given is raised; ``end`` ends it."""

    def __init__(self, name, *, lateness_us=0, bounded=False, wall_clock=False):
        self.name, self.lateness_us, self.bounded, self.wall_clock = name, lateness_us, bounded, wall_clock
        self.began = []
        self.stops = 0
        self._queue = SimpleQueue()

    def give(self, *inputs, checkpoint=None, committed=None):
        """Hand a batch over; gives an event that is set when it is durable."""
        durable = threading.Event()

        def tell():
            if committed is not None:
                committed()
            durable.set()

        self._queue.put(Batch(inputs, checkpoint, tell))
        return durable

    def fail(self, error):
        self._queue.put(error)

    def end(self):
        self._queue.put(None)

    def stop(self):
        self.stops += 1
        self.end()

    def batches(self, checkpoint):
        self.began.append(checkpoint)
        while (given := self._queue.get()) is not None:
            if isinstance(given, Exception):
                raise given
            yield given


@pytest.fixture
def feed():
    """A function: a source to feed."""
    return Feed


@pytest.fixture
def live(store, rules):
    """A function: a live run of sources on a store, started; gives it and the future of its end."""
    running, executor = [], ThreadPoolExecutor(8)

    def start(sources, text="{id: all, title: t, severity: low, match: {}}", database=None, **keywords):
        keywords = {"told": lambda _: None, "attempted": lambda _: None, "first_retry_s": 0.01} | keywords
        one = Live(rules(text), database or store(), Receivers({}, None), **keywords)
        running.append((one, executor.submit(one.run, sources)))
        return running[-1]

    yield start
    for one, future in running:
        one.stop()
        future.exception(PATIENCE_S)
        one.__exit__()
    executor.shutdown()
