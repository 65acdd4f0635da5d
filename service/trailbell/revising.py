"""Messages that were sent are kept true: where an alert grew, or somebody did something, the message is changed.

It runs on the sender's own thread, between its deliveries, so that nothing is changed before it was sent. What a card
shows is made from the store as it is at that moment, so that many changes in a row cost one request, and a failure
nothing but time. In the thread it is said at most once who did what, and at most every few minutes that it repeats.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from trailbell_engine.alert import Alert
from trailbell_engine.counted import counted
from trailbell_engine.rule import RuleSet
from trailbell_engine.timestamps import HOUR_US, MINUTE_US, SECOND_US, format_time
from trailbell_notifiers.channel import Attempt, Channel
from trailbell_notifiers.channels.living import Living, Standing
from trailbell_notifiers.delivery.outbox import Queue
from trailbell_notifiers.groups.group import Notification, rank
from trailbell_notifiers.pace import Bucket, full, take
from trailbell_notifiers.policy.silences import Silence
from trailbell_notifiers.receipt import Delivered, Receipt, Retry

from .standings import Situation, situation_of
from .store.alerts import Alerts, StoredAlert
from .store.cards import Card, Cards
from .store.database import Database
from .store.handlings import Handlings
from .store.outbox import StoreOutbox
from .store.silences import Silences
from .telling import message_of

REPEATS_EVERY_US: Final = 5 * MINUTE_US
"""A thread hears of repeats at most so often."""
_AGAIN_US: Final = 10 * SECOND_US
_SIGNS: Final = {"open": "🔔", "acknowledged": "👀", "silenced": "🔕", "resolved": "✅"}

log = logging.getLogger("trailbell")


class _Now(NamedTuple):
    """A card's alerts, as they are."""

    alerts: Sequence[StoredAlert]
    situation: Situation


class Revisions:
    """Where the truth about cards is.

    Attributes:
        cards: the cards.
        outbox: where the messages are.
    """

    def __init__(self, database: Database, rules: Callable[[], RuleSet], configured: Sequence[Silence] = ()) -> None:
        """Read from a store.

        Args:
            database: the store.
            rules: those that run.
            configured: silences of the configuration.
        """
        self.cards = Cards(database)
        self.outbox = StoreOutbox(database)
        self._database = database
        self._alerts = Alerts(database)
        self._handlings = Handlings(database)
        self._silences = Silences(database)
        self._configured = configured
        self._rules = rules

    def now(self, card: Card, now_us: int) -> _Now | None:
        """How a card's alerts are; None if the store has none of them any more."""
        with self._database.lock:
            found = [stored for id_ in card.content["ids"] if (stored := self._alerts.get(id_)) is not None]
            if not found:
                return None
            silences = [*self._configured, *self._silences.all()]
            return _Now(found, situation_of(found, self._handlings, silences, self._rules(), now_us))

    def body(self, card: Card, now: _Now, channel: Living) -> bytes | None:
        """What the card has to show."""
        content, over = card.content, now.situation.standing.state == "resolved"
        severities = content["severities"]

        def urgency(alert: Alert) -> tuple[bool, int, int]:
            return alert.state == "open", rank(severities.get(alert.id, alert.severity)), alert.opened_at_us

        notification = Notification(
            kind="resolved" if over else "opened",
            receiver=card.queue.receiver,
            thread=card.thread,
            number=0,
            lead=max((stored.alert for stored in now.alerts), key=urgency).id,
            alert_ids=tuple(content["ids"]),
            new_ids=frozenset(),
            acknowledged_ids=now.situation.acknowledged_ids,
            severities=severities,
            alert_count=content["count"],
            group=content["group"],
            change="",
            reason="",
            at_us=0,
        )
        known = {stored.alert.id: stored for stored in now.alerts}
        message = message_of(self._rules(), notification, known.get)
        return None if message is None else channel.card(message, now.situation.standing, card.delivery_id)


class Revise:
    """Keeps the cards of one receiver true."""

    def __init__(self, channel: Channel, revisions: Revisions, now_us: Callable[[], int]) -> None:
        self._living = channel if isinstance(channel, Living) else None
        self._revisions = revisions
        self._cards = revisions.cards
        self._now_us = now_us
        self._bucket: Bucket | None = None

    def step(self, queue: Queue) -> int | None:
        """Look after at most one card. When to come again (microseconds, UTC); None: when something changes."""
        now_us = self._now_us()
        if self._living is None:
            return None
        card = self._cards.due(queue, now_us)
        if card is None:
            return self._cards.next_us(queue, now_us)
        return now_us + self._look_after(card, self._living, now_us)

    def _look_after(self, card: Card, living: Living, now_us: int) -> int:
        """Change a card if it has to be; how long to wait until that may be done (microseconds), else 0."""
        now = self._revisions.now(card, now_us)
        body = None if now is None else self._revisions.body(card, now, living)
        if now is None or body is None:
            self._cards.showed(card, card.digest, card.standing, None)
            return 0
        digest = digest_of(body)
        if digest != card.digest:
            wait_us = self._pace(living, now_us)
            if wait_us:
                return wait_us
            receipt = self._revise(card, body, living, now_us)
            if not isinstance(receipt, Delivered):
                log.warning("%s: a message was not changed: %s", card.queue.receiver, receipt.reason)
                self._cards.postpone(card, now_us + _pause_us(card, receipt))
                return 0
        # What is said in the thread is said at most once: it is noted first.
        self._cards.showed(card, digest, now.situation.standing, _look_us(card, now, now_us))
        for words in self._words(card, now, now_us):
            living.note(words, self._attempt(card, "note"), now_us / SECOND_US)
        return 0

    def _pace(self, living: Living, now_us: int) -> int:
        rate = living.revision_rate
        self._bucket, wait_us = take(self._bucket or full(rate, now_us), rate, now_us)
        return wait_us

    def _revise(self, card: Card, body: bytes, living: Living, now_us: int) -> Receipt:
        attempt = self._attempt(card, card.delivery_id)
        receipt = living.revise(body, attempt, now_us / SECOND_US)
        if isinstance(receipt, Delivered) and not attempt.earlier.endswith(receipt.reference.split(":")[-1]):
            self._revisions.outbox.refer(card.queue, card.thread, receipt.reference)
        return receipt

    def _attempt(self, card: Card, id_: str) -> Attempt:
        earlier = self._revisions.outbox.reference(card.queue, card.thread)
        return Attempt(id_, card.queue.target, created_s=card.created_us / SECOND_US, earlier=earlier)

    def _words(self, card: Card, now: _Now, now_us: int) -> Iterator[str]:
        standing = now.situation.standing
        if standing.state != card.standing.state and not (standing.state == "resolved" and not standing.by):
            yield deed_words(card.standing, standing)
        more = now.situation.firings - card.firings
        if more > 0 and now_us >= card.noted_us + REPEATS_EVERY_US:
            self._cards.noted(card, now.situation.firings, now_us)
            last = format_time(now.situation.last_us)
            yield f"🔁 {counted(more, 'more firing')}, the last at {last}; {now.situation.firings} in all"


def digest_of(body: bytes) -> bytes:
    """By which it is known whether a card would change."""
    return hashlib.sha256(body).digest()


def deed_words(before: Standing, after: Standing) -> str:
    """What somebody has done, in a line."""
    by = f" by {after.by}" if after.by else ""
    said = f": {after.comment}" if after.comment else ""
    match after.state:
        case "acknowledged":
            words = f"Acknowledged{by}{said}"
        case "silenced":
            words = f"Silenced until {format_time(after.at_us or 0)}{by}{said}"
        case "resolved":
            words = f"Resolved{by}{said}"
        case _:
            words = "The silence is over" if before.state == "silenced" else "Nobody looks after it now"
    return f"{_SIGNS[after.state]} {words}"


def _look_us(card: Card, now: _Now, now_us: int) -> int | None:
    """When something changes without anybody doing anything: a silence ends, or repeats may be told again."""
    times = []
    standing = now.situation.standing
    if standing.state == "silenced" and standing.at_us is not None:
        times.append(standing.at_us)
    if now.situation.firings > card.firings and now_us < card.noted_us + REPEATS_EVERY_US:
        times.append(card.noted_us + REPEATS_EVERY_US)
    return min(times, default=None)


def _pause_us(card: Card, receipt: Receipt) -> int:
    asked_us = round((receipt.after_s or 0.0) * SECOND_US) if isinstance(receipt, Retry) else 0
    return int(min(HOUR_US, max(asked_us, _AGAIN_US << min(card.fails, 9))))
