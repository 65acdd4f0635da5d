"""Trouble with a receiver is told through another one: when it fails, when it works again, when it refuses messages."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from trailbell.store.breakers import Breakers
from trailbell.store.database import Database
from trailbell.store.outbox import StoreOutbox
from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.timestamps import HOUR_US, SECOND_US, format_time
from trailbell_notifiers.channel import Channel
from trailbell_notifiers.delivery.breaker import Breaker
from trailbell_notifiers.delivery.notices import Notice, notice_id, notice_message
from trailbell_notifiers.delivery.outbox import Delivery, Queue, deliveries

log = logging.getLogger("trailbell")


class Trouble:
    """Tells of receivers that fail. Everything it says has a deterministic id, so it is said once."""

    def __init__(self, database: Database, channels: Mapping[str, Channel], fallbacks: Mapping[str, str]) -> None:
        """Wire it.

        Args:
            database: the store.
            channels: the receivers by name, in the order in which they are asked to carry bad news.
            fallbacks: receiver -> the one that stands in for it, and hears of it first.
        """
        self._database = database
        self._outbox = StoreOutbox(database)
        self._breakers = Breakers(database)
        self._channels = channels
        self._fallbacks = fallbacks

    def failing(self, queue: Queue, breaker: Breaker, now_us: int) -> bool:
        """Tell somebody that a receiver has been failing for a while; say whether that was news."""
        if breaker.since_us is None or not breaker.is_trouble(now_us):
            return False
        thread = notice_id(_subject(queue), str(breaker.since_us))
        name = None if self._outbox.threaded(thread) else self._messenger(queue)
        if name is None:
            return False
        waiting, oldest_us = self._outbox.depth(queue)
        wait = counted(waiting, "message waits", "messages wait")
        stand_in = self._fallbacks.get(queue.receiver, "")
        notice = Notice(
            kind="meta",
            subject=_subject(queue),
            episode=str(breaker.since_us),
            title=f"{_name(queue)} takes no messages",
            summary=f"It has failed since {format_time(breaker.since_us)}. Nothing is lost: {wait}, "
            + (f"and {stand_in} is told meanwhile." if stand_in else "to be sent when it works again."),
            fields=(
                ("Reason", breaker.reason),
                ("Waiting", str(waiting)),
                ("Oldest", format_time(oldest_us or now_us)),
                ("What to do", f"trailbell notify test {queue.receiver}"),
            ),
            at_us=now_us,
        )
        return self._put(name, notice, thread, now_us)

    def works(self, queue: Queue, now_us: int) -> bool:
        """Tell those who heard that a receiver fails that it works again."""
        last = self._outbox.newest_of(notice_id(_subject(queue)))
        if last is None or last.number or last.receiver not in self._channels:
            return False
        waiting, _ = self._outbox.depth(queue)
        since_us = last.created_us
        lasted = format_duration(max(SECOND_US, (now_us - since_us) // SECOND_US * SECOND_US))
        notice = Notice(
            kind="meta",
            subject=_subject(queue),
            episode="",
            title=f"{_name(queue)} takes messages again",
            summary=f"It took one at {format_time(now_us)}, {lasted} after this was told; {waiting} are on their way.",
            severity="info",
            at_us=now_us,
            number=1,
        )
        return self._put(last.receiver, notice, last.thread, now_us)

    def refused(self, delivery: Delivery, now_us: int) -> bool:
        """Tell somebody that a message has died, at most once an hour for each receiver."""
        hour = str(now_us // HOUR_US)
        subject = f"dead letters of {delivery.receiver}"
        notice = Notice(
            kind="meta",
            subject=subject,
            episode=hour,
            title=f"{_name(delivery.queue)} has not got a message, and will not",
            summary="It is kept as a dead letter. `trailbell deliveries list --state dead` shows all of them, "
            "`trailbell deliveries retry` tries again.",
            fields=(("Reason", delivery.last_error), ("Delivery", delivery.id), ("Alert", delivery.alert_id)),
            at_us=now_us,
        )
        thread = notice_id(subject, hour)
        known = delivery.kind == "meta" or self._outbox.threaded(thread)
        name = None if known else self._messenger(delivery.queue)
        return name is not None and self._put(name, notice, thread, now_us)

    def _messenger(self, queue: Queue) -> str | None:
        """Who can carry news of this queue: its fallback, or else another receiver; None if all fail."""
        failing = {one.receiver for one, _ in self._breakers.failing()} | {queue.receiver}
        first = [self._fallbacks[queue.receiver]] if queue.receiver in self._fallbacks else []
        return next((one for one in (*first, *self._channels) if one not in failing), None)

    def _put(self, receiver: str, notice: Notice, thread: str, now_us: int) -> bool:
        message = notice_message(notice, thread)
        with self._database.transaction():
            rows = deliveries(message, self._channels[receiver], now_us)
            self._outbox.add(rows, {receiver: "trouble with another receiver"})
        return True


def _subject(queue: Queue) -> str:
    return f"receiver {queue.receiver} {queue.target}".rstrip()


def _name(queue: Queue) -> str:
    return f"{queue.receiver} ({queue.target})" if queue.target else queue.receiver
