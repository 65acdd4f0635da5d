"""The desk every alert passes on its way out: routed, grouped, held back or told, and each decision noted.

It reads no clock and sends nothing: what it is told and the event time it is told at decide, so that a run over
recorded history writes the same notifications as the live run did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from trailbell_engine.alert import Alert
from trailbell_engine.rule import Words

from .groups.group import (
    Acknowledged,
    Change,
    Ended,
    Grew,
    Group,
    Joined,
    Note,
    Notification,
    Raised,
    Tracked,
    Woken,
    group_key,
    thread_id,
)
from .groups.grouping import Hidden, step
from .policy.inhibition import Inhibition, Source, inhibiting
from .policy.intervals import Interval, inside, until_us
from .policy.matchers import Labels
from .policy.plan import CLOSE_AFTER_US, Plan
from .policy.routing import Decision, Route, decide, labels_of
from .policy.silences import Silence, covering


class Memory(Protocol):
    """What the desk remembers. Live it is kept in the transaction of the events that changed it."""

    def group(self, key: str) -> Group | None:
        """The group of that key."""

    def keep(self, key: str, group: Group | None, wake_us: int | None) -> None:
        """Keep a group and when it wants to be woken; None forgets it."""

    def groups_of(self, alert_id: str) -> Sequence[str]:
        """Keys of the groups that track an alert, in order."""

    def due(self, time_us: int) -> tuple[int, str] | None:
        """Of the groups that want to be woken by then the first one, and when; of several the first by key."""

    def waiting(self) -> Sequence[str]:
        """Keys of the groups that wait (``Group.waits``), in order."""

    def sources(self) -> Sequence[Source]:
        """The open alerts that inhibit others, in order of coming."""

    def inhibit(self, source: Source) -> None:
        """Remember one."""

    def release(self, alert_id: str) -> None:
        """Forget it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the configuration says about delivery.

    Attributes:
        route: the tree; None tells only those a rule names.
        inhibitions: in order.
        intervals: by name.
        silences: declared in the configuration.
    """

    route: Route | None = None
    inhibitions: tuple[Inhibition, ...] = ()
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    silences: tuple[Silence, ...] = ()


class Told(NamedTuple):
    """What follows from one thing that happened."""

    notifications: list[Notification]
    notes: list[Note]


class Desk:
    """Grouping, silences, inhibition, mute intervals and escalation over a policy and a memory."""

    def __init__(self, policy: Policy, memory: Memory, silences: Sequence[Silence] = ()) -> None:
        """Take up what the memory holds.

        Args:
            policy: of the configuration.
            memory: of the groups.
            silences: stored ones, beside those of the policy.
        """
        self._policy = policy
        self._memory = memory
        self._stored = tuple(silences)

    def opened(
        self, alert: Alert, words: Words, notify: Sequence[str], time_us: int, *, lasting: bool = False
    ) -> tuple[list[Decision], Told]:
        """A new alert.

        Args:
            alert: as the engine made it.
            words: of its rule.
            notify: the receivers the rule itself names.
            time_us: event time.
            lasting: an end of it will be told by ``ended``.

        Returns:
            Who is to hear of it, and what is to be told now.
        """
        labels = labels_of(alert, words)
        told = Told([], [])
        if any(inhibition.is_source(labels) for inhibition in self._policy.inhibitions):
            self._release_past(time_us)
            until = None if lasting else max(time_us, alert.last_at_us) + CLOSE_AFTER_US
            self._memory.inhibit(Source(alert.id, labels, until))
        tracked = Tracked(
            alert_id=alert.id,
            labels=labels,
            severity=alert.severity,
            since_us=time_us,
            last_us=max(time_us, alert.last_at_us),
            firings=alert.firings,
            lasting=lasting,
        )
        decisions = decide(self._policy.route, labels, notify)
        if not decisions:
            told.notes.append(
                Note(alert.id, "untold", "no route takes it, and the rule names no receiver", at_us=time_us)
            )
        for decision in decisions:
            self._join(tracked, decision, time_us, told)
        return decisions, told

    def grew(self, alert_id: str, firings: int, last_us: int, time_us: int) -> Told:
        """A firing was folded into an alert, which has so many now."""
        return self._tell_groups(alert_id, Grew(alert_id, firings, max(last_us, time_us)), time_us)

    def ended(self, alert_id: str, time_us: int) -> Told:
        """An alert is over. What it inhibited may be told now."""
        told = self._tell_groups(alert_id, Ended(alert_id, time_us), time_us)
        if any(source.alert_id == alert_id for source in self._memory.sources()):
            self._memory.release(alert_id)
            self._look_again(time_us, told)
        return told

    def acknowledged(self, alert_id: str, time_us: int, *, yes: bool = True) -> Told:
        """Somebody looks after an alert, or does not any more."""
        return self._tell_groups(alert_id, Acknowledged(alert_id, yes), time_us)

    def silenced(self, silences: Sequence[Silence], time_us: int) -> Told:
        """The stored silences are others than before: what waits may be told now."""
        told = Told([], [])
        self._stored = tuple(silences)
        self._look_again(time_us, told)
        return told

    def advance(self, time_us: int, *, awake_us: int = 0) -> Told:
        """Event time has come so far: wake, in order, what wanted to be woken by then.

        Args:
            time_us: the present.
            awake_us: what fell due so short a time ago was looked at when it did. A history without ticks of the clock
                has nothing else to say so; live, of several reminders that fell due unseen, one is sent.
        """
        told = Told([], [])
        while (due := self._memory.due(time_us)) is not None:
            at_us, key = min(due[0], time_us), due[1]
            self._step(key, Woken(at_us if time_us - at_us <= awake_us else time_us), at_us, told)
        return told

    def settle(self) -> Told:
        """Nothing will ever come any more: tell what waits for the end of its group's interval."""
        told = Told([], [])
        for key in self._memory.waiting():
            group = self._memory.group(key)
            if group is None:
                continue
            news_us = max((alert.since_us for alert in group.tracked if alert.is_news), default=None)
            if news_us is not None:
                time_us = max(news_us, group.spoken_us or 0)
                self._step(key, Woken(time_us, last=True), time_us, told)
        return told

    def hidden(self, alert: Tracked, time_us: int) -> Hidden | None:
        """The silence or the alert that keeps this one from being told now. Part of ``grouping.Judge``."""
        found = inhibiting(self._policy.inhibitions, self._memory.sources(), alert.alert_id, alert.labels, time_us)
        if found is not None:
            by = f"inhibited by alert {found.by.alert_id[:12]} ({found.inhibition.name})"
            return Hidden("inhibited", by, found.by.until_us)
        silence = covering((*self._policy.silences, *self._stored), alert.labels, time_us)
        if silence is None:
            return None
        why = f" ({silence.comment})" if silence.comment else ""
        return Hidden("silenced", f"silenced by {silence.author or silence.origin}{why}, {silence.id}", silence.ends_us)

    def muted(self, plan: Plan, time_us: int) -> Hidden | None:
        """The interval in which nothing is told. Part of ``grouping.Judge``."""
        intervals = self._policy.intervals
        active = [intervals[name] for name in plan.active if name in intervals]
        if active and not any(inside(interval, time_us) for interval in active):
            return Hidden("muted", f"outside of {' and '.join(plan.active)}", until_us(active, time_us, wanted=True))
        mute = [name for name in plan.mute if name in intervals and inside(intervals[name], time_us)]
        if mute:
            all_of_them = [intervals[name] for name in plan.mute if name in intervals]
            return Hidden("muted", f"muted by {mute[0]}", until_us(all_of_them, time_us, wanted=False))
        return None

    def _release_past(self, time_us: int) -> None:
        """Forget what inhibits nothing any more, so that what is asked for each alert stays short."""
        for source in self._memory.sources():
            if source.until_us is not None and source.until_us <= time_us:
                self._memory.release(source.alert_id)

    def _look_again(self, time_us: int, told: Told) -> None:
        for key in self._memory.waiting():
            self._step(key, Woken(time_us, look_again=True), time_us, told)

    def _tell_groups(self, alert_id: str, change: Change, time_us: int) -> Told:
        told = Told([], [])
        for key in self._memory.groups_of(alert_id):
            self._step(key, change, time_us, told)
        return told

    def _join(self, alert: Tracked, decision: Decision, time_us: int, told: Told) -> None:
        labels = {name: _one(alert.labels, name) for name in decision.plan.group_by or ()}
        alone = decision.plan.group_by is None
        key = group_key(decision.receiver, decision.path, labels, alert.alert_id if alone else "")
        group = self._memory.group(key) or Group(
            receiver=decision.receiver,
            path=decision.reason,
            labels=labels,
            plan=decision.plan,
            thread=alert.alert_id if alone else thread_id(key, alert.alert_id),
        )
        told.notes.append(Note(alert.alert_id, "routed", decision.reason, decision.receiver, time_us))
        if not alone:
            shown = ", ".join(f"{name} {value or 'none'}" for name, value in labels.items()) or "all of the route"
            told.notes.append(Note(alert.alert_id, "grouped", f"under {shown}", decision.receiver, time_us))
        self._memory.keep(key, group, None)
        self._step(key, Joined(alert, decision.plan), time_us, told)

    def _step(self, key: str, change: Change, time_us: int, told: Told) -> None:
        group = self._memory.group(key)
        if group is None:
            return
        outcome = step(group, change, time_us, self)
        self._memory.keep(key, outcome.group, outcome.wake_us)
        told.notifications.extend(outcome.notifications)
        told.notes.extend(outcome.notes)
        for raised in outcome.raised:
            self._escalate(raised, group.receiver, time_us, told)

    def _escalate(self, raised: Raised, told_already: str, time_us: int, told: Told) -> None:
        alert, escalation, why = raised
        severity = escalation.severity or alert.severity
        labels = {**alert.labels, "severity": (severity,)}
        raised_alert = replace(
            Tracked(alert_id=alert.alert_id, labels=labels, severity=severity, since_us=time_us, last_us=alert.last_us),
            firings=alert.firings,
            lasting=alert.lasting,
            acknowledged=alert.acknowledged,
        )
        reason = f"escalated: {why}"
        plan = (
            replace(decide(self._policy.route, labels, escalation.to)[0].plan, escalate=()) if escalation.to else Plan()
        )
        decisions = [Decision(name, reason, f"escalation {alert.steps}", plan) for name in escalation.to]
        if escalation.severity:
            decisions += [
                decision._replace(
                    reason=f"{reason}; {decision.reason}", path=f"escalation {alert.steps} {decision.path}"
                )
                for decision in decide(self._policy.route, labels)
            ]
        known = {told_already} | {group.receiver for group in self._tracking(alert.alert_id)}
        for decision in {item.receiver: item for item in reversed(decisions)}.values():
            raised_words = f" as {severity}" if severity != alert.severity else ""
            told.notes.append(
                Note(alert.alert_id, "escalated", f"to {decision.receiver}{raised_words}: {why}", told_already, time_us)
            )
            if decision.receiver not in known or escalation.severity:
                at_once = replace(decision.plan, group_by=None, group_wait_us=0, escalate=())
                self._join(raised_alert, decision._replace(plan=at_once), time_us, told)

    def _tracking(self, alert_id: str) -> Iterable[Group]:
        found = (self._memory.group(key) for key in self._memory.groups_of(alert_id))
        return [group for group in found if group is not None]


def _one(labels: Labels, name: str) -> str:
    """A label's value as text; several are joined."""
    return ", ".join(labels.get(name, ()))
