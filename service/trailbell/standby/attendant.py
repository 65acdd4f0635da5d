"""Looks after a queue between two attempts: digests, fallback, and news of trouble."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from trailbell.configuration.receivers import ReceiverOptions
from trailbell.store.breakers import Breakers
from trailbell.store.database import Database
from trailbell_engine.rule import RuleSet
from trailbell_notifiers.channel import Channel
from trailbell_notifiers.delivery.outbox import Queue
from trailbell_notifiers.delivery.sender import Sent
from trailbell_notifiers.receipt import Delivered

from .fallback import Fallback
from .retelling import Retelling
from .storm import Storm
from .trouble import Trouble


class Attendant:
    """Callable from the senders' threads; every step is a transaction of its own, and repeating one changes nothing."""

    def __init__(
        self,
        database: Database,
        channels: Mapping[str, Channel],
        options: Mapping[str, ReceiverOptions],
        rules: Callable[[], RuleSet],
    ) -> None:
        """Wire it.

        Args:
            database: the store.
            channels: the receivers by name.
            options: of them.
            rules: those that run.
        """
        fallbacks = {name: one.fallback for name, one in options.items() if one.fallback}
        retelling = Retelling(database, rules)
        self._breakers = Breakers(database)
        self._storm = Storm(database, channels, {name: one.digest_above for name, one in options.items()}, retelling)
        self._fallback = Fallback(database, channels, fallbacks, retelling)
        self._trouble = Trouble(database, channels, fallbacks)

    def before(self, queue: Queue, now_us: int) -> int | None:
        """Before an attempt; until when to wait with it, if there is a reason to."""
        if self._breakers.of(queue).since_us is not None:
            return None  # what waits now may still grow; it is folded when the receiver is back
        return self._storm.fold(queue, now_us)

    def after(self, queue: Queue, sent: Sent | None, now_us: int) -> bool:
        """After an attempt, or when there was nothing to do; say whether others have been given something to send."""
        news = False
        if sent is not None and sent.delivery.state == "dead":
            news = self._trouble.refused(sent.delivery, now_us)
        breaker = self._breakers.of(queue)
        if breaker.since_us is not None:
            told = self._trouble.failing(queue, breaker, now_us)
            return bool(self._fallback.divert(queue, breaker, now_us)) or told or news
        if sent is not None and isinstance(sent.receipt, Delivered):
            news |= self._trouble.works(queue, now_us)
        return news
