"""What people would have been told, on the alerts' own clock: routed, grouped, held back and rendered as live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from trailbell.telling import Telling
from trailbell.wiring import Receivers
from trailbell_engine.alert import Alert, Output
from trailbell_engine.event import Input
from trailbell_engine.rule import RuleSet
from trailbell_engine.timestamps import DAY_US, HOUR_US
from trailbell_notifiers.channel import Channel
from trailbell_notifiers.delivery.outbox import Delivery, deliveries
from trailbell_notifiers.desk import Told
from trailbell_notifiers.groups.group import HELD, Note, Notification
from trailbell_notifiers.groups.memory import MemoryGroups
from trailbell_notifiers.policy.silences import Silence

from .alert_log import AlertLog
from .lane import Lane
from .messages import Held, Messages, ReceiverMessages
from .shortened import is_shortened

_AWAKE_US: Final = 31 * DAY_US
"""Longer without any event is a hole in the history, and not a time in which somebody was reminded."""


class MessagePreview:
    """Follows a recorder: counts the messages that a live run would have sent.

    It is the live run's own desk, on the same clock of inputs. A delivery is counted where a sender would claim it.
    """

    def __init__(  # noqa: PLR0913 - all that a live run is wired of
        self,
        rules: RuleSet,
        who: Receivers,
        kinds: Mapping[str, str],
        alerts: AlertLog,
        *,
        configured: bool,
        silences: Sequence[Silence] = (),
        ticks: bool = False,
        sent: Callable[[Delivery, Iterable[str]], None] = lambda _delivery, _new: None,
    ) -> None:
        """Wire the preview.

        Args:
            rules: the rules that run.
            who: channels, routes, and what holds alerts back.
            kinds: what each receiver is.
            alerts: of the recorder.
            configured: whether a configuration named the receivers.
            silences: of the store.
            ticks: the history holds the clock's, as a live run recorded them. Without them it tells by itself what
                falls due between two events.
            sent: called with every delivery, and the ids of the alerts that its receiver has not heard of.
        """
        self._who = who
        self._kinds = kinds
        self._alerts = alerts
        self._configured = configured
        self._sent = sent
        awake_us = 0 if ticks else _AWAKE_US
        self._telling = Telling(rules, who.policy, MemoryGroups(), silences=silences, awake_us=awake_us)
        self._counts = {name: ReceiverMessages(name, kinds.get(name, "")) for name in who.channels}
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._per_rule: Counter[str] = Counter()
        self._untold: Counter[str] = Counter()
        self._held: dict[tuple[str, str], tuple[set[str], int | None]] = {}

    def time(self, item: Input, outputs: Sequence[Output]) -> None:
        """An input has come: what waited for its time is told."""
        self._tell(self._telling.time(item, outputs))

    def opened(self, alert: Alert) -> None:
        """A new alert, which the log has."""
        self._tell(self._telling.opened(alert)[1])

    def grew(self, alert: Alert) -> None:
        """A firing was folded into an alert."""
        self._tell(self._telling.grew(alert))

    def ended(self, alert: Alert) -> None:
        """An alert is over."""
        self._tell(self._telling.ended(alert))

    def settle(self) -> None:
        """The history is over for good: nothing waits any longer for more to be told with."""
        self._tell(self._telling.desk.settle())

    def messages(self) -> Messages:
        """What was counted."""
        held = [Held(what, why, len(alerts), until_us) for (what, why), (alerts, until_us) in self._held.items()]
        per_rule: dict[tuple[str, str], set[str]] = {}
        for (what, _), (alerts, _) in self._held.items():
            for alert_id in alerts:
                per_rule.setdefault((self._alerts.rule_of(alert_id), what), set()).add(alert_id)
        return Messages(
            self._configured,
            tuple(self._counts.values()),
            self._per_rule,
            self._untold,
            tuple(sorted(held, key=lambda entry: (-entry.alerts, entry.what, entry.why))),
            {name: len(alerts) for name, alerts in per_rule.items()},
        )

    def _tell(self, told: Told) -> None:
        for note in told.notes:
            self._note(note)
        for notification in told.notifications:
            self._send(notification)

    def _note(self, note: Note) -> None:
        if note.what == "untold":
            self._untold[note.detail] += 1
        elif note.what in HELD:
            alerts, until_us = self._held.setdefault((note.what, note.detail), (set(), None))
            alerts.add(note.alert_id)
            latest_us = max(filter(None, (until_us, note.until_us)), default=None)
            self._held[note.what, note.detail] = alerts, latest_us

    def _send(self, notification: Notification) -> None:
        channel = self._who.channels.get(notification.receiver)
        if channel is None:
            self._untold["no receiver of that name"] += len(notification.new_ids)
            return
        message = self._telling.message(notification, self._alerts.get)
        if message is None:
            return
        counts, at_us = self._counts[notification.receiver], notification.at_us
        for delivery in deliveries(message, channel, at_us):
            counts.messages += 1
            counts.resolved += message.kind == "resolved"
            counts.reminders += message.kind == "reminder"
            counts.cut += is_shortened(delivery.body, message, counts.kind)
            counts.per_hour[at_us // HOUR_US] += 1
            self._per_rule.update({self._alerts.rule_of(alert_id) for alert_id in notification.alert_ids})
            self._pace(channel, delivery, counts)
            self._sent(delivery, notification.new_ids)

    def _pace(self, channel: Channel, delivery: Delivery, counts: ReceiverMessages) -> None:
        if channel.rate is None:
            return
        lane = self._lanes.get((channel.name, delivery.target))
        if lane is None:
            lane = self._lanes[channel.name, delivery.target] = Lane(channel.rate)
        wait_us = lane.send(delivery.created_us)
        counts.longest_wait_us = max(counts.longest_wait_us, wait_us)
        counts.longest_queue = max(counts.longest_queue, lane.waiting)
