"""The delivery state machine: schedule, leases, order, and that nothing is ever lost, whatever happens when."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from trailbell_notifiers.delivery.memory_outbox import MemoryOutbox
from trailbell_notifiers.delivery.outbox import (
    GIVE_WAY,
    OPEN_STATES,
    SCHEDULE_US,
    Delivery,
    Queue,
    after,
    choose,
    deliveries,
    delivery_id,
    lease,
    next_due,
    pause_us,
    recovered,
    release,
)
from trailbell_notifiers.delivery.sender import Sender, Sent, Wait
from trailbell_notifiers.pace import Bucket, Rate, full, take
from trailbell_notifiers.receipt import Ambiguous, Delivered, Rejected, Retry

T0 = 1_800_000_000 * SECOND_US


def _row(name="a", **changes):
    base = {
        "id": f"dlv_{name}",
        "alert_id": name,
        "receiver": "sec",
        "body": b"x",
        "created_us": T0,
        "not_before_us": T0,
    }
    return Delivery(**{**base, **changes})


def _leased(attempts=1, **changes):
    return _row(attempts=attempts, state="leased", lease_epoch=1, **changes)


def test_a_delivery_id_is_a_function_of_what_is_told_to_whom():
    """Alert, receiver, kind and target, and nothing else; no part can run into the next."""
    assert delivery_id("a", "sec", "opened") == delivery_id("a", "sec", "opened")
    ids = {delivery_id("a", "sec", "opened"), delivery_id("a", "sec", "resolved"), delivery_id("as", "ec", "opened")}
    assert len(ids | {delivery_id("a", "sec", "opened", "x@y")}) == 4
    assert "." not in delivery_id("a", "sec", "opened")


def test_an_attempt_that_worked_is_final():
    """Sent, with the receiver's reference."""
    row = after(_leased(), Delivered("C1:1.2"), T0)
    assert (row.state, row.reference, row.lease_epoch) == ("sent", "C1:1.2", 0)


@pytest.mark.parametrize("attempts", range(1, 12))
def test_the_schedule_with_its_jitter(attempts):
    """2 s, 10 s, 30 s, 2 min, 5 min, 15 min, then hourly, within ±20 %, and the same on every run."""
    pause = pause_us(_leased(attempts), Retry("down"))
    base = SCHEDULE_US[min(attempts, 7)]
    assert 0.8 * base <= pause <= 1.2 * base
    assert pause == pause_us(_leased(attempts), Retry("down"))


def test_jitter_differs_between_deliveries():
    """So that a recovering receiver is not hit by all at once."""
    assert len({pause_us(_leased(3, id=f"dlv_{number}"), Retry("down")) for number in range(50)}) > 40


@pytest.mark.parametrize(
    ("after_s", "least_us", "most_us"),
    [(7, 7, 8.4), (0, 1.6, 2.4), (0.2, 1.6, 2.4), (86_400, 3_600, 3_600), (1e300, 3_600, 3_600)],
)
def test_retry_after_is_kept_to(after_s, least_us, most_us):
    """Never earlier than asked, at most 20 % later, never more than an hour, never a busy loop."""
    assert least_us * SECOND_US <= pause_us(_leased(), Retry("slow down", after_s)) <= most_us * SECOND_US


@pytest.mark.parametrize("attempts", range(1, 12))
@pytest.mark.parametrize("after_s", [0.0, 1.0])
def test_a_receiver_that_always_says_at_once_is_asked_as_seldom_as_a_silent_one(attempts, after_s):
    """`Retry-After: 0`, or a date that has passed, shortens no pause of the schedule."""
    assert pause_us(_leased(attempts), Retry("busy", after_s)) == pause_us(_leased(attempts), Retry("busy"))


def test_an_ambiguous_attempt_stays_uncertain_until_it_is_known():
    """A later certain failure does not make the first attempt certain."""
    row = after(_leased(), Ambiguous("no answer"), T0)
    assert (row.state, row.uncertain) == ("ambiguous", True)
    row = after(lease(row, 1), Retry("refused"), T0)
    assert (row.state, row.uncertain) == ("ambiguous", True)
    row = after(lease(row, 1), Delivered(), T0)
    assert (row.state, row.uncertain) == ("sent", False)


def test_what_the_operator_must_mend_is_parked_and_probed():
    """At least five minutes between probes; it heals by itself when the fault is mended."""
    row = after(_leased(), Rejected("token_revoked", "receiver"), T0)
    assert row.state == "parked"
    assert row.not_before_us - T0 >= 4 * MINUTE_US
    assert after(lease(row, 1), Delivered(), T0).state == "sent"


def test_what_the_receiver_will_never_take_is_dead_at_once():
    """A dead letter, with the reason."""
    row = after(_leased(), Rejected("no_text", "payload"), T0)
    assert (row.state, row.last_error) == ("dead", "no_text")


@pytest.mark.parametrize(
    ("attempts", "age_us", "state"),
    [
        (9, DAY_US - 1, "pending"),
        (9, DAY_US, "dead"),
        (GIVE_WAY - 1, 3 * DAY_US, "pending"),
        (GIVE_WAY, DAY_US, "dead"),
    ],
)
def test_after_a_day_and_five_attempts_it_is_dead(attempts, age_us, state):
    """What waited long behind others still gets its attempts."""
    assert after(_leased(attempts), Retry("down"), T0 + age_us).state == state


def test_a_released_delivery_starts_again():
    """An operator's retry: due now, a full schedule, another day."""
    row = release(after(_leased(9), Rejected("x", "payload"), T0), T0 + DAY_US)
    assert (row.state, row.attempts, row.not_before_us, row.created_us) == ("pending", 0, T0 + DAY_US, T0 + DAY_US)


def test_a_lease_of_a_run_that_died_is_void_and_uncertain():
    """The new run takes it at once, not knowing whether it was sent."""
    old = lease(_row(), 1)
    assert choose([old], T0, 1) is None
    assert choose([old], T0, 2) == old
    assert lease(old, 2).uncertain


def test_the_oldest_goes_first_and_the_others_wait_for_it():
    """Order within a queue."""
    rows = [_row("a", not_before_us=T0 + 5, attempts=1), _row("b")]
    assert choose(rows, T0, 1) is None
    assert next_due(rows, T0, 1) == T0 + 5
    assert choose(rows, T0 + 5, 1) == rows[0]


def test_one_that_fails_again_and_again_steps_aside():
    """A message that a receiver chokes on does not hold back the rest for a day."""
    rows = [_row("a", not_before_us=T0 + HOUR_US, attempts=GIVE_WAY), _row("b")]
    assert choose(rows, T0, 1) == rows[1]
    assert choose([rows[0]], T0, 1) is None
    assert choose([rows[0]], T0 + HOUR_US, 1) == rows[0]


def test_one_attempt_at_a_time():
    """While one of the queue is under way, nothing else of it is."""
    assert choose([lease(_row("a"), 1), _row("b")], T0, 1) is None


def test_a_receiver_that_is_back_keeps_nobody_waiting():
    """The first success after failures makes the whole queue due; that of another receiver stays."""
    store = MemoryOutbox()
    late = {"not_before_us": T0 + HOUR_US, "attempts": GIVE_WAY}
    store.add([_row("a", **late), _row("b", attempts=1), _row("c", **late, receiver="other")])
    queue = Queue("sec", "")
    leased = store.claim(queue, T0, 1)
    assert leased.id == "dlv_b"
    assert store.record(after(leased, Delivered(), T0), epoch=1, recovered=recovered(leased, Delivered()))
    assert store.rows["dlv_a"].not_before_us == T0
    assert store.rows["dlv_c"].not_before_us == T0 + HOUR_US


def test_adding_twice_changes_nothing():
    """A known id is left as it is."""
    store = MemoryOutbox()
    store.add([_row("a")])
    store.claim(Queue("sec", ""), T0, 1)
    store.add([_row("a", body=b"other")])
    assert (store.rows["dlv_a"].state, store.rows["dlv_a"].body) == ("leased", b"x")


def test_an_outcome_without_its_lease_is_not_recorded():
    """A run that was taken for dead cannot overwrite what its successor knows."""
    store = MemoryOutbox()
    store.add([_row("a")])
    first = store.claim(Queue("sec", ""), T0, 1)
    second = store.claim(Queue("sec", ""), T0, 2)
    assert not store.record(after(first, Retry("down"), T0), epoch=1, recovered=False)
    assert store.record(after(second, Delivered(), T0), epoch=2, recovered=False)


def test_the_token_bucket():
    """Three at once, then one a second; a clock that goes back gives nothing."""
    rate = Rate(1, 3)
    bucket = full(rate, T0)
    for _ in range(3):
        bucket, wait = take(bucket, rate, T0)
        assert wait == 0
    bucket, wait = take(bucket, rate, T0)
    assert wait == SECOND_US
    assert take(bucket, rate, T0 + SECOND_US)[1] == 0
    assert take(bucket, rate, T0 - HOUR_US)[1] > 0
    assert take(Bucket(0, T0), rate, T0 + HOUR_US)[0].tokens == 2


class _Channel:
    """A receiver that says what it is told to say."""

    name = "sec"
    targets = ("x@example.com", "y@example.com")
    rate = Rate(1, 3)

    def __init__(self, receipts=()):
        self.receipts = list(receipts)
        self.attempts = []

    def render(self, message, delivery_id_):
        return f"{delivery_id_} {message.title}".encode()

    def send(self, body, attempt, _now_s):
        self.attempts.append((body, attempt))
        return self.receipts.pop(0) if self.receipts else Delivered()


def test_one_delivery_per_target_rendered_once(message):
    """Each with its own id and body."""
    first, second = deliveries(message, _Channel(), T0)
    assert (first.target, second.target) == ("x@example.com", "y@example.com")
    assert first.id == delivery_id(message.alert.id, "sec", "opened", "x@example.com")
    assert first.body.decode().startswith(first.id)
    assert second.body.decode().startswith(second.id)


def test_a_sender_sends_what_is_due_and_says_how_long_to_wait():
    """Claim, send, record; then the pause of the schedule."""
    store = MemoryOutbox()
    store.add([_row("a")])
    channel = _Channel([Ambiguous("no answer")])
    clock = [T0]
    sender = Sender(channel, store, lambda: clock[0], 1)
    queue = Queue("sec", "")
    outcome = sender.step(queue)
    assert isinstance(outcome, Sent)
    assert outcome.recorded
    assert store.rows["dlv_a"].state == "ambiguous"
    waiting = sender.step(queue)
    assert isinstance(waiting, Wait)
    clock[0] = waiting.until_us
    assert isinstance(sender.step(queue).receipt, Delivered)
    assert [(body, attempt.number, attempt.uncertain) for body, attempt in channel.attempts] == [
        (b"x", 1, False),
        (b"x", 2, True),
    ]
    assert sender.step(queue) == Wait(None)


def test_a_sender_keeps_to_the_rate():
    """The fourth message of a burst waits for its second."""
    store = MemoryOutbox()
    store.add([_row(str(number)) for number in range(4)])
    sender = Sender(_Channel(), store, lambda: T0, 1)
    outcomes = [sender.step(Queue("sec", "")) for _ in range(4)]
    assert all(isinstance(outcome, Sent) for outcome in outcomes[:3])
    assert outcomes[3] == Wait(T0 + SECOND_US)


RECEIPTS = st.sampled_from(
    [
        Delivered("r"),
        Retry("down"),
        Retry("slow down", 5.0),
        Ambiguous("no answer"),
        Rejected("revoked", "receiver"),
        Rejected("bad", "payload"),
    ]
)


class OutboxMachine(RuleBasedStateMachine):
    """Deliveries are added, claimed, sent, recorded or not; the program dies at any point; the clock jumps."""

    def __init__(self):
        super().__init__()
        self.store = MemoryOutbox()
        self.now_us = T0
        self.epoch = 1
        self.running = {}
        self.bodies = {}
        self.arrived = {}
        self.order = {}

    @rule(receiver=st.sampled_from("ab"), number=st.integers(0, 8))
    def add(self, receiver, number):
        row = _row(
            f"{receiver}{number}",
            receiver=receiver,
            body=f"{number}".encode(),
            created_us=self.now_us,
            not_before_us=self.now_us,
        )
        self.bodies.setdefault(row.id, row.body)
        self.store.add([row])

    @rule(receiver=st.sampled_from("ab"))
    def claim(self, receiver):
        before = self.store.next_due_us(Queue(receiver, ""), self.now_us, self.epoch)
        leased = self.store.claim(Queue(receiver, ""), self.now_us, self.epoch)
        assert (leased is not None) == (before is not None and before <= self.now_us)
        if leased is not None:
            assert receiver not in self.running
            assert leased.body == self.bodies[leased.id]
            if leased.id in self.arrived:
                assert leased.uncertain, "a repeat must know that it is one"
            self.running[receiver] = leased

    @precondition(lambda self: self.running)
    @rule(receipt=RECEIPTS, data=st.data())
    def answer(self, receipt, data):
        receiver = data.draw(st.sampled_from(sorted(self.running)))
        leased = self.running.pop(receiver)
        if isinstance(receipt, Delivered | Ambiguous):
            self.arrived[leased.id] = True
        outcome = after(leased, receipt, self.now_us)
        assert self.store.record(outcome, epoch=self.epoch, recovered=recovered(leased, receipt))
        if isinstance(receipt, Rejected) and receipt.kind == "receiver":
            assert outcome.state in ("parked", "dead")

    @precondition(lambda self: self.running)
    @rule()
    def die(self):
        """Whatever was under way may have arrived."""
        self.arrived.update(dict.fromkeys((leased.id for leased in self.running.values()), True))
        self.running.clear()
        self.epoch += 1

    @rule(hours=st.integers(0, 30), seconds=st.integers(0, 3_600))
    def wait(self, hours, seconds):
        self.now_us += hours * HOUR_US + seconds * SECOND_US

    @rule(days=st.integers(1, 20))
    def set_right(self, days):
        """The clock was ahead."""
        self.now_us -= days * DAY_US

    @invariant()
    def nothing_is_lost(self):
        """Every delivery is there, with its bytes, in a state that says what will become of it."""
        assert {id_: row.body for id_, row in self.store.rows.items()} == self.bodies
        for row in self.store.rows.values():
            assert row.state in (*OPEN_STATES, "sent", "dead")
            if row.state == "sent":
                assert row.id in self.arrived
            if row.state in ("dead", "parked", "ambiguous"):
                assert row.last_error

    @invariant()
    def no_queue_is_stuck(self):
        """A queue with something open and nothing under way says when it will go on, within an hour and its jitter."""
        for queue in self.store.queues():
            due_us = self.store.next_due_us(queue, self.now_us, self.epoch)
            if queue.receiver in self.running:
                assert due_us is None
            else:
                assert due_us is not None
                assert due_us <= self.now_us + round(1.2 * HOUR_US)


OutboxMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestOutboxMachine = OutboxMachine.TestCase


def test_a_good_receiver_empties_every_outbox():
    """However the rows stand, once the receiver takes everything, everything is sent."""
    store = MemoryOutbox()
    store.add(
        [
            _row("a", state="parked", attempts=3, not_before_us=T0 + HOUR_US),
            _row("b", state="leased", lease_epoch=1),
            _row("c", state="ambiguous", uncertain=True, attempts=7, not_before_us=T0 + HOUR_US),
            replace(_row("d"), attempts=1),
        ]
    )
    clock = [T0]
    sender = Sender(_Channel(), store, lambda: clock[0], 2)
    for _ in range(20):
        outcome = sender.step(Queue("sec", ""))
        if isinstance(outcome, Wait) and outcome.until_us is not None:
            clock[0] = outcome.until_us
    assert {row.state for row in store.rows.values()} == {"sent"}
