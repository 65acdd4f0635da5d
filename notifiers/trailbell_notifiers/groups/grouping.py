"""When a group of alerts is told: Alertmanager's timers as a pure state machine in event time.

    joined ──group_wait──▶ opened ──group_interval──▶ updated … ──▶ resolved
                              └──repeat_interval──▶ reminder …

``step(group, change, time_us, judge)`` gives the group's new state, the messages that follow, and when it wants to be
looked at again. What differs from Alertmanager: an alert that is over before ``group_wait`` is told all the same; the
end of an alert that was told is always told, whatever silences say; the first message of a group whose
``group_interval`` has passed goes at once; a reminder comes when it is due, and not at the next multiple of
``group_interval``; mute times hold messages back and do not drop them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple, Protocol

from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.timestamps import LATEST_US
from trailbell_notifiers.message import Kind
from trailbell_notifiers.policy.plan import Escalation, Plan

from .change_words import news_words, reminder_words
from .group import (
    Acknowledged,
    Change,
    Ended,
    Grew,
    Group,
    Joined,
    Note,
    Notification,
    Outcome,
    Raised,
    Tracked,
    Woken,
    rank,
    thread_id,
)
from .times import close_us, escalate_us, flush_us, remind_us, reminds, wake_us

MOST_TRACKED: Final = 500
"""More alerts than that a group does not follow one by one."""


class Hidden(NamedTuple):
    """Why an alert is not told, and until when; None where only a change of something else can end it."""

    what: str
    reason: str
    until_us: int | None


class Judge(Protocol):
    """What may keep an alert, or a whole group, from being told at an instant."""

    def hidden(self, alert: Tracked, time_us: int) -> Hidden | None:
        """A silence or an inhibition."""

    def muted(self, plan: Plan, time_us: int) -> Hidden | None:
        """A mute interval, or the time outside of active ones."""


def step(group: Group, change: Change, time_us: int, judge: Judge) -> Outcome:
    """The group after a change.

    Args:
        group: its state.
        change: what has happened.
        time_us: event time; never earlier than at the step before.
        judge: what may keep alerts from being told at that time.
    """
    turn = _Turn(_changed(group, change), time_us, judge)
    if isinstance(change, Woken) and change.look_again:
        turn.look_again()
    turn.flush(at_once=isinstance(change, Woken) and change.last)
    turn.remind(change.now_us if isinstance(change, Woken) else time_us)
    turn.escalate()
    turn.close()
    return turn.outcome()


def _changed(group: Group, change: Change) -> Group:
    match change:
        case Joined(alert, plan):
            others = [other for other in group.tracked if other.alert_id != alert.alert_id]
            return _bounded(replace(group, plan=plan, tracked=(*others, alert)))
        case Grew(alert_id, firings, last_us):
            return _with(group, alert_id, firings=firings, last_us=last_us)
        case Ended(alert_id, at_us):
            return _with(group, alert_id, over_us=at_us)
        case Acknowledged(alert_id, yes):
            return _with(group, alert_id, acknowledged=yes)
        case Woken():
            return group


def _with(group: Group, alert_id: str, **changes: Any) -> Group:
    tracked = (replace(alert, **changes) if alert.alert_id == alert_id else alert for alert in group.tracked)
    return replace(group, tracked=tuple(tracked))


def _bounded(group: Group) -> Group:
    """Without the oldest alert where there are too many: one that was told, else one that something hides."""
    if len(group.tracked) <= MOST_TRACKED:
        return group
    oldest = next((alert for alert in group.tracked if not alert.is_news), group.tracked[0])
    tracked = tuple(alert for alert in group.tracked if alert is not oldest)
    return replace(group, tracked=tracked, left_out=group.left_out + (oldest.told_us is None))


class _Turn:
    """One step at work: the group as it becomes, and what falls off."""

    def __init__(self, group: Group, time_us: int, judge: Judge) -> None:
        self.group, self.time_us, self.judge = group, time_us, judge
        self.notifications: list[Notification] = []
        self.notes: list[Note] = []
        self.raised: list[Raised] = []

    def outcome(self) -> Outcome:
        if not self.group.tracked:
            return Outcome(None, None, self.notifications, self.notes, self.raised)
        return Outcome(self.group, wake_us(self.group), self.notifications, self.notes, self.raised)

    def look_again(self) -> None:
        """Ask anew about everything that is hidden or held."""
        seen = tuple(
            replace(alert, hidden_until_us=self.time_us) if alert.hidden else alert for alert in self.group.tracked
        )
        held_us = None if self.group.held_until_us is None else self.time_us
        self.group = replace(self.group, tracked=seen, held_until_us=held_us)

    def flush(self, *, at_once: bool) -> None:
        """Tell what is new, if it is time."""
        due_us = flush_us(self.group)
        if due_us is None or (due_us > self.time_us and not at_once):
            return
        news = [alert for alert in self.group.tracked if alert.is_news]
        if self._held(news):
            return
        told = [alert for alert in news if alert.told_us is not None or not self._is_hidden(alert)]
        fresh, ended = (
            [alert for alert in told if alert.told_us is None],
            [alert for alert in told if alert.told_us is not None],
        )
        goes_on = any(alert.is_open for alert in self.group.tracked) or any(alert.over_us is None for alert in fresh)
        if fresh:
            kind: Kind = "opened" if self.group.number == 0 else "updated"
            self._tell(kind, fresh, ended if goes_on else [], over_told=goes_on)
        if ended and goes_on and not fresh:
            self._tell("updated", [], ended, over_told=True)
        elif told and not goes_on:
            over = [alert for alert in self.group.tracked if alert.told_us is not None and not alert.over_told]
            self._tell("resolved", [], over, over_told=True)
        self._leave(ended_thread=bool(told) and not goes_on)

    def _leave(self, *, ended_thread: bool) -> None:
        """Without those whose end was told. What something hid until now begins another thread."""
        tracked = tuple(alert for alert in self.group.tracked if not alert.over_told)
        self.group = replace(self.group, tracked=tracked)
        if ended_thread and tracked:
            self.group = replace(self.group, thread=thread_id(self.group.thread, tracked[0].alert_id), number=0)

    def _held(self, news: Sequence[Tracked]) -> bool:
        muted = self.judge.muted(self.group.plan, self.time_us)
        if muted is None:
            self.group = replace(self.group, held_until_us=None)
            return False
        if muted.reason != self.group.held_by or self.group.held_until_us is None:
            self.notes += [self._note(alert, muted.what, muted.reason, muted.until_us) for alert in news]
        until_us = muted.until_us
        if until_us is None:  # with nobody ever to be told there is nothing to wait for
            until_us = LATEST_US
            for alert in news:
                self._forget(alert)
        self.group = replace(self.group, held_until_us=until_us, held_by=muted.reason)
        return True

    def _is_hidden(self, alert: Tracked) -> bool:
        hidden = self.judge.hidden(alert, self.time_us)
        if hidden is None:
            return False
        if alert.over_us is not None:
            self.notes.append(self._note(alert, "dropped", f"over before anybody was told: {hidden.reason}"))
            self._forget(alert)
            return True
        if (hidden.reason, hidden.until_us) != (alert.hidden, alert.hidden_until_us):
            self.notes.append(self._note(alert, hidden.what, hidden.reason, hidden.until_us))
        self.group = _with(self.group, alert.alert_id, hidden=hidden.reason, hidden_until_us=hidden.until_us)
        return True

    def _tell(self, kind: Kind, fresh: Sequence[Tracked], ended: Sequence[Tracked], *, over_told: bool) -> None:
        change = news_words(self.group, fresh, ended)
        shown = {alert.alert_id for alert in (*fresh, *ended)}
        tracked = []
        for alert in self.group.tracked:
            if alert.alert_id in shown or alert.is_open:
                told_us = self.time_us if alert.told_us is None else alert.told_us
                over = alert.over_told or (over_told and alert.over_us is not None)
                tracked.append(
                    replace(
                        alert,
                        told_us=told_us,
                        told_firings=alert.firings,
                        over_told=over,
                        hidden="",
                        hidden_until_us=None,
                    )
                )
                shown.add(alert.alert_id)
            else:
                tracked.append(alert)
        self.group = replace(self.group, tracked=tuple(tracked))
        self._speak(kind, shown, {alert.alert_id for alert in fresh}, change, [*fresh, *ended])
        self.group = replace(self.group, flushed_us=self.time_us, held_by="", left_out=0)

    def _speak(self, kind: Kind, shown: set[str], fresh: set[str], change: str, noted: Iterable[Tracked]) -> None:
        group = self.group
        told = [alert for alert in reversed(group.tracked) if alert.alert_id in shown]
        lead = max(
            told, key=lambda alert: (alert.over_us is None, rank(alert.severity), alert.since_us, alert.alert_id)
        )
        notification = Notification(
            kind=kind,
            receiver=group.receiver,
            thread=group.thread,
            number=group.number,
            lead=lead.alert_id,
            alert_ids=tuple(alert.alert_id for alert in told),
            new_ids=frozenset(fresh),
            acknowledged_ids=frozenset(alert.alert_id for alert in told if alert.acknowledged),
            severities={alert.alert_id: alert.severity for alert in told},
            alert_count=len(told) + group.left_out,
            group=group.labels,
            change=change,
            reason=group.path,
            at_us=self.time_us,
        )
        self.notifications.append(notification)
        words = f"{kind}, message {group.number + 1} of its thread"
        self.notes += [
            self._note(alert, "told", words)._replace(thread=group.thread, number=group.number, severity=alert.severity)
            for alert in noted
        ]
        self.group = replace(group, number=group.number + 1, spoken_us=self.time_us)

    def remind(self, now_us: int) -> None:
        """Say again what is open and nobody has acknowledged, if it is time."""
        due_us, repeat_us = remind_us(self.group), self.group.plan.repeat_us
        if due_us is None or repeat_us is None or due_us > self.time_us:
            return
        waiting = [alert for alert in self.group.tracked if reminds(alert)]
        if self._held([]):
            return
        audible = [alert for alert in waiting if self.judge.hidden(alert, self.time_us) is None]
        if audible:
            change = reminder_words(audible, self.time_us)
            ids = {alert.alert_id for alert in audible}
            tracked = (
                replace(alert, told_firings=alert.firings) if alert.alert_id in ids else alert
                for alert in self.group.tracked
            )
            self.group = replace(self.group, tracked=tuple(tracked))
            self._speak("reminder", ids, set(), change, audible)
        missed_us = (now_us - self.time_us) // repeat_us * repeat_us
        self.group = replace(self.group, spoken_us=self.time_us + missed_us, held_by="")

    def escalate(self) -> None:
        """Take the steps that are due."""
        for alert in self.group.tracked:
            taken = alert
            while (due_us := escalate_us(taken, self.group.plan)) is not None and due_us <= self.time_us:
                hidden = self.judge.hidden(taken, self.time_us)
                if hidden is not None:
                    taken = replace(taken, hidden=hidden.reason, hidden_until_us=hidden.until_us)
                    break
                escalation = self.group.plan.escalate[taken.steps]
                taken = replace(taken, steps=taken.steps + 1, hidden="", hidden_until_us=None)
                self.raised.append(Raised(taken, escalation, _why(taken, escalation)))
            if taken is not alert:
                changes = {name: getattr(taken, name) for name in ("steps", "hidden", "hidden_until_us")}
                self.group = _with(self.group, alert.alert_id, **changes)

    def close(self) -> None:
        """Let go of alerts of which nothing more will come."""
        for alert in self.group.tracked:
            due_us = close_us(alert, self.group.plan)
            if due_us is not None and due_us <= self.time_us:
                self._forget(alert)

    def _forget(self, alert: Tracked) -> None:
        tracked = tuple(other for other in self.group.tracked if other.alert_id != alert.alert_id)
        self.group = replace(self.group, tracked=tracked)

    def _note(self, alert: Tracked, what: str, detail: str, until_us: int | None = None) -> Note:
        return Note(alert.alert_id, what, detail, self.group.receiver, self.time_us, until_us)


def _why(alert: Tracked, escalation: Escalation) -> str:
    if escalation.firings is not None and alert.firings >= escalation.firings:
        return f"it has fired {counted(alert.firings, 'time')}"
    what = "acknowledged" if escalation.unless == "acknowledged" else "over"
    return f"not {what} {format_duration(escalation.after_us or 0)} after it was told"
