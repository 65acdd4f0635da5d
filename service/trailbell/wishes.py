"""The engine's side of ``operations``: what people wish is done in a transaction of the engine's, at its event time."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from trailbell_engine.alert import Resolved, resolve
from trailbell_notifiers.desk import Told

from .operations import Operation, waiting
from .store.changing_alerts import ChangingAlerts
from .store.deliveries import Deliveries
from .store.handlings import Deed, Handling, Handlings
from .store.silences import Silences
from .telling import Telling

LOOK_EVERY_S: Final = 0.5

log = logging.getLogger("trailbell")


class Wishes:
    """What lies in the folder of operations, taken up within a second.

    Attributes:
        released: deliveries are to be tried again; whoever wakes the senders takes it back.
        handled: alerts about which somebody did something, until whoever shows that takes them out.
        silenced: the silences are others than before; the same.
    """

    def __init__(self, state: Path, handlings: Handlings, deliveries: Deliveries) -> None:
        """Look into a state folder.

        Args:
            state: the folder.
            handlings: where deeds are kept.
            deliveries: what may be tried again.
        """
        self.released = False
        self.handled: set[str] = set()
        self.silenced = False
        self._state = state
        self._handlings = handlings
        self._deliveries = deliveries
        self._looked_s = float("-inf")
        self._taken: list[tuple[Path, bool]] = []

    def due(self) -> bool:
        """Whether it is time to look."""
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_EVERY_S:
            return False
        self._looked_s = now_s
        return True

    def lie_there(self) -> bool:
        """Whether there are any."""
        return next(waiting(self._state), None) is not None

    def grant(self, telling: Telling, silences: Silences, alerts: ChangingAlerts) -> Told:
        """Do what is wished, inside the running transaction. What cannot be done is logged and put aside."""
        told, silenced = Told([], []), False
        for file, wish in waiting(self._state):
            self._taken.append((file, wish is not None))
            if wish is None:
                log.error("%s is no operation and is put aside", file)
                continue
            if wish.do == "retry":
                self._deliveries.release(wish.subject, wish.at_us)
                self.released = True
                continue
            if wish.do == "give-up":
                self._deliveries.give_up(wish.subject, wish.author, wish.at_us)
                continue
            if wish.do in ("silence", "expire"):
                silenced |= self._silence(wish, telling.clock.now_us, silences)
                continue
            self.handled.add(wish.subject)
            for one in self._handle(wish, telling, alerts):
                told.notifications.extend(one.notifications)
                told.notes.extend(one.notes)
        self.silenced |= silenced
        if silenced:
            after = telling.desk.silenced(silences.all(), telling.clock.now_us)
            told.notifications.extend(after.notifications)
            told.notes.extend(after.notes)
        return told

    def granted(self) -> None:
        """What was done is durable: its files may go. A file that stays is done again, which changes nothing."""
        for file, understood in self._taken:
            with suppress(OSError):
                if understood:
                    file.unlink()
                else:
                    file.rename(file.with_suffix(".refused"))
        self._taken.clear()

    def _silence(self, wish: Operation, now_us: int, silences: Silences) -> bool:
        """Both take effect after what has been decided already, so that a replay decides it alike."""
        if wish.do == "expire":
            silences.expire(wish.subject, max(wish.at_us, now_us + 1))
        elif wish.silence is not None:
            starts_us = max(wish.silence.starts_us, now_us + 1)
            silences.add(wish.silence._replace(starts_us=starts_us, ends_us=max(starts_us, wish.silence.ends_us)))
        return True

    def _handle(self, wish: Operation, telling: Telling, alerts: ChangingAlerts) -> Iterator[Told]:
        stored, now_us = alerts.get(wish.subject), telling.clock.now_us
        if stored is None:
            log.warning("no alert %s to %s", wish.subject, wish.do)
        elif wish.do == "resolve" and stored.alert.state == "open":
            self._handlings.add(Handling(wish.subject, now_us, "resolved", wish.author, wish.comment))
            alerts.replace(stored, resolve(stored.alert, Resolved(wish.subject, stored.alert.rule_id, now_us)))
            yield telling.desk.ended(wish.subject, now_us)
        elif wish.do in ("acknowledge", "unacknowledge"):
            yes = wish.do == "acknowledge"
            if yes is (self._handlings.acknowledged(wish.subject) is None):
                deed: Deed = "acknowledged" if yes else "unacknowledged"
                self._handlings.add(Handling(wish.subject, now_us, deed, wish.author, wish.comment))
                yield telling.desk.acknowledged(wish.subject, now_us, yes=yes)
