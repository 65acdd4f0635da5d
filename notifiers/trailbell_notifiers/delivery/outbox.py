"""The delivery state machine: values and pure functions. Who stores them and who has a clock is elsewhere.

    pending ──claim──▶ leased ──Delivered──▶ sent
       ▲                 │ ├─Retry──────────▶ pending      (ambiguous, if an earlier attempt was)
       │                 │ ├─Ambiguous──────▶ ambiguous    (may have arrived: repeated with the same id and bytes)
       └── release ──────│ ├─Rejected, receiver ▶ parked   (needs the operator; probed slowly, so it heals by itself)
                         │ └─Rejected, payload ─▶ dead     (this message will never be taken)
                         └─ any failure after 24 h and 5 attempts ─▶ dead (listed, replayable)
    pending ──fold──▶ folded                              (one of many that a digest tells of instead)

While a receiver fails altogether (``breaker``), its messages do not die after a day, for it is not their fault, but
after a week.

A lease holds for one run of the program, its epoch. Leases of earlier epochs are void at once, and the attempt they
stood for counts as uncertain, because the program may have died between sending and recording. A start is the
operator's word that something may have been mended: whatever waits is due. A start by cron is nobody's word; it keeps
the pauses for which receivers asked.

Order: within a queue (receiver, target) the oldest goes first, and the others wait for it, until it has failed
``GIVE_WAY`` times: then it steps aside, so that one message a receiver chokes on cannot hold back the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from trailbell_engine.values import canonical
from trailbell_notifiers.channel import Channel
from trailbell_notifiers.message import Kind, Message
from trailbell_notifiers.receipt import Ambiguous, Delivered, Receipt, Rejected, Retry

from .breaker import WORKS, Breaker

State: TypeAlias = Literal["pending", "leased", "sent", "ambiguous", "parked", "dead", "folded"]
OPEN_STATES: Final = ("pending", "leased", "ambiguous", "parked")

ONCE: Final[tuple[Kind, ...]] = ("opened", "resolved", "test")
"""Kinds of which a thread has one message at most for each receiver."""

SCHEDULE_US: Final = (
    0,
    2 * SECOND_US,
    10 * SECOND_US,
    30 * SECOND_US,
    2 * MINUTE_US,
    5 * MINUTE_US,
    15 * MINUTE_US,
    HOUR_US,
)
"""The pause after 0, 1, 2, … failed attempts; the last goes on."""
JITTER: Final = 0.2
LONGEST_PAUSE_US: Final = HOUR_US
FARTHEST_US: Final = round(LONGEST_PAUSE_US * (1 + JITTER))
"""Nothing is put off for longer. What is due later was noted while the clock was ahead."""
PARKED_PAUSE_US: Final = 5 * MINUTE_US
GIVE_WAY: Final = 5
DEAD_AFTER_US: Final = DAY_US
OUTAGE_DEAD_AFTER_US: Final = 7 * DAY_US


class Queue(NamedTuple):
    """Deliveries that must arrive in order: those of one receiver and target."""

    receiver: str
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message to one target of one receiver: a row of the outbox.

    Attributes:
        id: deterministic, see ``delivery_id``; the idempotency key of every attempt.
        alert_id: the alert it tells of; of a group the lead.
        receiver: the channel's name.
        target: one of the channel's targets; empty for most channels.
        kind: why it goes out.
        thread: of the message.
        number: of the message in its thread.
        body: rendered once; every attempt sends these bytes.
        created_us: when it was decided.
        not_before_us: no attempt before this instant.
        attempts: how many were made, the running one included.
        state: see above.
        uncertain: an attempt may have arrived unnoticed.
        last_error: the last failure, in words.
        reference: the receiver's name for it, once sent.
        lease_epoch: the run that holds the lease; 0 if none does.
    """

    id: str
    alert_id: str
    receiver: str
    target: str = ""
    kind: Kind = "opened"
    thread: str = ""
    number: int = 0
    body: bytes
    created_us: int
    not_before_us: int
    attempts: int = 0
    state: State = "pending"
    uncertain: bool = False
    last_error: str = ""
    reference: str = ""
    lease_epoch: int = 0

    @property
    def queue(self) -> Queue:
        """Where it waits."""
        return Queue(self.receiver, self.target)


class Tried(NamedTuple):
    """An attempt, as history keeps it, and how the receiver does since."""

    at_us: int
    outcome: str
    words: str
    breaker: Breaker


class OutboxStore(Protocol):
    """What the state machine needs of a store. Every method is one transaction, durable when it returns.

    ``claim`` and ``record`` run on sender threads; several queues at once, one thread per queue.
    """

    def next_epoch(self, now_us: int, *, keep_asked: bool = False) -> int:
        """Begin a run: its number, from 1. Everything that waits is due, and every receiver is asked again.

        Args:
            now_us: the time.
            keep_asked: not so for deliveries of which ``asked_for`` holds, nor for the receivers of their queues.
        """

    def add(self, deliveries: Sequence[Delivery]) -> None:
        """Insert in this order, within the transaction that writes the alerts. A known id is left as it is."""

    def queues(self) -> list[Queue]:
        """The queues that hold a delivery in one of ``OPEN_STATES``."""

    def claim(self, queue: Queue, now_us: int, epoch: int) -> Delivery | None:
        """Lease what ``choose`` picks among the queue's open deliveries, as ``lease`` gives it; None if none is due.

        In SQL, with ``open`` meaning the queue's rows in ``OPEN_STATES``, in order of insertion: nothing if one is
        leased by ``epoch``; else the first open row with ``attempts < GIVE_WAY`` if it is due, as ``due_us`` says;
        else the one that has been due for longest among the due rows with ``attempts >= GIVE_WAY``.
        """

    def next_due_us(self, queue: Queue, now_us: int, epoch: int) -> int | None:
        """When ``claim`` will give something, as ``next_due`` says; None if nothing waits."""

    def reference(self, queue: Queue, thread: str) -> str:
        """The receiver's name for the newest message of a thread that was sent; empty if it gave none."""

    def breaker(self, queue: Queue) -> Breaker:
        """How the queue's receiver does; ``claim`` and ``next_due_us`` keep to it."""

    def record(self, delivery: Delivery, *, epoch: int, recovered: bool, tried: Tried | None = None) -> bool:
        """Store what became of a leased delivery, if this epoch still holds its lease; say whether it did.

        Args:
            delivery: from ``after``.
            epoch: this run.
            recovered: the receiver is back: the queue's other open rows become due now (no later than
                ``delivery.not_before_us``), in the same transaction. If its breaker was open, those that had
                stepped aside stand in line again: ``attempts`` is less than ``GIVE_WAY``.
            tried: the attempt, for its history, and the queue's breaker from now on.
        """


def delivery_id(thread: str, receiver: str, kind: Kind, target: str = "", number: int = 0) -> str:
    """``dlv_`` and 32 hex digits: the same for the same message, receiver and target, whenever it is decided.

    Args:
        thread: the message's; the alert's id for an alert by itself.
        receiver: the channel's name.
        kind: why it goes out.
        target: one of the channel's targets.
        number: of the message in its thread; of no matter for the kinds that a thread has once.
    """
    several = [] if kind in ONCE else [number]
    text = canonical([thread, receiver, kind, target, *several])
    return f"dlv_{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def deliveries(message: Message, channel: Channel, now_us: int) -> list[Delivery]:
    """The rows that tell a receiver of a message, one per target, bodies rendered.

    Args:
        message: what to tell.
        channel: the receiver.
        now_us: when this was decided.
    """
    rows = []
    for target in channel.targets:
        id_ = delivery_id(message.thread, channel.name, message.kind, target, message.number)
        row = Delivery(
            id=id_,
            alert_id=message.alert.id,
            receiver=channel.name,
            target=target,
            kind=message.kind,
            thread=message.thread,
            number=message.number,
            body=channel.render(message, id_),
            created_us=now_us,
            not_before_us=now_us,
        )
        rows.append(row)
    return rows


def choose(waiting: Iterable[Delivery], now_us: int, epoch: int, breaker: Breaker = WORKS) -> Delivery | None:
    """The delivery of one queue that goes next, or None.

    Args:
        waiting: the queue's open deliveries in order of insertion.
        now_us: the time.
        epoch: this run.
        breaker: of the queue.
    """
    waiting = list(waiting)
    due = next_due(waiting, now_us, epoch, breaker)
    if due is None or due > now_us:
        return None
    if breaker.is_open:
        return waiting[min(breaker.place, len(waiting) - 1)]
    head = _head(waiting)
    if head is not None and due_us(head, now_us) <= now_us:
        return head
    aside = [delivery for delivery in waiting if delivery.attempts >= GIVE_WAY]
    return min(aside, key=lambda delivery: due_us(delivery, now_us))


def next_due(waiting: Iterable[Delivery], now_us: int, epoch: int, breaker: Breaker = WORKS) -> int | None:
    """When ``choose`` will give something; None if nothing waits, or one is under way."""
    waiting = list(waiting)
    if not waiting or any(_held(delivery, epoch) for delivery in waiting):
        return None
    if breaker.is_open:
        return heeded_us(breaker.probe_us, now_us)
    head = _head(waiting)
    times = [due_us(delivery, now_us) for delivery in waiting if delivery.attempts >= GIVE_WAY]
    return min([*times, *([] if head is None else [due_us(head, now_us)])])


def _head(waiting: Sequence[Delivery]) -> Delivery | None:
    return next((delivery for delivery in waiting if delivery.attempts < GIVE_WAY), None)


def _held(delivery: Delivery, epoch: int) -> bool:
    return delivery.state == "leased" and delivery.lease_epoch == epoch


def due_us(delivery: Delivery, now_us: int) -> int:
    """When it may be claimed: a void lease at once."""
    return 0 if delivery.state == "leased" else heeded_us(delivery.not_before_us, now_us)


def heeded_us(instant_us: int, now_us: int) -> int:
    """The instant, or 0, at once, if it is further ahead than any pause: a clock that was ahead holds nothing back."""
    return 0 if instant_us > now_us + FARTHEST_US else instant_us


def lease(delivery: Delivery, epoch: int) -> Delivery:
    """The delivery under way in this run. A void lease leaves it uncertain."""
    uncertain = delivery.uncertain or delivery.state == "leased"
    return replace(delivery, state="leased", lease_epoch=epoch, attempts=delivery.attempts + 1, uncertain=uncertain)


def after(delivery: Delivery, receipt: Receipt, now_us: int, *, outage: bool = False) -> Delivery:
    """The leased delivery after its attempt.

    Args:
        delivery: as ``lease`` gave it.
        receipt: what the channel said.
        now_us: when it said so.
        outage: its queue's breaker was open.
    """
    released = replace(delivery, lease_epoch=0, not_before_us=now_us)
    if isinstance(receipt, Delivered):
        return replace(released, state="sent", reference=receipt.reference, last_error="", uncertain=False)
    failed = replace(released, last_error=receipt.reason, not_before_us=now_us + pause_us(delivery, receipt))
    if isinstance(receipt, Rejected) and receipt.kind == "payload":
        return replace(failed, state="dead")
    patience_us = OUTAGE_DEAD_AFTER_US if outage else DEAD_AFTER_US
    if delivery.attempts >= GIVE_WAY and now_us - delivery.created_us >= patience_us:
        return replace(
            failed, state="dead", last_error=f"given up after {delivery.attempts} attempts: {receipt.reason}"
        )
    if isinstance(receipt, Rejected):
        return replace(failed, state="parked")
    if isinstance(receipt, Ambiguous) or delivery.uncertain:
        return replace(failed, state="ambiguous", uncertain=True)
    return replace(failed, state="pending")


def pause_us(delivery: Delivery, receipt: Receipt) -> int:
    """How long to wait after this failed attempt.

    The schedule, ±20 % by a hash of id and attempt, so that it is the same on every run. If a receiver's
    ``Retry-After`` is longer, it is kept to (never less, at most 20 % more), up to an hour. The schedule goes on
    growing beneath it: one that says "at once" every time is asked as seldom as one that says nothing.
    """
    own = _scheduled_us(delivery, parked=isinstance(receipt, Rejected))
    if not isinstance(receipt, Retry) or receipt.after_s is None:
        return own
    asked = round(min(receipt.after_s * SECOND_US, LONGEST_PAUSE_US))
    return max(own, min(LONGEST_PAUSE_US, round(asked * (1 + JITTER * _spread(delivery)))))


def asked_for(delivery: Delivery, tried_us: int, now_us: int) -> bool:
    """Whether an open delivery waits because its receiver asked for a pause: for longer than the schedule has it.

    Args:
        delivery: with the outcome of its last attempt.
        tried_us: when that was.
        now_us: the time. What is due later than any pause lasts was noted while the clock was ahead.
    """
    if delivery.state == "leased" or not now_us < delivery.not_before_us <= now_us + FARTHEST_US:
        return False
    return delivery.not_before_us - tried_us > _scheduled_us(delivery, parked=delivery.state == "parked")


def _scheduled_us(delivery: Delivery, *, parked: bool) -> int:
    base = SCHEDULE_US[min(delivery.attempts, len(SCHEDULE_US) - 1)]
    return round((max(base, PARKED_PAUSE_US) if parked else base) * (1 - JITTER + 2 * JITTER * _spread(delivery)))


def _spread(delivery: Delivery) -> float:
    digest = hashlib.sha256(f"{delivery.id}.{delivery.attempts}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 0xFFFFFFFF


def recovered(delivery: Delivery, receipt: Receipt) -> bool:
    """Whether this attempt shows that the receiver is back after failures, so that nobody needs to wait any more."""
    return isinstance(receipt, Delivered) and delivery.attempts > 1


def release(delivery: Delivery, now_us: int) -> Delivery:
    """An operator's retry of a parked or dead delivery: due now, with a full schedule and another day before it."""
    return replace(delivery, state="pending", attempts=0, not_before_us=now_us, created_us=now_us, lease_epoch=0)
