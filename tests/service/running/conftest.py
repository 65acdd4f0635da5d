"""A source that a test feeds by hand, and live runs on threads of their own."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import pytest

from trailbell.live import Live
from trailbell.rulebook.book import RuleBook
from trailbell.running import reloader
from trailbell.running.reloader import Reloader
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

    def start(
        sources,
        text="{id: all, title: t, severity: low, match: {}}",
        database=None,
        **keywords,
    ):
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


class Heard(logging.Handler):
    """What the program says, as it says it."""

    def __init__(self):
        super().__init__(logging.INFO)
        self.messages = []
        self._changed = threading.Condition()

    def emit(self, record):
        with self._changed:
            self.messages.append(record.getMessage())
            self._changed.notify_all()

    def wait(self, words, after=0):
        """The first message with these words among those after so many; waits for it."""

        def found():
            return next((message for message in self.messages[after:] if words in message), None)

        with self._changed:
            assert self._changed.wait_for(lambda: found() is not None, PATIENCE_S), self.messages
            return found()


@pytest.fixture
def heard():
    """What the program logs from now on."""
    handler, logger = Heard(), logging.getLogger("trailbell")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield handler
    logger.removeHandler(handler)
    logger.setLevel(level)


class Reloading:
    """A live run of one source whose rules are files that a test writes."""

    def __init__(self, folder, source, database, told, **keywords):
        self.folder, self.source, self.database = folder, source, database
        book = RuleBook([str(folder)])
        edition = book.edition()
        self.live = Live(edition.rules, database, Receivers({}, None), told=told.extend, attempted=lambda _: None)
        self.reloader = Reloader([str(folder)], book, edition, self.live.exchange, **keywords)
        self.told = told
        self._executor = ThreadPoolExecutor(1)
        self._done = self._executor.submit(self.live.run, [source])
        self.reloader.start()

    def write(self, text, name="rules.yaml"):
        (self.folder / name).write_text(text, encoding="utf-8")

    def take(self, *events):
        """Events, and the titles of the alerts that have been told since the start."""
        assert self.source.give(*events).wait(PATIENCE_S)
        return [one.stored.wording["title"] for one in self.told]

    def end(self):
        self.reloader.stop()
        self.live.stop()
        self._done.result(PATIENCE_S)
        self.live.__exit__()
        self._executor.shutdown()


@pytest.fixture
def reloading(tmp_path, feed, store, monkeypatch):
    """A function: a live run of the rules of a text, which are read again as soon as their file changes."""
    monkeypatch.setattr(reloader, "EVERY_S", 0.01)
    monkeypatch.setattr(reloader, "STILL_S", 0.01)
    running = []

    def start(text, *, lateness_us=0, **keywords):
        folder = tmp_path / "rules"
        folder.mkdir()
        (folder / "rules.yaml").write_text(text, encoding="utf-8")
        running.append(Reloading(folder, feed("vonage", lateness_us=lateness_us), store(), [], **keywords))
        return running[-1]

    yield start
    for one in running:
        one.end()
