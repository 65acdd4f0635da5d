"""The live sink: alerts are stored, worded and put into the outbox in the transaction of their events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from trailbell_engine.alert import Alert, Opened, Output, Resolved, Updated, fold, resolve
from trailbell_engine.event import Input, is_instant
from trailbell_engine.explain import explain
from trailbell_engine.rule import RuleSet
from trailbell_notifiers.channel import Channel
from trailbell_notifiers.message import compose
from trailbell_notifiers.outbox import deliveries
from trailbell_notifiers.routing import Decision, Route, decide, labels_of

from .store.alerts import Alerts, StoredAlert
from .store.outbox import StoreOutbox
from .tally import Tally
from .wording import Wording, to_json


class Told(NamedTuple):
    """A new alert and who is told of it."""

    stored: StoredAlert
    decisions: Sequence[Decision]


class Outgoing:
    """Stores what the engine decides, and decides who is told.

    Attributes:
        tally: counts since the start of this run.
    """

    def __init__(
        self,
        rules: RuleSet,
        alerts: Alerts,
        outbox: StoreOutbox,
        channels: Mapping[str, Channel],
        route: Route | None,
        *,
        now_us: Callable[[], int],
        told: Callable[[Sequence[Told]], None],
    ) -> None:
        """Wire the sink.

        Args:
            rules: the running rules.
            alerts: the alert table.
            outbox: the outbox table.
            channels: the receivers by name.
            route: the routing tree; None tells only those a rule names.
            now_us: the clock, for deliveries; decisions do not read it.
            told: called after a commit with the new alerts, now durable; the place to wake the senders.
        """
        self.tally = Tally()
        self._rules = rules
        self._wording = Wording(rules)
        self._alerts = alerts
        self._outbox = outbox
        self._channels = channels
        self._route = route
        self._now_us = now_us
        self._told = told
        self._fresh: list[Told] = []

    def take(self, item: Input, outputs: Sequence[Output]) -> None:
        """Store what followed from one input."""
        self.tally.count(item, outputs)
        if outputs:
            self._store(outputs)

    def committed(self) -> None:
        """Say aloud what is durable now."""
        fresh, self._fresh = self._fresh, []
        if fresh:
            self._told(fresh)

    def _store(self, outputs: Sequence[Output]) -> None:
        for output in outputs:
            if isinstance(output, Opened):
                self._open(output.alert)
            elif isinstance(output, Updated):
                stored = self._alerts.get(output.alert_id)
                if stored is not None:
                    self._alerts.replace(fold(stored.alert, output))
            elif isinstance(output, Resolved):
                self._resolve(output)

    def _open(self, alert: Alert) -> None:
        rule = self._rules[alert.rule_id]
        presentation = self._wording.presentation(alert)
        # An alert of silence has no event on which the match could be explained.
        explanation = None if is_instant(alert.opener) else explain(rule.match, alert.opener).to_json()
        wording = to_json(presentation) | {"explanation": explanation}
        if not self._alerts.add(alert, wording):
            return
        decisions = (
            [] if rule.status == "experimental" else decide(self._route, labels_of(alert, rule.words), rule.notify)
        )
        message = compose(alert, rule.words, presentation)
        now_us = self._now_us()
        rows = [row for decision in decisions for row in deliveries(message, self._channels[decision.receiver], now_us)]
        self._outbox.add(rows, {decision.receiver: decision.reason for decision in decisions})
        self._fresh.append(Told(StoredAlert(alert, wording), decisions))

    def _resolve(self, resolved: Resolved) -> None:
        """Tell those who were told of the alert that it is over."""
        stored = self._alerts.get(resolved.alert_id)
        if stored is None:
            return
        alert = resolve(stored.alert, resolved)
        self._alerts.replace(alert)
        rule = self._rules[alert.rule_id]
        message = compose(alert, rule.words, self._wording.presentation(alert), kind="resolved")
        told = {delivery.receiver: reason for delivery, reason in self._outbox.of_alert(alert.id)}
        now_us = self._now_us()
        known = [self._channels[name] for name in told if name in self._channels]
        self._outbox.add([row for channel in known for row in deliveries(message, channel, now_us)], told)
