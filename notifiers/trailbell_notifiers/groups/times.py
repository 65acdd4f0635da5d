"""When a group wants to be looked at: what its state says of the instants at which something is due.

All times are event time, microseconds since the epoch, UTC.
"""

from __future__ import annotations

from typing import Final

from trailbell_notifiers.policy.plan import Plan

from .group import Group, Tracked

MOST_NEWS: Final = 200
"""With so many alerts to tell a group does not wait any longer."""


def flush_us(group: Group) -> int | None:
    """When news is told; None if there is none, or nobody knows when it may be."""
    news = [alert for alert in group.tracked if alert.is_news]
    if not news:
        return None
    if group.flushed_us is not None:
        base_us = group.flushed_us + group.plan.group_interval_us
    else:
        base_us = min(alert.since_us for alert in news) + group.plan.group_wait_us
    seen = [alert for alert in news if not alert.hidden or alert.over_us is not None]
    if len(seen) >= MOST_NEWS:
        base_us = min(base_us, seen[MOST_NEWS - 1].since_us)
    times = (
        [base_us]
        if seen
        else [max(base_us, alert.hidden_until_us) for alert in news if alert.hidden_until_us is not None]
    )
    return max(min(times), group.held_until_us or 0) if times else None


def reminds(alert: Tracked) -> bool:
    """Whether an alert is one that a reminder is about."""
    return alert.is_open and not alert.acknowledged


def remind_us(group: Group) -> int | None:
    """When what is open is said again; None if it is not."""
    if group.plan.repeat_us is None or group.spoken_us is None or not any(map(reminds, group.tracked)):
        return None
    return max(group.spoken_us + group.plan.repeat_us, group.held_until_us or 0)


def escalate_us(alert: Tracked, plan: Plan) -> int | None:
    """When the next step of an alert is taken; None if there is none, or only a change can lead to it."""
    if not alert.is_open or alert.steps >= len(plan.escalate) or alert.told_us is None:
        return None
    escalation = plan.escalate[alert.steps]
    if escalation.unless == "acknowledged" and alert.acknowledged:
        return None
    if alert.hidden and alert.hidden_until_us is None:
        return None
    base_us = max(alert.told_us, alert.hidden_until_us or 0)
    if escalation.firings is not None and alert.firings >= escalation.firings:
        return base_us
    return None if escalation.after_us is None else max(base_us, alert.told_us + escalation.after_us)


def close_us(alert: Tracked, plan: Plan) -> int | None:
    """When an alert is let go of of which nothing says that it is over; None if something will."""
    if alert.lasting or not alert.is_open:
        return None
    return alert.last_us + plan.close_after_us if plan.follows else 0


def wake_us(group: Group) -> int | None:
    """When the group wants to be looked at again; None if only a change can ask for that."""
    times = [flush_us(group), remind_us(group)]
    for alert in group.tracked:
        times += [escalate_us(alert, group.plan), close_us(alert, group.plan)]
    return min((at_us for at_us in times if at_us is not None), default=None)
