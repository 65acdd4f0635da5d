"""Why a rule told something, or did not: the match, the memory of the key, the open alert, and who is told.

Everything here reads; nothing is evaluated that the engine has not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from trailbell_engine.alert import Alert, Severity
from trailbell_engine.conditions import BY, Condition, spec_of
from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.explain import Verdict, explain
from trailbell_engine.interpret import holds
from trailbell_engine.key import compile_key, key_text
from trailbell_engine.phrases import predicate_text, value_text
from trailbell_engine.rule import Rule
from trailbell_engine.state import Slot, State, live
from trailbell_engine.timestamps import format_time
from trailbell_engine.values import Json
from trailbell_notifiers.policy.routing import Decision, Route, decide, labels_of

from .membership import Membership, membership_of, possible_words
from .store.alerts import Alerts, StoredAlert
from .store.database import Database
from .store.events import RecordedEvent
from .store.ledger import StoreLedger
from .store.rule_versions import RuleVersions


class OpenAlert(NamedTuple):
    """The alert into which the key's firings fold.

    Attributes:
        alert_id: of the alert.
        until_us: the event time until which firings fold.
        firings: so far, the opening one included.
    """

    alert_id: str
    until_us: int
    firings: int

    def to_json(self) -> dict[str, Json]:
        """As a JSON object."""
        return {"alert": self.alert_id, "until": format_time(self.until_us), "firings": self.firings}


@dataclass(frozen=True, slots=True)
class Memory:
    """What a rule remembers of a key.

    Attributes:
        key: path -> value.
        state: the condition's own words for it; None if it remembers nothing, empty if it never does.
        folding: the open alert, if firings would fold.
    """

    key: dict[str, Json]
    state: str | None
    folding: OpenAlert | None

    def to_json(self) -> dict[str, Json]:
        """As a JSON object."""
        return {"key": self.key, "state": self.state, "folding": self.folding and self.folding.to_json()}


def memory_of(rule: Rule, event: Event, state: State, clock_us: int) -> Memory:
    """What the rule remembers of the event's key.

    Args:
        rule: in the version whose memory is asked for.
        event: names the key.
        state: the engine's.
        clock_us: the event time of the present: what has expired by then is no memory.
    """
    key = compile_key(rule.condition.by)(event)
    folding_key = key if rule.suppress.by is None else compile_key(rule.suppress.by)(event)
    value = live(state.get(_slot(rule, "when", key)), clock_us)
    before = live(state.get(_slot(rule, "suppress", folding_key)), clock_us)
    open_ = before is not None and clock_us < before["until_us"]
    folding = OpenAlert(before["alert"], before["until_us"], before["firings"]) if open_ else None
    nothing = None if spec_of(rule.condition).remembers else ""
    return Memory(key, nothing if value is None else rule.condition.describe_state(value), folding)


def _slot(rule: Rule, part: str, key: dict[str, Json]) -> Slot:
    return Slot(rule.id, rule.version, part, key_text(key))


def severity_of(rule: Rule, event: Event) -> Severity:
    """The severity of an alert that the event opens."""
    return next((case.severity for case in rule.severity_cases if holds(case.test, event)), rule.severity)


def who_is_told(rule: Rule, event: Event, route: Route | None) -> list[Decision]:
    """Who is told of an alert of the rule that the event opens, and why."""
    if rule.status == "experimental":
        return []
    alert = Alert(
        id="",
        rule_id=rule.id,
        rule_version=rule.version,
        severity=severity_of(rule, event),
        key=compile_key(rule.condition.by)(event),
        opened_at_us=event.time_us,
        last_at_us=event.time_us,
        event_count=1,
        event_ids=(event.id,),
        events=(event,),
        opener=event,
    )
    return decide(route, labels_of(alert, rule.words), rule.notify)


@dataclass(frozen=True, slots=True)
class WhyNot:
    """A rule and an event: what came of it, or why nothing did.

    Attributes:
        answer: one sentence.
        verdict: of the rule's match on the event.
        severity: that an alert of this event would have.
        memory: of the key; None without a store, or where the match does not hold.
        alerts: of the rule, to which the event contributed.
        told: who would be told, and why.
    """

    rule: Rule
    event: Event
    answer: str
    verdict: Verdict
    severity: Severity
    memory: Memory | None
    alerts: Sequence[StoredAlert]
    told: Sequence[Decision]

    def to_json(self) -> dict[str, Json]:
        """The document of ``why-not --format json``."""
        return {
            "schema": 1,
            "rule": {"id": self.rule.id, "version": self.rule.version, "status": self.rule.status},
            "event": {
                "source": self.event.source,
                "id": self.event.id,
                "event_type": self.event.event_type,
                "time": format_time(self.event.time_us),
            },
            "answer": self.answer,
            "matches": self.verdict.holds,
            "match": self.verdict.to_json(),
            "when": self.rule.condition.to_json(),
            "memory": self.memory and self.memory.to_json(),
            "severity": self.severity,
            "alerts": [stored.alert.id for stored in self.alerts],
            "would_tell": [{"receiver": decision.receiver, "reason": decision.reason} for decision in self.told],
        }


def why_not(rule: Rule, event: Event, route: Route | None) -> WhyNot:
    """About an event of which no store knows: what its match and its routes say.

    Args:
        rule: the rule.
        event: with the rows of its lookups (``RuleSet.lookups``).
        route: who is told; None where no route is configured.
    """
    verdict = explain(rule.match, event)
    answer = "the event matches" if verdict.holds else "the event does not match"
    spec = spec_of(rule.condition)
    if verdict.holds and spec.remembers:
        answer += f"; what `{spec.name}` makes of it depends on the events before it: see `dry-run --why-not`"
    told = who_is_told(rule, event, route) if verdict.holds else []
    return WhyNot(rule, event, answer, verdict, severity_of(rule, event), None, (), told)


def why_not_stored(rule: Rule, recorded: RecordedEvent, database: Database, route: Route | None) -> WhyNot:
    """As ``why_not``, about an event of the store: also what the rule remembers, and what it has told."""
    event = recorded.event
    plain = why_not(rule, event, route)
    if not plain.verdict.holds:
        return plain
    ledger = StoreLedger(database)
    watermark_us = ledger.watermarks().get(event.source, event.time_us)
    memory = memory_of(rule, event, ledger, watermark_us)
    membership = membership_of(event, rule, Alerts(database).of_rule(rule.id))
    held = bool(ledger.lateness().get(event.source)) and event.time_us >= watermark_us
    answer = _answer(rule, recorded, membership, RuleVersions(database), held=held)
    return WhyNot(rule, event, answer, plain.verdict, plain.severity, memory, membership.listed, plain.told)


def _answer(
    rule: Rule,
    recorded: RecordedEvent,
    membership: Membership,
    versions: RuleVersions,
    *,
    held: bool,
) -> str:
    """The first of the reasons that applies."""
    if membership.listed:
        alert = membership.listed[0].alert
        part = "opened" if alert.opener.id == recorded.event.id else "is part of"
        return f"it did: the event {part} alert {alert.id[:12]}"
    spoke_after = versions.spoke_after(rule)
    if spoke_after is None:
        return f"the event matches, and this version of the rule ({rule.version}) has not run on this store"
    if recorded.seq <= spoke_after:
        return (
            f"the event matches, and came before this version of the rule ({rule.version}) ran: it only learned from it"
        )
    if not versions.ran_at(rule, recorded.seq):
        return f"the event matches, and came when this version of the rule ({rule.version}) ran no more"
    if held:
        return "the event matches, and waits for its turn: until the watermark passes it, an older one may come"
    if membership.possible is not None:
        return possible_words(membership.possible)
    if not spec_of(rule.condition).remembers:
        return "the event matches, and no alert lists it"
    return f"the event matches, and `{spec_of(rule.condition).name}` was not met"


def condition_text(condition: Condition) -> str:
    """The condition as it was configured, on one line: ``count at_least 5, within 10m, by user_email``."""
    spec = spec_of(condition)
    written = condition.to_json()[spec.name]
    parts = []
    for parameter in (*spec.parameters, BY):
        value = written.get(parameter.name)
        if value not in (None, [], False, parameter.default):
            parts.append(f"{parameter.name} {_value(parameter.kind, value)}")
    return f"{spec.name} {', '.join(parts)}".rstrip()


def _value(kind: str, value: Json) -> str:
    match kind:
        case "duration":
            return format_duration(value)
        case "predicate":
            return predicate_text(value)
        case "steps":
            return " → ".join(step["name"] for step in value)
    return ", ".join(map(value_text, value)) if isinstance(value, list) else value_text(value)
