"""A store with alerts and an outbox, receivers that do what they are told, and a clock that is set."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from trailbell.configuration.receivers import ReceiverOptions
from trailbell.standby.attendant import Attendant
from trailbell.store.alerts import Alerts
from trailbell.store.database import open_database
from trailbell.store.outbox import StoreOutbox
from trailbell.testing.messages import sample_alert
from trailbell_engine.rule import RuleSet
from trailbell_engine.timestamps import SECOND_US
from trailbell_notifiers.delivery.outbox import Delivery, Queue, delivery_id
from trailbell_notifiers.delivery.sender import Sender, Sent
from trailbell_notifiers.receipt import Delivered, Retry

FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Thousands of commits, each of which waits for the disk: in memory, where the machine has such a place."""
T0 = 1_800_000_000 * SECOND_US
WORDING = {"title": "A title", "summary": "A summary", "fields": [], "problems": []}


class Receiver:
    """A receiver that is up, or down, and then may ask for a pause; it keeps what it takes."""

    targets = ("",)

    def __init__(self, name, rate=None):
        self.name = name
        self.rate = rate
        self.down = ""
        self.asks_s = None
        self.attempts = 0
        self.taken = []

    def render(self, message, _delivery_id):
        return json.dumps({"kind": message.kind, "title": message.headline, "change": message.change}).encode()

    def send(self, body, attempt, _now_s):
        self.attempts += 1
        if self.down:
            return Retry(self.down, self.asks_s)
        self.taken.append((attempt.delivery_id, json.loads(body)))
        return Delivered()

    @property
    def kinds(self):
        """What has arrived, by kind."""
        return [body["kind"] for _, body in self.taken]


class Office:
    """Everything that sends, on a clock of its own: ``run`` lets time pass from one thing to do to the next."""

    def __init__(self, database, receivers, options):
        self.now_us = T0
        self.database = database
        self.outbox = StoreOutbox(database)
        self.receivers = {receiver.name: receiver for receiver in receivers}
        self.attendant = Attendant(database, self.receivers, options, lambda: RuleSet(()))
        self.epoch = self.outbox.next_epoch(self.now_us)
        self._senders = {}
        self._alerts = Alerts(database)

    def add(self, count, receiver="chat", *, first=0):
        """So many alerts, each with a delivery."""
        with self.database.transaction():
            for number in range(first, first + count):
                alert = replace(sample_alert(), id=f"{number:032x}", opened_at_us=T0 + number)
                self._alerts.add(alert, WORDING)
                row = Delivery(
                    id=delivery_id(alert.id, receiver, "opened"),
                    alert_id=alert.id,
                    receiver=receiver,
                    thread=alert.id,
                    body=json.dumps({"kind": "opened", "title": str(number)}).encode(),
                    created_us=self.now_us,
                    not_before_us=self.now_us,
                )
                self.outbox.add([row], {receiver: "a route"})

    def run(self, until_us):
        """Let time pass; nobody sleeps for more than two minutes."""
        while True:
            waits = [self._turn(queue) for queue in self.outbox.queues()]
            next_us = min((wait for wait in waits if wait is not None), default=until_us)
            if next_us >= until_us:
                self.now_us = until_us
                return
            self.now_us = max(self.now_us, next_us)

    def restart(self):
        """The program ends and is started again: what was leased is void, and nobody remembers a sender."""
        self.epoch = self.outbox.next_epoch(self.now_us)
        self._senders.clear()

    def _turn(self, queue):
        """One step of a queue's sender; when it wants to be asked again."""
        sender = self._senders.setdefault(
            queue, Sender(self.receivers[queue.receiver], self.outbox, lambda: self.now_us, self.epoch)
        )
        held_us = self.attendant.before(queue, self.now_us)
        outcome = SimpleNamespace(until_us=held_us) if held_us is not None else sender.step(queue)
        sent = outcome if isinstance(outcome, Sent) else None
        news = self.attendant.after(queue, sent, self.now_us)
        if sent is not None or news:
            return self.now_us
        wait_us = self.now_us + 120 * SECOND_US
        return wait_us if outcome.until_us is None else max(self.now_us + 1_000, min(wait_us, outcome.until_us))

    def states(self):
        """How many deliveries there are in each state."""
        return dict(self.outbox.counts())


@pytest.fixture
def office():
    """A function: an office of these receivers; options by name."""
    with tempfile.TemporaryDirectory(dir=FAST) as folder, ExitStack() as stack:

        def make(*receivers, **options):
            database = stack.enter_context(closing(open_database(Path(folder))))
            return Office(database, receivers, {name: ReceiverOptions(**given) for name, given in options.items()})

        yield make


@pytest.fixture
def receiver():
    """The class of receivers that are up or down."""
    return Receiver


@pytest.fixture
def chat_queue():
    """The queue of the receiver `chat`."""
    return Queue("chat", "")
