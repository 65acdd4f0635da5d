"""Which alerts an event is part of, as far as they say: an alert lists its first events, and counts the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from trailbell_engine.alert import Alert
from trailbell_engine.event import Event
from trailbell_engine.key import compile_key, key_text
from trailbell_engine.rule import Rule

from .store.alerts import StoredAlert


class Membership(NamedTuple):
    """The alerts of a rule and an event.

    Attributes:
        listed: those that list the event, or carry it whole.
        possible: one that may count the event among those it does not list; None if there is none.
    """

    listed: list[StoredAlert]
    possible: Alert | None


def membership_of(event: Event, rule: Rule, alerts: Iterable[StoredAlert]) -> Membership:
    """Look for an event in the alerts of a rule.

    Args:
        event: on which the rule's match holds.
        rule: in the version that is asked about.
        alerts: in any order; the first possible one is named.
    """
    listed, possible = [], None
    for stored in alerts:
        alert = stored.alert
        if alert.rule_id != rule.id:
            continue
        if event.id in alert.event_ids or any(event.id == kept.id for kept in (alert.opener, *alert.events)):
            listed.append(stored)
        elif possible is None and _may_count(alert, event, rule):
            possible = alert
    return Membership(listed, possible)


def possible_words(alert: Alert) -> str:
    """Said of an event that the alert may count and does not list."""
    return (
        f"the event matches, and may be part of alert {alert.id[:12]}, "
        f"which lists the first {len(alert.event_ids)} of its {alert.event_count:,} events"
    )


def _may_count(alert: Alert, event: Event, rule: Rule) -> bool:
    """Whether the event would stand behind those listed, inside the alert's time, with its key."""
    if alert.event_count <= len(alert.event_ids) or alert.rule_version != rule.version or not alert.event_times_us:
        return False
    last_listed = (alert.event_times_us[-1], alert.event_ids[-1])
    return (
        last_listed < (event.time_us, event.id) and event.time_us <= alert.last_at_us and _same_key(alert, event, rule)
    )


def _same_key(alert: Alert, event: Event, rule: Rule) -> bool:
    if key_text(compile_key(rule.condition.by)(event)) == key_text(dict(alert.key)):
        return True
    folding_key = None if rule.suppress.by is None else compile_key(rule.suppress.by)
    return folding_key is not None and key_text(folding_key(event)) == key_text(folding_key(alert.opener))
