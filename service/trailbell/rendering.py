"""What a rule's message would look like: an alert over given events, worded by what words the real ones."""

from __future__ import annotations

from typing import Final, NamedTuple

from trailbell_engine.alert import Alert, Resolved, alert_id, resolve
from trailbell_engine.event import Event
from trailbell_engine.interpret import holds
from trailbell_engine.rule import Rule, RuleSet
from trailbell_engine.timestamps import MINUTE_US
from trailbell_notifiers.message import Kind, Message, compose
from trailbell_notifiers.words.render import present

from .replay import Wanted, dry_run_source
from .sources.base import Inputs

_RESOLVED_AFTER_US: Final = 18 * MINUTE_US


class Shown(NamedTuple):
    """A message to look at.

    Attributes:
        message: the message.
        alerts: how many alerts the events made; 0 if the rule stayed silent and the alert is made up.
    """

    message: Message
    alerts: int


class NoMatchError(Exception):
    """No event is one that the rule looks for, so there is nothing to show.

    Attributes:
        events: how many there were.
    """

    def __init__(self, events: int) -> None:
        super().__init__(f"none of {events} events is one that the rule looks for")
        self.events = events


def message_over(rules: RuleSet, rule: Rule, source: Inputs, kind: Kind = "opened") -> Shown:
    """The message of the newest alert that the rule makes of a bounded source.

    A rule that would have stayed silent, because its condition wants more, is shown as if it had fired on the newest
    event that it looks for; what only the condition measures is then missing.

    Args:
        rules: the set of the rule, for its lookups.
        rule: to render.
        source: of the events.
        kind: why the message goes out.

    Raises:
        NoMatchError: if there is no such event either.
        SourceError: if nothing can be read.
    """
    report = dry_run_source(rules.only([rule]), source, wanted=Wanted(suggest=False))
    stored = list(report.alerts)
    alert = stored[-1].alert if stored else _as_if(rule, _newest(rules, rule, source, report.tally.read))
    if kind == "resolved":
        alert = resolve(alert, Resolved(alert.id, rule.id, alert.last_at_us + _RESOLVED_AFTER_US))
    return Shown(compose(alert, rule.words, present(alert, rule.words), kind), len(stored))


def _newest(rules: RuleSet, rule: Rule, source: Inputs, read: int) -> Event:
    newest: Event | None = None
    for batch in source.batches(None):
        for item in batch.inputs:
            if isinstance(item, Event):
                event = rules.lookups.enrich(item)
                newest = event if holds(rule.match, event) else newest
    if newest is None:
        raise NoMatchError(read)
    return newest


def _as_if(rule: Rule, event: Event) -> Alert:
    severity = next((case.severity for case in rule.severity_cases if holds(case.test, event)), rule.severity)
    return Alert(
        id=alert_id(rule.id, {}, event),
        rule_id=rule.id,
        rule_version=rule.version,
        severity=severity,
        key={},
        opened_at_us=event.time_us,
        last_at_us=event.time_us,
        event_count=1,
        event_ids=(event.id,),
        events=(event,),
        opener=event,
        why="shown as if it had fired; these events alone would not have made it",
    )
