"""Two versions of rules over the same history: which alerts are new, gone, moved, reworded or the same, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from trailbell.store.alerts import StoredAlert
from trailbell_engine.alert import Alert
from trailbell_engine.durations import format_duration
from trailbell_engine.rule import Rule, RuleSet
from trailbell_engine.timestamps import format_time
from trailbell_engine.values import Json

from .alert_log import AlertLog
from .causes import Causes
from .versions import Change, changes, same

Kind: TypeAlias = Literal["new", "gone", "moved", "reworded"]
KINDS: Final[tuple[Kind, ...]] = ("new", "gone", "moved", "reworded")
"""From what matters most."""
Status: TypeAlias = Literal["unchanged", "changed", "added", "removed"]


class Difference(NamedTuple):
    """An alert that is not the same in both versions.

    Attributes:
        kind: ``moved`` is told of the same events, but opened by another one.
        before, after: the alert in the version compared with, and in this one; None where it is not there.
        cause: why, in words.
    """

    kind: Kind
    before: StoredAlert | None
    after: StoredAlert | None
    cause: str

    @property
    def shown(self) -> StoredAlert:
        """The alert as it is now, or as it was if it is gone."""
        stored = self.after or self.before
        assert stored is not None
        return stored

    def to_json(self) -> dict[str, Json]:
        """One entry of ``against.rules[].differences``."""
        shown = self.shown
        return {
            "kind": self.kind,
            "before": None if self.before is None else self.before.alert.id,
            "after": None if self.after is None else self.after.alert.id,
            "opened_at": format_time(shown.alert.opened_at_us),
            "severity": shown.alert.severity,
            "title": shown.wording["title"],
            "cause": self.cause,
        }


class Group(NamedTuple):
    """The differences of one kind that have one cause, in order of opening."""

    kind: Kind
    cause: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class RuleComparison:
    """One rule in two versions.

    Attributes:
        rule: as it is now, or as it was if it was removed.
        status: what became of it.
        changes: what was changed in it.
        before, after: alerts under each version.
        differences: in order of opening.
    """

    rule: Rule
    status: Status
    changes: tuple[Change, ...]
    before: int
    after: int
    differences: tuple[Difference, ...]

    def number(self, kind: Kind) -> int:
        """How many alerts are new, gone, moved or reworded."""
        return sum(difference.kind == kind for difference in self.differences)

    @property
    def unaltered(self) -> int:
        """How many alerts are the same, to the letter."""
        return self.after - self.number("new") - self.number("moved") - self.number("reworded")

    @property
    def groups(self) -> list[Group]:
        """The differences by kind and cause; of each kind the most frequent cause first."""
        found: dict[tuple[Kind, str], list[Difference]] = {}
        for difference in self.differences:
            found.setdefault((difference.kind, difference.cause), []).append(difference)
        groups = [Group(kind, cause, tuple(differences)) for (kind, cause), differences in found.items()]
        return sorted(groups, key=lambda group: (KINDS.index(group.kind), -len(group.differences)))

    def to_json(self) -> dict[str, Json]:
        """One entry of ``against.rules``."""
        return {
            "id": self.rule.id,
            "status": self.status,
            "changes": [change.text for change in self.changes],
            "before": self.before,
            "after": self.after,
            "new": self.number("new"),
            "gone": self.number("gone"),
            "moved": self.number("moved"),
            "reworded": self.number("reworded"),
            "same": self.unaltered,
            "differences": [difference.to_json() for difference in self.differences],
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two rule sets over the same history.

    Attributes:
        name: of the version compared with, as the user gave it.
        rules: every rule of either version: those of this one in order, then the removed ones.
    """

    name: str
    rules: tuple[RuleComparison, ...]

    @property
    def altered(self) -> list[RuleComparison]:
        """The rules that were changed, added or removed; those first whose alerts differ most."""
        altered = [entry for entry in self.rules if entry.status != "unchanged"]
        return sorted(altered, key=lambda entry: [-entry.number(kind) for kind in KINDS])

    def total(self, kind: Kind) -> int:
        """Over all rules."""
        return sum(entry.number(kind) for entry in self.rules)

    def to_json(self) -> dict[str, Json]:
        """``against`` of the document; unchanged rules are only counted."""
        return {
            "name": self.name,
            "new": self.total("new"),
            "gone": self.total("gone"),
            "moved": self.total("moved"),
            "reworded": self.total("reworded"),
            "same": sum(entry.unaltered for entry in self.rules),
            "unchanged_rules": len(self.rules) - len(self.altered),
            "rules": [entry.to_json() for entry in self.altered],
        }


def differing(before: RuleSet, after: RuleSet) -> RuleSet:
    """The rules of the earlier version that must be run to compare: those that are not the same any more."""
    return before.only([rule for rule in before if rule.id not in after or not same(rule.id, before, after)])


def compare(name: str, before: RuleSet, after: RuleSet, was: AlertLog, now: AlertLog) -> Comparison:
    """Compare what two versions told.

    Args:
        name: of the earlier version.
        before: the earlier rules.
        after: the rules.
        was: alerts of the rules in ``differing``.
        now: alerts of all rules of ``after``.
    """
    logs = _by_rule(was), _by_rule(now)
    totals = Counter({rule_id: len(alerts) for rule_id, alerts in logs[1].items()})
    entries = []
    for rule in after:
        was_told, now_told = logs[0].get(rule.id, {}), logs[1].get(rule.id, {})
        if rule.id not in before:
            entries.append(_alone(rule, "added", was_told, now_told))
        elif same(rule.id, before, after):
            entries.append(RuleComparison(rule, "unchanged", (), totals[rule.id], totals[rule.id], ()))
        else:
            entries.append(_compare(rule.id, before, after, was_told, now_told))
    removed = [rule for rule in before if rule.id not in after]
    entries += [_alone(rule, "removed", logs[0].get(rule.id, {}), {}) for rule in removed]
    return Comparison(name, tuple(entries))


def _by_rule(log: AlertLog) -> dict[str, dict[str, StoredAlert]]:
    by_rule: dict[str, dict[str, StoredAlert]] = {}
    for stored in log:
        by_rule.setdefault(stored.alert.rule_id, {})[stored.alert.id] = stored
    return by_rule


def _alone(
    rule: Rule, status: Status, was: Mapping[str, StoredAlert], now: Mapping[str, StoredAlert]
) -> RuleComparison:
    """A rule that only one version has."""
    differences = [Difference("new", None, stored, "the rule is new") for stored in now.values()]
    differences += [Difference("gone", stored, None, "the rule is gone") for stored in was.values()]
    return RuleComparison(rule, status, (), len(was), len(now), tuple(differences))


def _compare(
    rule_id: str, before: RuleSet, after: RuleSet, was: Mapping[str, StoredAlert], now: Mapping[str, StoredAlert]
) -> RuleComparison:
    changed = changes(rule_id, before, after)
    versions = _Versions(before, after, rule_id, changed)
    differences = tuple(sorted(_differences(versions, was, now), key=_place))
    return RuleComparison(after[rule_id], "changed", changed, len(was), len(now), differences)


class _Versions(NamedTuple):
    """A rule that both sets have, and what was changed in it."""

    before: RuleSet
    after: RuleSet
    rule_id: str
    changed: tuple[Change, ...]


def _place(difference: Difference) -> tuple[int, str]:
    alert = difference.shown.alert
    return alert.opened_at_us, alert.id


def _differences(
    versions: _Versions, was: Mapping[str, StoredAlert], now: Mapping[str, StoredAlert]
) -> Iterator[Difference]:
    for name in was.keys() & now.keys():
        altered = _reworded(was[name], now[name])
        if altered:
            yield Difference("reworded", was[name], now[name], altered)
    gone = {name: stored for name, stored in was.items() if name not in now}
    fresh = {name: stored for name, stored in now.items() if name not in was}
    moves = _moves(gone, fresh)
    why_new = Causes(versions.rule_id, versions.after, versions.before, versions.changed, other="before")
    why_gone = Causes(versions.rule_id, versions.before, versions.after, versions.changed, other="now")
    covering = _Covering(was), _Covering(now)
    for name, stored in fresh.items():
        cause = why_new.of(stored.alert, covering[0].of(stored.alert))
        if name in moves:
            before = gone[moves[name]]
            yield Difference("moved", before, stored, f"{_move(before.alert, stored.alert)}; {cause}")
        else:
            yield Difference("new", None, stored, cause)
    for name, stored in gone.items():
        if name not in moves.values():
            yield Difference("gone", stored, None, why_gone.of(stored.alert, covering[1].of(stored.alert)))


def _moves(gone: Mapping[str, StoredAlert], fresh: Mapping[str, StoredAlert]) -> dict[str, str]:
    """New alert -> the gone one that told of some of the same events; each at most once, the earliest first."""
    by_event: dict[str, str] = {}
    for name, stored in gone.items():
        for event_id in stored.alert.event_ids:
            by_event.setdefault(event_id, name)
    moves: dict[str, str] = {}
    taken: set[str] = set()
    for name, stored in fresh.items():
        candidates = (by_event.get(event_id) for event_id in stored.alert.event_ids)
        found = next((other for other in candidates if other is not None and other not in taken), None)
        if found is not None:
            moves[name] = found
            taken.add(found)
    return moves


def _move(before: Alert, after: Alert) -> str:
    shift_us = after.opened_at_us - before.opened_at_us
    if not shift_us:
        return "opened at the same instant with another key"
    return f"opens {format_duration(abs(shift_us))} {'later' if shift_us > 0 else 'earlier'}"


class _Covering:
    """Finds the alert of a version that an event is a part of."""

    def __init__(self, alerts: Mapping[str, StoredAlert]) -> None:
        self._by_event = {event_id: stored.alert for stored in alerts.values() for event_id in stored.alert.event_ids}

    def of(self, alert: Alert) -> Alert | None:
        return self._by_event.get(alert.opener.id)


def _reworded(before: StoredAlert, after: StoredAlert) -> str:
    parts = []
    if before.alert.severity != after.alert.severity:
        parts.append(f"severity {before.alert.severity} → {after.alert.severity}")
    texts = ((name, before.wording[name], after.wording[name]) for name in ("title", "summary"))
    parts += [f"{name} was: {old}" for name, old, new in texts if old != new]
    if before.wording["fields"] != after.wording["fields"]:
        parts.append("other fields")
    if before.alert.event_count != after.alert.event_count:
        parts.append(f"events {before.alert.event_count} → {after.alert.event_count}")
    return "; ".join(parts)
