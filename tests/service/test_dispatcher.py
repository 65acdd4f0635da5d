"""Sender threads, when something fails that nobody foresaw."""

from __future__ import annotations

import threading
from collections import Counter
from contextlib import closing
from dataclasses import replace

import pytest

from trailbell import dispatcher as module
from trailbell.clock import now_us
from trailbell.dispatcher import Dispatcher
from trailbell.store.database import open_database
from trailbell.store.outbox import StoreOutbox
from trailbell_engine.timestamps import SECOND_US
from trailbell_notifiers.delivery.outbox import Delivery
from trailbell_notifiers.receipt import Delivered

ROW = Delivery(id="dlv_1", alert_id="a", receiver="sec", body=b"{}", created_us=0, not_before_us=0)


class _Faulty:
    """A channel with a fault: its first attempt raises."""

    name = "sec"
    targets = ("",)
    rate = None

    def __init__(self):
        self.attempts = []

    def send(self, body, attempt, _now_s):
        self.attempts.append((body, attempt))
        if len(self.attempts) == 1:
            raise RuntimeError("nobody foresaw this")
        return Delivered()


class _Working(_Faulty):
    """One without."""

    def __init__(self, name):
        self.name, self.attempts = name, [()]


class _Counting:
    """Attends to nothing, and counts how often the sender of a receiver came by."""

    def __init__(self):
        self.steps = Counter()

    def before(self, queue, _now_us):
        self.steps[queue.receiver] += 1

    def after(self, _queue, _sent, _now_us):
        return False

    def lies_still(self):
        """Whether there comes half a second, within thirty, in which nobody comes by."""
        for _ in range(60):
            before = self.steps.copy()
            threading.Event().wait(0.5)
            if self.steps == before:
                return True
        return False


@pytest.fixture
def outbox(tmp_path):
    """An outbox in a store, with one delivery."""
    database = open_database(tmp_path)
    outbox = StoreOutbox(database)
    with database.transaction():
        outbox.add([ROW])
    yield outbox
    database.close()


def test_a_fault_of_a_channel_is_survived(outbox, monkeypatch, caplog):
    """It is logged in words; the delivery goes out later, as one that may have arrived before."""
    monkeypatch.setattr(module, "_AFTER_FAULT_US", 1)
    channel = _Faulty()
    dispatcher = Dispatcher(outbox, {"sec": channel}, now_us=now_us, attempted=lambda _: None)
    dispatcher.wake()
    assert dispatcher.drain(30 * SECOND_US)
    dispatcher.stop()
    first, second = channel.attempts
    assert first[0] == second[0]
    assert (first[1].uncertain, second[1].uncertain) == (False, True)
    assert "sending to sec failed: RuntimeError: nobody foresaw this" in caplog.text


def test_senders_with_nothing_to_do_lie_still(tmp_path):
    """A sender that lies down does not wake the others, or several receivers would keep a processor busy for ever."""
    names = ("ops", "sec", "siem")
    channels = {name: _Working(name) for name in names}
    attendant = _Counting()
    with closing(open_database(tmp_path)) as database:
        outbox = StoreOutbox(database)
        with database.transaction():
            outbox.add([replace(ROW, id=f"dlv_{name}", receiver=name) for name in names])
        dispatcher = Dispatcher(outbox, channels, now_us=now_us, attempted=lambda _: None, attendant=attendant)
        try:
            dispatcher.wake()
            assert dispatcher.drain(30 * SECOND_US)
            assert attendant.lies_still()
            before = attendant.steps.copy()
            dispatcher.wake()
            assert attendant.lies_still()
            assert all(attendant.steps[name] > before[name] for name in names)
        finally:
            dispatcher.stop()


def test_a_drain_has_an_end(outbox, monkeypatch):
    """A delivery that never gets through does not keep a run from ending, and the run says so."""
    monkeypatch.setattr(module, "_GRACE_US", 0)
    ended = threading.Event()

    class Stuck(_Faulty):
        def send(self, _body, _attempt, _now_s):
            raise RuntimeError("still broken")

    dispatcher = Dispatcher(outbox, {"sec": Stuck()}, now_us=now_us, attempted=lambda _: ended.set())
    dispatcher.wake()
    assert not dispatcher.drain(SECOND_US)
    dispatcher.stop()
    assert not ended.is_set()
    (row, _), *_ = outbox.of_alert("a")
    assert replace(row, attempts=0, state="pending", lease_epoch=0, uncertain=False) == ROW
