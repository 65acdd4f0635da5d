"""The outbox's contract, met by the one in memory, which defines it, and by the one in the store, in either engine."""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from trailbell.store.address import read_address
from trailbell.store.database import open_database
from trailbell.store.outbox import StoreOutbox
from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from trailbell_notifiers.delivery.breaker import OPEN_AFTER, Breaker, tried
from trailbell_notifiers.delivery.memory_outbox import MemoryOutbox
from trailbell_notifiers.delivery.outbox import GIVE_WAY, Delivery, Queue, Tried, after, recovered
from trailbell_notifiers.receipt import Ambiguous, Delivered, Rejected, Retry

FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Thousands of commits, each of which waits for the disk: in memory, where the machine has such a place."""
T0 = 1_800_000_000 * SECOND_US
QUEUE = Queue("sec", "")
NUMBERS = itertools.count(1)


def _row(name, **changes):
    fields = {
        "id": f"dlv_{name}",
        "alert_id": str(name),
        "receiver": "sec",
        "body": b"\0\xff bytes",
        "created_us": T0,
        "not_before_us": T0,
    }
    return Delivery(**fields | changes)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def backend(request):
    """Where it is kept."""
    return request.param


@pytest.fixture
def outbox(backend, request):
    """Each of them, empty."""
    return MemoryOutbox() if backend == "memory" else StoreOutbox(request.getfixturevalue("store")())


def _fail(outbox, row, receipt, now_us, epoch=1):
    outcome = after(row, receipt, now_us)
    assert outbox.record(outcome, epoch=epoch, recovered=recovered(row, receipt))
    return outcome


def test_what_is_added_is_claimed_byte_for_byte(outbox):
    """The body is what was rendered; the lease counts the attempt."""
    outbox.add([_row(1)])
    assert outbox.claim(QUEUE, T0, 7) == replace(_row(1), state="leased", attempts=1, lease_epoch=7)


def test_a_known_id_is_left_as_it_is(outbox):
    """Adding is idempotent: a replayed batch tells nobody twice."""
    outbox.add([_row(1)])
    outbox.add([_row(1, body=b"other"), _row(2)])
    first = outbox.claim(QUEUE, T0, 1)
    assert first.body == _row(1).body
    _fail(outbox, first, Delivered(), T0)
    outbox.add([_row(1)])
    assert outbox.claim(QUEUE, T0, 1).id == "dlv_2"


def test_queues_are_receivers_and_targets_with_open_rows(outbox):
    """What is sent or dead is no queue any more."""
    outbox.add([_row(1), _row(2, receiver="mail", target="a@x"), _row(3, receiver="mail", target="b@x")])
    assert set(outbox.queues()) == {QUEUE, Queue("mail", "a@x"), Queue("mail", "b@x")}
    _fail(outbox, outbox.claim(QUEUE, T0, 1), Delivered(), T0)
    _fail(outbox, outbox.claim(Queue("mail", "a@x"), T0, 1), Rejected("no", "payload"), T0)
    assert outbox.queues() == [Queue("mail", "b@x")]


def test_one_attempt_at_a_time_in_the_order_of_adding(outbox):
    """While one is under way there is nothing to claim, and no instant to wait for."""
    outbox.add([_row(2), _row(1)])
    leased = outbox.claim(QUEUE, T0, 1)
    assert leased.id == "dlv_2"
    assert outbox.claim(QUEUE, T0 + DAY_US, 1) is None
    assert outbox.next_due_us(QUEUE, T0, 1) is None
    _fail(outbox, leased, Retry("down"), T0)
    assert outbox.claim(QUEUE, T0, 1) is None
    assert outbox.next_due_us(QUEUE, T0, 1) > T0
    assert outbox.claim(QUEUE, T0 + MINUTE_US, 1).id == "dlv_2"


def test_one_that_fails_again_and_again_steps_aside(outbox):
    """After `GIVE_WAY` failures the others go on, and it is tried when it is due."""
    outbox.add([_row(1), _row(2)])
    for hour in range(GIVE_WAY):
        now_us = T0 + hour * HOUR_US
        _fail(outbox, outbox.claim(QUEUE, now_us, 1), Retry("no"), now_us)
    now_us = T0 + GIVE_WAY * HOUR_US
    second = outbox.claim(QUEUE, now_us, 1)
    assert second.id == "dlv_2"
    _fail(outbox, second, Delivered(), now_us)
    assert outbox.claim(QUEUE, now_us, 1).id == "dlv_1"


def test_a_lease_of_an_earlier_run_is_void_at_once(outbox):
    """Nobody waits for a run that died; its attempt counts as uncertain, and its late outcome is refused."""
    outbox.add([_row(1)])
    lost = outbox.claim(QUEUE, T0, 1)
    assert outbox.next_due_us(QUEUE, T0, 2) == 0
    taken = outbox.claim(QUEUE, T0, 2)
    assert (taken.uncertain, taken.attempts, taken.lease_epoch) == (True, 2, 2)
    assert not outbox.record(after(lost, Delivered(), T0), epoch=1, recovered=False)
    assert outbox.record(after(taken, Delivered(), T0), epoch=2, recovered=False)


def test_an_outcome_is_recorded_once(outbox):
    """Without its lease, a second time, or for an unknown id, nothing is written."""
    outbox.add([_row(1)])
    outcome = after(outbox.claim(QUEUE, T0, 1), Retry("no"), T0)
    assert outbox.record(outcome, epoch=1, recovered=False)
    assert not outbox.record(outcome, epoch=1, recovered=False)
    assert not outbox.record(_row(9), epoch=1, recovered=False)


def test_a_receiver_that_is_back_keeps_nobody_waiting(outbox):
    """The first success after failures makes everything of its queue due, and of no other."""
    outbox.add([_row(1), _row(2, not_before_us=T0 + HOUR_US), _row(3, receiver="mail", not_before_us=T0 + HOUR_US)])
    _fail(outbox, outbox.claim(QUEUE, T0, 1), Retry("no"), T0)
    _fail(outbox, outbox.claim(QUEUE, T0 + MINUTE_US, 1), Delivered(), T0 + MINUTE_US)
    assert outbox.next_due_us(QUEUE, T0, 1) == T0 + MINUTE_US
    assert outbox.next_due_us(Queue("mail", ""), T0, 1) == T0 + HOUR_US


def test_a_clock_that_was_ahead_holds_nothing_back(outbox):
    """Set right by thirteen days, what failed and what stepped aside are due; a real pause is kept to."""
    ahead_us = T0 + 13 * DAY_US
    outbox.add([_row(1, not_before_us=ahead_us, attempts=GIVE_WAY), _row(2, not_before_us=ahead_us, attempts=1)])
    outbox.add([_row(3, receiver="mail", not_before_us=T0 + HOUR_US)])
    for expected in ("dlv_2", "dlv_1"):
        assert outbox.next_due_us(QUEUE, T0, 1) <= T0
        leased = outbox.claim(QUEUE, T0, 1)
        assert leased.id == expected
        _fail(outbox, leased, Rejected("no", "payload"), T0)
    assert outbox.claim(Queue("mail", ""), T0, 1) is None


def test_a_probe_of_a_clock_that_was_ahead_is_made(outbox):
    """A receiver that was to be asked again in thirteen days is asked now, and has failed since now at the latest."""
    outbox.add([_row(1)])
    broken = Breaker(OPEN_AFTER, T0 + 13 * DAY_US, T0 + 13 * DAY_US, "down")
    leased = outbox.claim(QUEUE, T0, 1)
    outcome = after(leased, Retry("down"), T0)
    outbox.record(outcome, epoch=1, recovered=False, tried=Tried(T0, "retry", "down", broken))
    assert outbox.next_due_us(QUEUE, T0, 1) <= T0
    assert outbox.claim(QUEUE, T0, 1).id == "dlv_1"
    assert tried(outbox.breaker(QUEUE), Retry("down"), T0).since_us == T0


def test_a_start_is_the_word_to_try_everything_now(outbox):
    """What failed a few times, what is parked, what stepped aside; how often each was tried is kept."""
    receivers = ("mail", "sec", "siem")
    outbox.add(
        [
            _row(1, receiver="sec", not_before_us=T0 + MINUTE_US, attempts=2),
            _row(2, receiver="mail", not_before_us=T0 + HOUR_US, attempts=3, state="parked"),
            _row(3, receiver="siem", not_before_us=T0 + HOUR_US, attempts=GIVE_WAY, state="ambiguous", uncertain=True),
        ]
    )
    assert [outbox.claim(Queue(name, ""), T0, 1) for name in receivers] == [None, None, None]
    epoch = outbox.next_epoch(T0)
    leased = [outbox.claim(Queue(name, ""), T0, epoch) for name in receivers]
    assert [(row.id, row.attempts, row.uncertain) for row in leased] == [
        ("dlv_2", 4, False),
        ("dlv_1", 3, False),
        ("dlv_3", GIVE_WAY + 1, True),
    ]


def test_a_start_by_cron_keeps_the_pauses_that_were_asked_for(outbox):
    """Nothing was mended: a receiver that asked for an hour has it. What only the schedule puts off is tried."""
    outbox.add([_row(1), _row(2, receiver="mail"), _row(3, receiver="siem"), _row(4, receiver="chat")])
    outbox.next_epoch(T0)
    receipts = {"sec": Retry("busy", 3600.0), "mail": Retry("down"), "siem": Rejected("no", "receiver")}
    for receiver, receipt in (receipts | {"chat": Retry("busy", 3600.0)}).items():
        leased = outbox.claim(Queue(receiver, ""), T0, 1)
        broken = Breaker(OPEN_AFTER if receiver == "chat" else 1, T0, T0 + HOUR_US, "busy")
        outcome = after(leased, receipt, T0)
        outbox.record(outcome, epoch=1, recovered=False, tried=Tried(T0, "retry", receipt.reason, broken))
    soon_us = T0 + SECOND_US
    epoch = outbox.next_epoch(soon_us, keep_asked=True)
    due = {name: outbox.next_due_us(Queue(name, ""), soon_us, epoch) <= soon_us for name in (*receipts, "chat")}
    assert due == {"sec": False, "mail": True, "siem": True, "chat": False}
    early_us = T0 - 13 * DAY_US  # the clock was ahead
    epoch = outbox.next_epoch(early_us, keep_asked=True)
    assert outbox.claim(QUEUE, early_us, epoch).id == "dlv_1"
    outbox.next_epoch(soon_us)
    assert outbox.next_due_us(Queue("chat", ""), soon_us, epoch + 1) <= soon_us


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
def test_epochs_grow_with_every_start_and_are_kept(store):
    """So that a lease can be told from those of runs before, whatever the clock says."""
    database = store()
    assert [StoreOutbox(database).next_epoch(T0) for _ in range(2)] == [1, 2]
    database.close()
    assert StoreOutbox(store()).next_epoch(T0) == 3


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
def test_rows_of_a_failed_batch_are_not_there(store):
    """Deliveries are added in their alerts' transaction, or not at all."""
    database = store()

    def batch():
        with database.transaction():
            StoreOutbox(database).add([_row(1)])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batch()
    assert StoreOutbox(database).queues() == []


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
def test_reasons_and_failures_can_be_read(store):
    """Why somebody is told, and what their receiver says is wrong."""
    outbox = StoreOutbox(store())
    outbox.add([_row(1), _row(2, receiver="mail")], {"sec": "the top route"})
    assert outbox.of_alert("1") == [(_row(1), "the top route")]
    assert outbox.of_alert("2") == [(_row(2, receiver="mail"), "")]
    failed = _fail(outbox, outbox.claim(QUEUE, T0, 1), Retry("the endpoint answered 503"), T0)
    assert outbox.of_alert("1")[0][0] == failed
    assert outbox.failures() == [("mail", "not tried yet", 1), ("sec", "the endpoint answered 503", 1)]
    assert outbox.counts() == {"pending": 2}


def test_two_threads_never_get_the_same_delivery(outbox):
    """Claims are transactions."""
    outbox.add([_row(number, target=str(number % 2)) for number in range(40)])
    got, start = [], threading.Barrier(4)

    def work(queue):
        start.wait()
        while outbox.queues():
            leased = outbox.claim(queue, T0, 1)
            if leased is not None:
                got.append(leased.id)
                outbox.record(after(leased, Delivered(), T0), epoch=1, recovered=False)

    threads = [threading.Thread(target=work, args=(Queue("sec", target),)) for target in "0101"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted(f"dlv_{number}" for number in range(40))


RECEIPTS = st.sampled_from(
    [
        Delivered("ref"),
        Retry("no"),
        Retry("later", 90.0),
        Ambiguous("?"),
        Rejected("x", "receiver"),
        Rejected("y", "payload"),
    ]
)
QUEUES = st.sampled_from([QUEUE, Queue("mail", "a@x"), Queue("mail", "b@x")])


class Twins(RuleBasedStateMachine):
    """Both outboxes go through the same, restarts and failures included, and agree at every step."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=FAST)
        self.address = self.address_in(Path(self.folder.name))
        self.database = open_database(self.address)
        self.store, self.memory = StoreOutbox(self.database), MemoryOutbox()
        self.now_us, self.leased = T0, {}
        self.begin()

    @rule(queue=QUEUES, number=st.integers(0, 12), wait_s=st.integers(-60, 60))
    def add(self, queue, number, wait_s):
        row = _row(f"{queue}{number}", receiver=queue.receiver, target=queue.target, created_us=self.now_us)
        row = replace(row, not_before_us=self.now_us + wait_s * SECOND_US)
        self.store.add([row])
        self.memory.add([row])

    @rule(queue=QUEUES)
    def claim(self, queue):
        claimed = self.memory.claim(queue, self.now_us, self.epoch)
        assert self.store.claim(queue, self.now_us, self.epoch) == claimed
        if claimed is not None:
            self.leased[queue] = claimed

    @precondition(lambda self: self.leased)
    @rule(receipt=RECEIPTS, data=st.data())
    def record(self, receipt, data):
        leased = self.leased.pop(data.draw(st.sampled_from(sorted(self.leased))))
        outcome = after(leased, receipt, self.now_us)
        for outbox in (self.store, self.memory):
            assert outbox.record(outcome, epoch=self.epoch, recovered=recovered(leased, receipt))

    @rule(wait_us=st.sampled_from([SECOND_US, MINUTE_US, 10 * MINUTE_US, DAY_US, -HOUR_US, -13 * DAY_US]))
    def wait(self, wait_us):
        self.now_us += wait_us

    @rule()
    def restart(self):
        self.database.close()
        self.database = open_database(self.address)
        self.store = StoreOutbox(self.database)
        self.begin()

    def begin(self):
        self.epoch, self.leased = self.store.next_epoch(self.now_us), {}
        assert self.memory.next_epoch(self.now_us) == self.epoch

    @invariant()
    def they_agree(self):
        assert sorted(self.store.queues()) == sorted(self.memory.queues())
        for queue in self.memory.queues():
            assert self.store.next_due_us(queue, self.now_us, self.epoch) == self.memory.next_due_us(
                queue, self.now_us, self.epoch
            )
        rows = {
            delivery.id: delivery
            for row in self.memory.rows.values()
            for delivery, _ in self.store.of_alert(row.alert_id)
        }
        assert rows == self.memory.rows

    def teardown(self):
        self.database.close()
        self.folder.cleanup()


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
def test_twins(backend, request):
    """Whatever is done, and in whatever order."""
    server = request.getfixturevalue("postgres") if backend == "postgres" else None

    class TheseTwins(Twins):
        @staticmethod
        def address_in(folder):
            if server is None:
                return folder
            schema = f"twins_{os.getpid()}_{next(NUMBERS)}"
            return read_address(server.url(schema=schema, folder=folder), folder)

    effort = settings(max_examples=25 if server is None else 8, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(TheseTwins, settings=effort)
