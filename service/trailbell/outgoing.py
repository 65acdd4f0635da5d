"""The live sink: alerts are stored, and what is to be told goes into the outbox, in the transaction of their events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from trailbell_engine.alert import Alert, Opened, Output, Resolved, Updated, fold, resolve
from trailbell_engine.event import Input, is_instant
from trailbell_engine.explain import explain
from trailbell_engine.rule import RuleSet
from trailbell_notifiers.channel import Channel
from trailbell_notifiers.channels.living import Living, standing_of
from trailbell_notifiers.delivery.outbox import deliveries
from trailbell_notifiers.desk import Policy, Told
from trailbell_notifiers.groups.group import Note, Notification
from trailbell_notifiers.policy.routing import Decision

from .crowding import Crowding
from .revising import digest_of
from .store.alerts import StoredAlert
from .store.cards import Cards
from .store.changing_alerts import ChangingAlerts
from .store.database import Database
from .store.decisions import Decisions
from .store.deliveries import Deliveries
from .store.groups import StoreGroups
from .store.handlings import Handlings
from .store.outbox import StoreOutbox
from .store.silences import Silences
from .tally import Tally
from .telling import Telling
from .wishes import Wishes
from .wording import Wording, to_json


class NewAlert(NamedTuple):
    """A new alert and who is to hear of it."""

    stored: StoredAlert
    decisions: Sequence[Decision]


class Outgoing:
    """Stores what the engine decides, and what is told of it.

    Attributes:
        tally: counts since the start of this run.
    """

    def __init__(
        self,
        rules: RuleSet,
        database: Database,
        channels: Mapping[str, Channel],
        policy: Policy,
        *,
        now_us: Callable[[], int],
        told: Callable[[Sequence[NewAlert]], None],
    ) -> None:
        """Wire the sink.

        Args:
            rules: the running rules.
            database: the store.
            channels: the receivers by name.
            policy: routes, grouping, inhibition, intervals and silences.
            now_us: the clock, for deliveries; decisions do not read it.
            told: called after a commit with the new alerts, now durable; the place to wake the senders.
        """
        self.tally = Tally()
        self._alerts = ChangingAlerts(database)
        self._outbox = StoreOutbox(database)
        self._decisions = Decisions(database)
        self._silences = Silences(database)
        self._cards = Cards(database)
        self._database = database
        self._groups = StoreGroups(database)
        self._now_us = now_us
        self._told = told
        self._wishes = Wishes(database.folder, Handlings(database), Deliveries(database))
        self._crowding = Crowding()
        self._fresh: list[NewAlert] = []
        self._sends = False
        self.use(rules, channels, policy)

    def use(self, rules: RuleSet, channels: Mapping[str, Channel], policy: Policy) -> None:
        """Work with these from now on; groups on their way keep their timers. Between two transactions."""
        self._rules = rules
        self._wording = Wording(rules)
        self._channels = channels
        self._living = any(isinstance(channel, Living) for channel in channels.values())
        silences, clock = self._silences.all(), self._groups.clock
        self._telling = Telling(rules, policy, self._groups, silences=silences, clock=clock)

    def take(self, item: Input, outputs: Sequence[Output]) -> None:
        """Store what followed from one input."""
        self.tally.count(item, outputs)
        self._tell(self._telling.time(item, outputs))
        if self._wishes.due():
            self._grant()
        if outputs:
            self._store(outputs)

    def hear(self) -> None:
        """Do at once what people wish. On the engine's thread, between two transactions."""
        with self._database.transaction():
            self._grant()
        self.committed()

    def idle(self) -> None:
        """Nothing comes, and people may wish something all the same. On the engine's thread, as ``hear``."""
        if self._wishes.due() and self._wishes.lie_there():
            self.hear()

    def _grant(self) -> None:
        self._tell(self._wishes.grant(self._telling, self._silences, self._alerts))
        for alert_id in self._wishes.handled:
            self._changed(alert_id)
        if self._wishes.silenced and self._living:
            self._cards.changed_all(self._now_us())
            self._sends = True
        self._wishes.handled.clear()
        self._wishes.silenced = False

    def _changed(self, alert_id: str) -> None:
        """What was told of an alert is not the whole truth any more."""
        if self._living and self._cards.changed(alert_id):
            self._sends = True

    def committed(self) -> None:
        """Say aloud what is durable now."""
        self._wishes.granted()
        self._crowding.say(self.tally, self._now_us())
        fresh, self._fresh = self._fresh, []
        sends, self._sends = self._sends or self._wishes.released, False
        self._wishes.released = False
        if fresh or sends:
            self._told(fresh)

    def _store(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            if isinstance(output, Opened):
                self._open(output.alert)
            elif isinstance(output, Updated):
                stored = self._alerts.get(output.alert_id)
                if stored is not None:
                    alert = fold(stored.alert, output)
                    self._alerts.replace(stored, alert)
                    self._changed(alert.id)
                    self._tell(self._telling.grew(alert))
            elif isinstance(output, Resolved):
                stored = self._alerts.get(output.alert_id)
                if stored is not None:
                    alert = resolve(stored.alert, output)
                    self._alerts.replace(stored, alert)
                    self._changed(alert.id)
                    self._tell(self._telling.ended(alert))

    def _open(self, alert: Alert) -> None:
        # An alert of silence has no event on which the match could be explained.
        explanation = (
            None if is_instant(alert.opener) else explain(self._rules[alert.rule_id].match, alert.opener).to_json()
        )
        wording = to_json(self._wording.presentation(alert)) | {"explanation": explanation}
        if not self._alerts.add(alert, wording):
            return
        decisions, told = self._telling.opened(alert)
        self._tell(told)
        self._fresh.append(NewAlert(StoredAlert(alert, wording), decisions))

    def _tell(self, told: Told) -> None:
        notes = list(told.notes)
        for notification in told.notifications:
            notes += self._send(notification)
        if notes:
            self._decisions.add(notes)

    def _send(self, notification: Notification) -> list[Note]:
        """Put the message into the outbox; notes on why that cannot be."""
        channel = self._channels.get(notification.receiver)
        if channel is None:
            words = f"{notification.receiver} is not configured any more"
            return [
                Note(alert_id, "lost", words, notification.receiver, notification.at_us)
                for alert_id in notification.alert_ids
            ]
        message = self._telling.message(notification, self._alerts.get)
        if message is not None:
            rows = deliveries(message, channel, self._now_us())
            self._outbox.add(rows, {notification.receiver: notification.reason})
            if isinstance(channel, Living):
                for row in rows:
                    card = channel.card(replace(message, change=""), standing_of(message), row.id)
                    self._cards.told(notification, row, digest_of(card), self._firings)
            self._sends = True
        return []

    def _firings(self, alert_id: str) -> int:
        stored = self._alerts.get(alert_id)
        return 0 if stored is None else stored.alert.firings
