"""From what the engine decides to the messages that follow: one way for live runs and for dry-runs.

Whoever uses it stores the alerts: first the output is stored, then the desk hears of it, then messages are written from
what is stored at that moment.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from trailbell_engine.alert import Alert, Duplicate, Output
from trailbell_engine.conditions import spec_of
from trailbell_engine.event import Input
from trailbell_engine.rule import RuleSet, Words
from trailbell_notifiers.desk import Desk, Memory, Policy, Told
from trailbell_notifiers.groups.group import Note, Notification
from trailbell_notifiers.message import MEMBERS_KEPT, Member, Message, Place, compose
from trailbell_notifiers.policy.event_clock import EventClock
from trailbell_notifiers.policy.routing import Decision
from trailbell_notifiers.policy.silences import Silence
from trailbell_notifiers.words.render import Presentation

from .store.alerts import StoredAlert

Lookup: TypeAlias = Callable[[str], StoredAlert | None]


class Telling:
    """The desk of a rule set, driven by the inputs' clock.

    Attributes:
        desk: routes, groups, silences.
        clock: event time.
    """

    def __init__(
        self,
        rules: RuleSet,
        policy: Policy,
        memory: Memory,
        *,
        silences: Sequence[Silence] = (),
        clock: EventClock | None = None,
        awake_us: int = 0,
    ) -> None:
        """Take up where the memory is.

        Args:
            rules: that run.
            policy: routes, inhibitions, intervals, configured silences.
            memory: of groups.
            silences: stored ones.
            clock: as an earlier run left it.
            awake_us: see ``Desk.advance``.
        """
        self._awake_us = awake_us
        self._rules = rules
        self.desk = Desk(policy, memory, silences)
        self.clock = clock or EventClock()

    def time(self, item: Input, outputs: Sequence[Output] = ()) -> Told:
        """An input has come, and with it the time: what was waiting for it. Call it before its outputs are taken.

        A duplicate does not count: it is not recorded, so a replay does not see it.
        """
        if outputs and isinstance(outputs[0], Duplicate):
            return Told([], [])
        if self.clock.take(item):
            return self.desk.settle()
        return self.desk.advance(self.clock.now_us, awake_us=self._awake_us)

    def opened(self, alert: Alert) -> tuple[list[Decision], Told]:
        """A new alert: who is to hear of it, and what is to be told now."""
        rule = self._rules[alert.rule_id]
        time_us = self.clock.now_us
        if rule.status == "experimental":
            return [], Told([], [Note(alert.id, "untold", "the rule is experimental", at_us=time_us)])
        lasting = spec_of(rule.condition).lasting
        return self.desk.opened(alert, rule.words, rule.notify, time_us, lasting=lasting)

    def grew(self, alert: Alert) -> Told:
        """A firing was folded into the alert, which is as it is now."""
        return self.desk.grew(alert.id, alert.firings, alert.last_at_us, self.clock.now_us)

    def ended(self, alert: Alert) -> Told:
        """The alert is over."""
        return self.desk.ended(alert.id, self.clock.now_us)

    def message(self, notification: Notification, lookup: Lookup) -> Message | None:
        """The message of a notification; None if the store has none of its alerts any more.

        Args:
            notification: from the desk.
            lookup: the stored alerts, as they are now.
        """
        return message_of(self._rules, notification, lookup)


def message_of(rules: RuleSet, notification: Notification, lookup: Lookup) -> Message | None:
    """The message of a notification; None if there is none of its alerts any more.

    Args:
        rules: that run; of a rule that is gone only what was stored is told.
        notification: what to tell.
        lookup: the alerts, as they are now.
    """
    ids = list(notification.alert_ids[:MEMBERS_KEPT])
    if notification.lead not in ids:
        ids[-1:] = [notification.lead]
    members = [member for member in (_member(rules, id_, notification, lookup) for id_ in ids) if member is not None]
    if not members:
        return None
    lead = next((member for member in members if member.alert.id == notification.lead), members[0])
    place = Place(
        members=tuple(members),
        alert_count=notification.alert_count,
        group=notification.group,
        number=notification.number,
        thread=notification.thread,
        change=notification.change,
    )
    return compose(lead.alert, lead.words, lead.presentation, notification.kind, place)


def _member(rules: RuleSet, alert_id: str, notification: Notification, lookup: Lookup) -> Member | None:
    stored = lookup(alert_id)
    if stored is None:
        return None
    alert, wording = stored.alert, presentation(stored.wording)
    severity = notification.severities.get(alert_id, alert.severity)
    words = rules[alert.rule_id].words if alert.rule_id in rules else Words(wording.title)
    return Member(
        alert if severity == alert.severity else replace(alert, severity=severity),
        words,
        wording,
        new=alert_id in notification.new_ids,
        acknowledged=alert_id in notification.acknowledged_ids,
    )


def presentation(wording: Mapping[str, Any]) -> Presentation:
    """The words of a stored alert, as they were made when it opened."""
    fields = tuple((label, value) for label, value in wording["fields"])
    return Presentation(wording["title"], wording["summary"], fields, tuple(wording["problems"]))
