"""The outbox in the store: rows are added in the transaction of their alerts, and claimed by sender threads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from trailbell_notifiers.delivery.breaker import Breaker
from trailbell_notifiers.delivery.outbox import (
    FARTHEST_US,
    GIVE_WAY,
    OPEN_STATES,
    Delivery,
    Queue,
    Tried,
    asked_for,
    due_us,
    heeded_us,
    lease,
)

from .attempts import Attempts
from .breakers import Breakers
from .database import Database

COLUMNS: Final = (
    "id, alert_id, receiver, target, kind, thread, number, body, created_us, not_before_us, attempts, state, "
    "uncertain, last_error, reference, lease_epoch"
)
OPEN_ROWS: Final = f"state IN ({', '.join(repr(state) for state in OPEN_STATES)})"
_QUEUE: Final = f"receiver = ?1 AND target = ?2 AND {OPEN_ROWS}"
_ABOUT_ALERTS: Final = "kind NOT IN ('test', 'meta')"
_FRESH: Final = f"{_ABOUT_ALERTS} AND kind != 'digest' AND state = 'pending' AND attempts = 0"
_LEASED: Final = "receiver = ?1 AND target = ?2 AND state = 'leased' AND lease_epoch = ?3"
_ASIDE: Final = f"attempts >= {GIVE_WAY}"
"""As a number, not a value to fill in: there is an index of just these."""
_DUE: Final = f"CASE WHEN state = 'leased' OR not_before_us > ?3 + {FARTHEST_US} THEN 0 ELSE not_before_us END"


class StoreOutbox:
    """``notifiers.outbox.OutboxStore`` over the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._breakers = Breakers(database)
        self._attempts = Attempts(database)

    def next_epoch(self, now_us: int, *, keep_asked: bool = False) -> int:
        """The number of this run; leases of earlier runs are void from now on, and everything that waits is due.

        Args:
            now_us: the time.
            keep_asked: not so where a receiver asked for a pause that is not over.
        """
        with self._database.transaction():
            asked = self._asked_for(now_us) if keep_asked else []
            breakers = {delivery.queue: self._breakers.of(delivery.queue) for delivery in asked}
            self._database.execute("UPDATE meta SET value = value + 1 WHERE name = 'epoch'")
            self._database.execute(
                f"UPDATE outbox SET not_before_us = ?1 WHERE {OPEN_ROWS} AND not_before_us > ?1",  # noqa: S608 - constants
                (now_us,),
            )
            self._breakers.probe_soon()
            for delivery in asked:
                self._update(delivery)
            for queue, breaker in breakers.items():
                self._breakers.set(queue, breaker)
            row = self._database.one("SELECT value FROM meta WHERE name = 'epoch'")
        return int(row[0]) if row else 0

    def add(self, deliveries: Sequence[Delivery], reasons: Mapping[str, str] | None = None) -> None:
        """Insert in this order, inside the running transaction; a known id is left as it is.

        Args:
            deliveries: the rows.
            reasons: why a receiver is told, by its name.
        """
        self._database.executemany(
            f"INSERT INTO outbox ({COLUMNS}, reason) VALUES ({', '.join('?' * 17)}) ON CONFLICT DO NOTHING",  # noqa: S608 - constants
            [(*_row(delivery), (reasons or {}).get(delivery.receiver, "")) for delivery in deliveries],
        )

    def queues(self) -> list[Queue]:
        """The queues that hold an open delivery."""
        found: list[Queue] = []
        at: tuple[Any, ...] | None = ("", "")
        some = f"SELECT receiver, target FROM outbox WHERE {OPEN_ROWS}"  # noqa: S608 - constants
        while at is not None:  # from queue to queue, however much waits in one
            further = self._database.one(f"{some} AND receiver = ? AND target > ? ORDER BY target LIMIT 1", at)
            at = further or self._database.one(f"{some} AND receiver > ? ORDER BY receiver, target LIMIT 1", at[:1])
            if at is not None:
                found.append(Queue(*at))
        return found

    def claim(self, queue: Queue, now_us: int, epoch: int) -> Delivery | None:
        """Lease the delivery that goes next; None if none is due or one is under way."""
        with self._database.transaction():
            chosen = self._choose(queue, now_us, epoch)
            if chosen is None:
                return None
            leased = lease(chosen, epoch)
            self._update(leased)
            return leased

    def next_due_us(self, queue: Queue, now_us: int, epoch: int) -> int | None:
        """When ``claim`` will give something; None if nothing waits or one is under way."""
        with self._database.lock:
            if self._under_way(queue, epoch):
                return None
            breaker = self._breakers.of(queue)
            if breaker.is_open:
                return None if self._at(queue, 0) is None else heeded_us(breaker.probe_us, now_us)
            head = self._head(queue)
            row = self._database.one(
                f"SELECT min({_DUE}) FROM outbox WHERE {_QUEUE} AND {_ASIDE}",  # noqa: S608 - constants
                (*queue, now_us),
            )
        times = [] if row is None or row[0] is None else [int(row[0])]
        return min([*times, *([] if head is None else [due_us(head, now_us)])], default=None)

    def reference(self, queue: Queue, thread: str) -> str:
        """The receiver's name for the newest message of a thread that was sent; empty if it gave none."""
        row = self._database.one(
            "SELECT reference FROM outbox WHERE receiver = ?1 AND target = ?2 AND thread = ?3 AND state = 'sent' "
            "AND reference != '' ORDER BY number DESC, seq DESC LIMIT 1",
            (*queue, thread),
        )
        return "" if row is None else str(row[0])

    def refer(self, queue: Queue, thread: str, reference: str) -> None:
        """The thread goes on elsewhere: its newest message has another name from now on."""
        with self._database.transaction():
            self._database.execute(
                "UPDATE outbox SET reference = ?4 WHERE seq = (SELECT seq FROM outbox WHERE receiver = ?1 AND target = "
                "?2 AND thread = ?3 AND state = 'sent' AND reference != '' ORDER BY number DESC, seq DESC LIMIT 1)",
                (*queue, thread, reference),
            )

    def breaker(self, queue: Queue) -> Breaker:
        """How the queue's receiver does."""
        return self._breakers.of(queue)

    def record(self, delivery: Delivery, *, epoch: int, recovered: bool, tried: Tried | None = None) -> bool:
        """Store an outcome, if this epoch still holds the lease; on recovery the queue's others become due at once."""
        with self._database.transaction():
            held = self._database.one(
                "SELECT 1 FROM outbox WHERE id = ? AND state = 'leased' AND lease_epoch = ?", (delivery.id, epoch)
            )
            if held is None:
                return False
            self._update(delivery)
            if recovered:
                most = GIVE_WAY - 1 if self._breakers.of(delivery.queue).is_open else None
                anew = (
                    "not_before_us = CASE WHEN not_before_us > ?3 THEN ?3 ELSE not_before_us END, "
                    "attempts = CASE WHEN attempts > ?4 THEN ?4 ELSE attempts END"  # with NULL, as they are
                )
                sql = f"UPDATE outbox SET {anew} WHERE {_QUEUE}"  # noqa: S608 - constants
                self._database.execute(sql, (*delivery.queue, delivery.not_before_us, most))
            if tried is not None:
                self._breakers.set(delivery.queue, tried.breaker)
                self._attempts.add(delivery, tried)
        return True

    def abandon(self, queue: Queue, epoch: int) -> None:
        """Void this epoch's lease on a queue: nobody knows what became of the attempt."""
        with self._database.transaction():
            self._database.execute(
                f"UPDATE outbox SET lease_epoch = 0 WHERE {_LEASED}",  # noqa: S608 - constants
                (*queue, epoch),
            )

    def depth(self, queue: Queue) -> tuple[int, int | None]:
        """How many deliveries of a queue are open, and when the oldest was decided."""
        row = self._database.one(f"SELECT count(*), min(created_us) FROM outbox WHERE {_QUEUE}", queue)  # noqa: S608 - constants
        return (0, None) if row is None else (int(row[0]), row[1])

    def threaded(self, thread: str) -> bool:
        """Whether there is a notice of that thread, to whomever."""
        sql = "SELECT 1 FROM outbox WHERE thread = ? AND kind = 'meta'"
        return self._database.one(sql, (thread,)) is not None

    def newest_of(self, alert_id: str) -> Delivery | None:
        """The last delivery about an alert, or about what a notice is about."""
        sql = f"SELECT {COLUMNS} FROM outbox WHERE alert_id = ? ORDER BY seq DESC LIMIT 1"  # noqa: S608 - constants
        row = self._database.one(sql, (alert_id,))
        return None if row is None else delivery_of(row)

    def undiverted(self, queue: Queue, most: int) -> list[Delivery]:
        """The open deliveries about alerts of a queue for which no other receiver was told yet, oldest first."""
        sql = f"SELECT {COLUMNS} FROM outbox WHERE {_QUEUE} AND {_ABOUT_ALERTS} AND diverted = '' ORDER BY seq LIMIT ?3"  # noqa: S608 - constants
        return [delivery_of(row) for row in self._database.rows(sql, (*queue, most))]

    def mark_diverted(self, delivery_id: str, receiver: str) -> None:
        """Note, inside the running transaction, that another receiver was told of it."""
        self._database.execute("UPDATE outbox SET diverted = ? WHERE id = ?", (receiver, delivery_id))

    def count_fresh(self, queue: Queue, most: int) -> int:
        """How many deliveries about alerts wait that were never tried; counts to ``most`` at most."""
        sql = f"SELECT count(*) FROM (SELECT 1 FROM outbox WHERE {_QUEUE} AND {_FRESH} LIMIT ?3) AS fresh"  # noqa: S608 - constants
        row = self._database.one(sql, (*queue, most))
        return 0 if row is None else int(row[0])

    def fresh(self, queue: Queue, most: int) -> list[Delivery]:
        """The deliveries about alerts that wait and were never tried, oldest first."""
        sql = f"SELECT {COLUMNS} FROM outbox WHERE {_QUEUE} AND {_FRESH} ORDER BY seq LIMIT ?3"  # noqa: S608 - constants
        return [delivery_of(row) for row in self._database.rows(sql, (*queue, most))]

    def fold(self, deliveries: Sequence[Delivery], digest_id: str) -> None:
        """Let a digest stand for these, inside the running transaction."""
        self._database.executemany(
            "UPDATE outbox SET state = 'folded', reference = ? WHERE id = ?",
            [(digest_id, delivery.id) for delivery in deliveries],
        )

    def of_alert(self, alert_id: str) -> list[tuple[Delivery, str]]:
        """The deliveries that tell of an alert, by itself or in a group, with the reason why each receiver is told."""
        rows = self._database.rows(
            f"SELECT {COLUMNS}, reason FROM outbox WHERE alert_id = ?1 OR (receiver, thread, number) IN "  # noqa: S608 - constants
            "(SELECT receiver, thread, number FROM decision WHERE alert_id = ?1 AND what = 'told') ORDER BY seq",
            (alert_id,),
        )
        return [(delivery_of(row[:-1]), row[-1]) for row in rows]

    def standing(self, queue: Queue, since_us: int) -> list[Delivery]:
        """Of each thread the newest message that was sent since then, unless it says that all is over."""
        rows = self._database.rows(
            f"SELECT {COLUMNS} FROM outbox AS o WHERE receiver = ?1 AND target = ?2 AND state = 'sent' "  # noqa: S608 - constants
            "AND created_us >= ?3 AND kind NOT IN ('resolved', 'test', 'meta') AND seq = (SELECT max(seq) FROM outbox "
            "WHERE receiver = o.receiver AND target = o.target AND thread = o.thread AND state = 'sent') ORDER BY seq",
            (*queue, since_us),
        )
        return [delivery_of(row) for row in rows]

    def counts(self) -> Counter[str]:
        """How many deliveries there are in each state."""
        return Counter(dict(self._database.rows("SELECT state, count(*) FROM outbox GROUP BY state")))

    def failures(self) -> list[tuple[str, str, int]]:
        """What has not arrived, and why: (receiver, the last error, deliveries); those that wait behind others, too."""
        return [
            (str(receiver), str(error) or "not tried yet", int(count))
            for receiver, error, count in self._database.rows(
                "SELECT receiver, last_error, count(*) FROM outbox WHERE state NOT IN ('sent', 'folded') "
                "GROUP BY receiver, last_error ORDER BY receiver, count(*) DESC"
            )
        ]

    def _choose(self, queue: Queue, now_us: int, epoch: int) -> Delivery | None:
        if self._under_way(queue, epoch):
            return None
        breaker = self._breakers.of(queue)
        if breaker.is_open:
            if heeded_us(breaker.probe_us, now_us) > now_us:
                return None
            return self._at(queue, breaker.place) or self._at(queue, 0)
        head = self._head(queue)
        if head is not None and due_us(head, now_us) <= now_us:
            return head
        aside = self._database.one(
            f"SELECT {COLUMNS} FROM outbox WHERE {_QUEUE} AND {_ASIDE} AND {_DUE} <= ?3 "  # noqa: S608 - constants
            f"ORDER BY {_DUE}, seq LIMIT 1",
            (*queue, now_us),
        )
        return None if aside is None else delivery_of(aside)

    def _asked_for(self, now_us: int) -> list[Delivery]:
        """What waits because its receiver asked for that."""
        sql = (
            f"SELECT {COLUMNS}, (SELECT max(at_us) FROM attempt WHERE delivery_id = outbox.id) FROM outbox "  # noqa: S608 - constants
            f"WHERE {OPEN_ROWS} AND attempts > 0 AND not_before_us > ?"
        )
        rows = [(delivery_of(row[:-1]), row[-1]) for row in self._database.rows(sql, (now_us,))]
        return [row for row, tried_us in rows if tried_us is not None and asked_for(row, tried_us, now_us)]

    def _head(self, queue: Queue) -> Delivery | None:
        row = self._database.one(
            f"SELECT {COLUMNS} FROM outbox WHERE {_QUEUE} AND NOT {_ASIDE} ORDER BY seq LIMIT 1",  # noqa: S608 - constants
            queue,
        )
        return None if row is None else delivery_of(row)

    def _at(self, queue: Queue, place: int) -> Delivery | None:
        sql = f"SELECT {COLUMNS} FROM outbox WHERE {_QUEUE} ORDER BY seq LIMIT 1 OFFSET ?3"  # noqa: S608 - constants
        row = self._database.one(sql, (*queue, place))
        return None if row is None else delivery_of(row)

    def _under_way(self, queue: Queue, epoch: int) -> bool:
        sql = f"SELECT 1 FROM outbox WHERE {_LEASED}"  # noqa: S608 - constants
        return self._database.one(sql, (*queue, epoch)) is not None

    def _update(self, delivery: Delivery) -> None:
        self._database.execute(
            "UPDATE outbox SET not_before_us = ?, attempts = ?, state = ?, uncertain = ?, last_error = ?, "
            "reference = ?, lease_epoch = ? WHERE id = ?",
            (
                delivery.not_before_us,
                delivery.attempts,
                delivery.state,
                delivery.uncertain,
                delivery.last_error,
                delivery.reference,
                delivery.lease_epoch,
                delivery.id,
            ),
        )


def _row(delivery: Delivery) -> tuple[Any, ...]:
    return (
        *(delivery.id, delivery.alert_id, delivery.receiver, delivery.target, delivery.kind, delivery.thread),
        *(delivery.number, delivery.body),
        *(delivery.created_us, delivery.not_before_us, delivery.attempts, delivery.state, delivery.uncertain),
        *(delivery.last_error, delivery.reference, delivery.lease_epoch),
    )


def delivery_of(row: Sequence[Any]) -> Delivery:
    """A row of ``COLUMNS``."""
    names = [name.strip() for name in COLUMNS.split(",")]
    delivery = Delivery(**dict(zip(names, row, strict=True)))
    return replace(delivery, uncertain=bool(delivery.uncertain))
