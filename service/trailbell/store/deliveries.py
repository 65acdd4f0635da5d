"""The outbox as people look at it: found by what they know of it, and released for another try."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from trailbell_engine.timestamps import format_time
from trailbell_engine.values import Json
from trailbell_notifiers.delivery.breaker import WORKS
from trailbell_notifiers.delivery.outbox import OPEN_STATES, Delivery, Queue

from .breakers import Breakers
from .database import Database
from .outbox import COLUMNS, OPEN_ROWS, delivery_of

_RELEASABLE: Final = "state IN ('dead', 'parked')"
_LEASED: Final = "state = 'leased' AND lease_epoch = (SELECT value FROM meta WHERE name = 'epoch')"
_WAITING: Final = f"{OPEN_ROWS} AND NOT ({_LEASED})"
"""What is under way in this run is left to it: the attempt may yet succeed."""
_ALERT: Final = (
    "(substr(alert_id, 1, length(:alert)) = :alert OR (receiver, thread, number) IN (SELECT receiver, thread, number "
    "FROM decision WHERE substr(alert_id, 1, length(:alert)) = :alert AND what = 'told'))"
)


class StoredDelivery(NamedTuple):
    """A delivery, why its receiver is told, and who was told instead while it failed."""

    delivery: Delivery
    reason: str
    diverted: str

    def to_json(self) -> dict[str, Json]:
        """All but the body."""
        row = self.delivery
        return {
            "id": row.id,
            "alert_id": row.alert_id,
            "receiver": row.receiver,
            "target": row.target,
            "kind": row.kind,
            "state": row.state,
            "attempts": row.attempts,
            "created_at": format_time(row.created_us),
            "next_attempt_at": format_time(row.not_before_us) if row.state in OPEN_STATES else None,
            "last_error": row.last_error,
            "reference": row.reference,
            "reason": self.reason,
            "diverted_to": self.diverted,
        }


class Deliveries:
    """Looks into the ``outbox`` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, *, state: str | None, receiver: str | None, alert: str | None, limit: int) -> list[StoredDelivery]:
        """The newest that fit, newest first; ``state`` may be ``open``, ``alert`` the beginning of an id."""
        tests = {
            "state = :state": state if state != "open" else None,
            OPEN_ROWS: "" if state == "open" else None,
            "receiver = :receiver": receiver,
            _ALERT: alert,
        }
        where = " AND ".join(test for test, value in tests.items() if value is not None) or "TRUE"
        values = {"state": state, "receiver": receiver, "alert": alert, "limit": limit}
        return self._rows(f"WHERE {where} ORDER BY seq DESC LIMIT :limit", values)

    def starting(self, prefix: str) -> list[StoredDelivery]:
        """Those whose id starts so; at most three, since one is wanted."""
        return self._rows("WHERE substr(id, 1, length(:id)) = :id ORDER BY seq LIMIT 3", {"id": prefix})

    def count_released(self, receiver: str | None) -> int:
        """How many ``release`` would release, of one receiver or of all."""
        return self._count(_RELEASABLE, receiver)

    def count_waiting(self, receiver: str) -> int:
        """How many ``give_up`` would give up, of one receiver."""
        return self._count(_WAITING, receiver)

    def release(self, subject: str, now_us: int) -> None:
        """Have what is dead or parked tried again, inside the running transaction.

        It is due now, with a full schedule and another day before it, as ``notifiers.outbox.release`` says.

        Args:
            subject: a delivery's id, ``receiver:NAME``, or ``all``.
            now_us: the time.
        """
        name = subject.removeprefix("receiver:") if subject.startswith("receiver:") else None
        one = None if subject == "all" or name is not None else subject
        where = f"{_RELEASABLE} AND id = coalesce(?1, id) AND receiver = coalesce(?2, receiver)"
        found = f"SELECT DISTINCT receiver, target FROM outbox WHERE {where}"  # noqa: S608 - constants
        queues = self._database.rows(found, (one, name))
        anew = "state = 'pending', attempts = 0, not_before_us = ?3, created_us = ?3, lease_epoch = 0"
        sql = f"UPDATE outbox SET {anew} WHERE {where}"  # noqa: S608 - constants
        self._database.execute(sql, (one, name, now_us))
        for queue in queues:
            Breakers(self._database).set(Queue(*queue), WORKS)

    def give_up(self, subject: str, author: str, now_us: int) -> None:
        """Let what waits be a dead letter, inside the running transaction; its history says who wished it, and when.

        Args:
            subject: a delivery's id, or ``receiver:NAME``.
            author: who wishes it.
            now_us: the time.
        """
        name = subject.removeprefix("receiver:") if subject.startswith("receiver:") else None
        where = f"{_WAITING} AND id = coalesce(?, id) AND receiver = coalesce(?, receiver)"
        found = f"SELECT id, attempts, last_error, receiver, target FROM outbox WHERE {where} ORDER BY seq"  # noqa: S608 - constants
        rows = self._database.rows(found, (None if name is not None else subject, name))
        self._database.executemany(
            "INSERT INTO attempt (delivery_id, number, at_us, outcome, words) VALUES (?, ?, ?, 'given up', ?)",
            [(row[0], row[1], now_us, f"by {author}") for row in rows],
        )
        self._database.executemany(
            "UPDATE outbox SET state = 'dead', lease_epoch = 0, last_error = ? WHERE id = ?",
            [(f"given up by {author}" + (f": {row[2]}" if row[2] else ""), row[0]) for row in rows],
        )
        for queue in {Queue(*row[3:]) for row in rows}:
            self._forget_failures(queue)

    def _forget_failures(self, queue: Queue) -> None:
        """Of a queue in which nothing waits: it would be called failing for as long as nobody sends to it."""
        sql = f"SELECT 1 FROM outbox WHERE receiver = ? AND target = ? AND {OPEN_ROWS}"  # noqa: S608 - constants
        if self._database.one(sql, queue) is None:
            Breakers(self._database).set(queue, WORKS)

    def _count(self, where: str, receiver: str | None) -> int:
        sql = f"SELECT count(*) FROM outbox WHERE {where} AND receiver = coalesce(?, receiver)"  # noqa: S608 - constants
        row = self._database.one(sql, (receiver,))
        return 0 if row is None else int(row[0])

    def _rows(self, rest: str, values: dict[str, Any]) -> list[StoredDelivery]:
        rows = self._database.rows(f"SELECT {COLUMNS}, reason, diverted FROM outbox {rest}", values)  # noqa: S608 - constants
        return [StoredDelivery(delivery_of(row[:-2]), row[-2], row[-1]) for row in rows]
