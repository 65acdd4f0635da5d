"""However much waits, sending one message costs the same: an outage of days must not take days to make up for."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from trailbell.store.database import open_database
from trailbell.store.outbox import StoreOutbox
from trailbell_engine.timestamps import SECOND_US
from trailbell_notifiers.delivery.outbox import Delivery, Queue, after
from trailbell_notifiers.receipt import Delivered, Retry

NOW_US = 1_800_000_000 * SECOND_US
QUEUE = Queue("siem", "")


@pytest.fixture
def outbox():
    """A function: an outbox in SQLite in which so many messages wait, two of which have failed again and again."""
    stack = []

    def make(count):
        folder = tempfile.TemporaryDirectory()
        database = open_database(Path(folder.name))
        stack.extend([closing(database), folder])
        made = StoreOutbox(database)
        rows = [
            Delivery(
                id=f"dlv_{number}",
                alert_id=str(number),
                receiver="siem",
                thread=str(number),
                body=b"{}",
                created_us=NOW_US,
                not_before_us=NOW_US,
                attempts=7 if number < 2 else 0,
            )
            for number in range(count)
        ]
        with database.transaction():
            made.add(rows)
        return made

    yield make
    for one in stack:
        one.__exit__(None, None, None)


def _work(outbox, receipt):
    """What SQLite does for one message, in hundreds of its instructions."""
    counted = 0

    def count():
        nonlocal counted
        counted += 1
        return False

    epoch = outbox.next_epoch(NOW_US)
    outbox._database.connection.set_progress_handler(count, 100)
    assert outbox.queues() == [QUEUE]
    assert outbox.next_due_us(QUEUE, NOW_US, epoch) <= NOW_US
    leased = outbox.claim(QUEUE, NOW_US, epoch)
    assert outbox.reference(QUEUE, leased.thread) == ""
    assert outbox.record(after(leased, receipt, NOW_US), epoch=epoch, recovered=False)
    outbox._database.connection.set_progress_handler(None)
    return counted


@pytest.mark.parametrize("receipt", [Delivered(), Retry("down")])
def test_the_work_for_a_message_does_not_grow(outbox, receipt):
    """Twenty times as many wait, and the same few rows are looked at."""
    few, many = (_work(outbox(count), receipt) for count in (200, 4_000))
    assert many <= few + 5
