"""Messages that show how things stand: what each tells of, and whether what it shows is still true.

A change of an alert only marks its cards, in the transaction of the change. Whoever sends looks here for cards that are
marked, and writes them anew from the store as it is then; so a card is never wrong for long, whatever happens between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import orjson

from trailbell_engine.timestamps import DAY_US
from trailbell_notifiers.channels.living import OPEN, Standing, standing_of_json
from trailbell_notifiers.delivery.outbox import Delivery, Queue
from trailbell_notifiers.groups.group import Notification
from trailbell_notifiers.message import MEMBERS_KEPT

from .database import Database

LIVES_US: Final = 30 * DAY_US
"""A card that nothing was told of for so long is left as it is."""
_COLUMNS: Final = (
    "receiver, target, thread, delivery_id, created_us, content, version, shown, digest, standing, firings, noted_us, "
    "look_us, fails"
)
_MARKED: Final = "version = version + 1, look_us = CASE WHEN fails > 0 THEN look_us END"
"""Looked at soon; one that could not be changed waits as long as it was told to."""


class Card(NamedTuple):
    """One message of a receiver that can be changed.

    Attributes:
        delivery_id: of the thread's first message.
        created_us: when that was decided.
        content: alert ids, group, and what else makes the message.
        version: grows with every change of what it tells of.
        shown: the version it shows.
        digest: of the body it shows.
        standing: that people know of, from the card or from its thread.
        firings: that people know of.
        noted_us: when its thread last heard of repeats.
        look_us: when to look at it without a change.
        fails: how often it could not be changed in a row.
    """

    queue: Queue
    thread: str
    delivery_id: str
    created_us: int
    content: Mapping[str, Any]
    version: int
    shown: int
    digest: bytes
    standing: Standing
    firings: int
    noted_us: int
    look_us: int | None
    fails: int


class Cards:
    """The ``card`` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def told(self, notification: Notification, row: Delivery, digest: bytes, firings_of: Callable[[str], int]) -> None:
        """A message goes out: its card tells of these alerts, too. Inside the running transaction.

        Args:
            notification: what is told.
            row: the delivery.
            digest: of the card as it is if nothing happens until it is sent.
            firings_of: how often an alert has fired.
        """
        before = self._one(row.queue, row.thread)
        known = before.content["ids"] if before is not None else []
        new = [id_ for id_ in notification.alert_ids if id_ not in known]
        content: dict[str, Any] = {
            "ids": [*new, *known][:MEMBERS_KEPT],
            "count": max(notification.alert_count, (before.content["count"] if before else 0) + len(new)),
            "group": dict(notification.group),
            "severities": (before.content["severities"] if before else {}) | dict(notification.severities),
        }
        firings = sum(map(firings_of, content["ids"]))
        if before is None:
            self._database.execute(
                f"INSERT INTO card ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, 1, 1, ?, ?, ?, 0, NULL, 0)",  # noqa: S608 - constants
                (*row.queue, row.thread, row.id, row.created_us, orjson.dumps(content), digest,
                 orjson.dumps(OPEN.to_json()), firings),
            )  # fmt: skip
            return
        self._database.execute(
            "UPDATE card SET content = ?4, created_us = ?5, firings = ?6, version = version + 1, look_us = NULL "
            "WHERE receiver = ?1 AND target = ?2 AND thread = ?3",
            (*row.queue, row.thread, orjson.dumps(content), row.created_us, firings),
        )

    def changed(self, alert_id: str) -> bool:
        """An alert is not what it was: mark the cards that tell of it; whether there are any.

        Inside the running transaction.
        """
        marked = self._database.execute(
            f"UPDATE card SET {_MARKED} WHERE (receiver, thread) IN "  # noqa: S608 - constants
            "(SELECT receiver, thread FROM decision WHERE alert_id = ? AND what = 'told')",
            (alert_id,),
        )
        return marked > 0

    def changed_all(self, now_us: int) -> None:
        """Silences have changed: mark every card that may have to do with it."""
        self._database.execute(
            f"UPDATE card SET {_MARKED} WHERE created_us > ?",  # noqa: S608 - constants
            (now_us - LIVES_US,),
        )

    def due(self, queue: Queue, now_us: int) -> Card | None:
        """A card that may show what is not true any more, and whose message has been sent."""
        row = self._database.one(
            f"SELECT {_COLUMNS} FROM card WHERE receiver = ?1 AND target = ?2 AND created_us > ?4 "  # noqa: S608 - constants
            "AND ((look_us IS NULL AND version > shown) OR look_us <= ?3) AND EXISTS (SELECT 1 FROM outbox AS o WHERE "
            "o.receiver = card.receiver AND o.thread = card.thread AND o.target = card.target AND o.state = 'sent' "
            "AND o.reference != '') ORDER BY created_us DESC LIMIT 1",
            (*queue, now_us, now_us - LIVES_US),
        )
        return None if row is None else _card(row)

    def next_us(self, queue: Queue, now_us: int) -> int | None:
        """When a card will be due by itself; None if none will."""
        row = self._database.one(
            "SELECT min(look_us) FROM card WHERE receiver = ? AND target = ? AND created_us > ?",
            (*queue, now_us - LIVES_US),
        )
        return None if row is None or row[0] is None else int(row[0])

    def showed(self, card: Card, digest: bytes, standing: Standing, look_us: int | None) -> None:
        """The card shows what it showed when it was looked at."""
        self._write(card, "shown = ?4, digest = ?5, standing = ?6, look_us = ?7, fails = 0",
                    card.version, digest, orjson.dumps(standing.to_json()), look_us)  # fmt: skip

    def noted(self, card: Card, firings: int, at_us: int) -> None:
        """The thread has heard of so many firings."""
        self._write(card, "firings = CASE WHEN firings < ?4 THEN ?4 ELSE firings END, noted_us = ?5", firings, at_us)

    def postpone(self, card: Card, until_us: int) -> None:
        """It could not be changed: again then."""
        self._write(card, "look_us = ?4, fails = fails + 1", until_us)

    def of_thread(self, thread: str) -> list[Card]:
        """The cards of a thread, one for each receiver that was told."""
        rows = self._database.rows(f"SELECT {_COLUMNS} FROM card WHERE thread = ?", (thread,))  # noqa: S608 - constants
        return [_card(row) for row in rows]

    def _one(self, queue: Queue, thread: str) -> Card | None:
        return next((card for card in self.of_thread(thread) if card.queue == queue), None)

    def _write(self, card: Card, changes: str, *values: Any) -> None:
        with self._database.transaction():
            self._database.execute(
                f"UPDATE card SET {changes} WHERE receiver = ?1 AND target = ?2 AND thread = ?3",  # noqa: S608 - constants
                (*card.queue, card.thread, *values),
            )


def _card(row: tuple[Any, ...]) -> Card:
    receiver, target, thread, delivery_id, created_us, content, version, shown, digest, standing, *rest = row
    return Card(
        Queue(receiver, target),
        thread,
        delivery_id,
        created_us,
        orjson.loads(content),
        version,
        shown,
        digest,
        standing_of_json(orjson.loads(standing)),
        *rest,
    )
