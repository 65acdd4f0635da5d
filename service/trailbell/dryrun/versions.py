"""What a change of a rule changes: the tests of its match, the parameters of its condition, its folding, its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple, fields, replace
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from trailbell_engine.conditions import CONDITIONS
from trailbell_engine.durations import format_duration
from trailbell_engine.phrases import operator_of, predicate_text, value_text
from trailbell_engine.predicate import AllOf, Predicate, to_json
from trailbell_engine.rule import NOWHERE, Rule, RuleSet
from trailbell_engine.values import Json, canonical

Part: TypeAlias = Literal["match", "when", "suppress", "severity", "words", "routing", "other"]

_SAID: Final = frozenset({"match", "condition", "suppress", "severity", "severity_cases", "words", "notify", "status"})
_NOT_COMPARED: Final = frozenset({"id", "origin", "version"})
_ENTRIES_SAID: Final = 6


class Change(NamedTuple):
    """One difference between two versions of a rule.

    Attributes:
        part: the part of the rule; ``match``, ``when`` and ``suppress`` decide, the others do not.
        text: what changed, on one line: ``when.count.at_least 5 → 3``.
    """

    part: Part
    text: str


def same(rule_id: str, before: RuleSet, after: RuleSet) -> bool:
    """Whether a rule of both sets is the same in everything but where it is written, and reads the same tables."""
    old, new = (replace(rules[rule_id], origin=NOWHERE) for rules in (before, after))
    return old == new and not any(_tables(new, before, after))


def _tables(rule: Rule, before: RuleSet, after: RuleSet) -> Iterator[Change]:
    """The tables that a rule may read and whose content differs."""
    digests = before.lookups.digests, after.lookups.digests
    text = canonical([to_json(rule.match), rule.condition.to_json(), *astuple(rule.words)[:2]])
    for name in sorted(digests[0].keys() | digests[1].keys()):
        kind, _, table = name.partition(" ")
        if kind == "lookup" and digests[0].get(name) != digests[1].get(name) and f"lookup.{table}" in text:
            yield Change("match", f"the table of lookup.{table} has other content")


def changes(rule_id: str, old_rules: RuleSet, new_rules: RuleSet) -> tuple[Change, ...]:
    """The differences of a rule of both sets, what decides first."""
    before, after = old_rules[rule_id], new_rules[rule_id]
    return (
        *_match(before.match, after.match),
        *_tables(after, old_rules, new_rules),
        *_condition(before, after),
        *_suppress(before, after),
        *_severity(before, after),
        *_words(before, after),
        *_routing(before, after),
        *_others(before, after),
    )


def conjunction(node: Predicate) -> tuple[Predicate, ...]:
    """The parts all of which must hold, whatever way they are nested."""
    if isinstance(node, AllOf):
        return tuple(part for inner in node.parts for part in conjunction(inner))
    return (node,)


def _match(before: Predicate, after: Predicate) -> Iterator[Change]:
    old, new = ({canonical(to_json(part)): to_json(part) for part in conjunction(node)} for node in (before, after))
    gone = {name: part for name, part in old.items() if name not in new}
    added = {name: part for name, part in new.items() if name not in old}
    for name, part in list(gone.items()):
        twin = next((other for other, candidate in added.items() if _alike(part, candidate)), None)
        if twin is not None:
            yield Change("match", _test_change(gone.pop(name), added.pop(twin)))
    for part in gone.values():
        yield Change("match", f"no longer asks: {predicate_text(part)}")
    for part in added.values():
        yield Change("match", f"now asks: {predicate_text(part)}")


def _test(part: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool] | None:
    negated = "not" in part
    test = part["not"] if negated else part
    return (test, negated) if "path" in test else None


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Two tests of one field that differ in operand only; ``equals`` and ``in`` are one operator here."""
    first, second = _test(one), _test(other)
    return first is not None and second is not None and _kind(*first) == _kind(*second)


def _kind(test: Mapping[str, Any], negated: bool) -> tuple[Any, ...]:
    operator = operator_of(test)
    return test["path"], "in" if operator == "equals" else operator, negated


def _test_change(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    (old, negated), (new, _) = _test(before) or (before, False), _test(after) or (after, False)
    old_values, new_values = old[operator_of(old)], new[operator_of(new)]
    lists = [values if isinstance(values, list) else [values] for values in (old_values, new_values)]
    if isinstance(old_values, list) or isinstance(new_values, list):
        gone = [value for value in lists[0] if value not in lists[1]]
        added = [value for value in lists[1] if value not in lists[0]]
        operator = f"{'not ' if negated else ''}{operator_of(new).replace('equals', 'in')}"
        said = " ".join(filter(None, (_listed("+", added), _listed("-", gone))))
        return f"{new['path']} {operator}: {said or 'in another order'}"
    return f"{predicate_text(before)} → {predicate_text(after)}"


def _listed(sign: str, values: list[Json]) -> str:
    said = " ".join(f"{sign}{value_text(value)}" for value in values[:_ENTRIES_SAID])
    return said if len(values) <= _ENTRIES_SAID else f"{said} {sign}… ({len(values)} in all)"


def _condition(before: Rule, after: Rule) -> Iterator[Change]:
    old_name, old = next(iter(before.condition.to_json().items()))
    new_name, new = next(iter(after.condition.to_json().items()))
    if old_name != new_name:
        yield Change("when", f"when {old_name} → {new_name}")
        return
    kinds = {parameter.name: parameter.kind for parameter in CONDITIONS[old_name].parameters}
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            said = [_parameter(values.get(name), kinds.get(name, "")) for values in (old, new)]
            yield Change("when", f"when.{old_name}.{name} {said[0]} → {said[1]}")


def _parameter(value: Json, kind: str) -> str:
    if value is None or value == []:
        return "none"
    if kind == "duration" and isinstance(value, int):
        return format_duration(value)
    if isinstance(value, list):
        return ", ".join(map(str, value)) if all(isinstance(item, str) for item in value) else canonical(value)
    return predicate_text(value) if kind == "predicate" and isinstance(value, dict) else value_text(value)


def _suppress(before: Rule, after: Rule) -> Iterator[Change]:
    spans = [
        rule.condition.default_suppress_us if rule.suppress.for_us is None else rule.suppress.for_us
        for rule in (before, after)
    ]
    if spans[0] != spans[1]:
        yield Change("suppress", f"suppress.for {format_duration(spans[0])} → {format_duration(spans[1])}")
    keys = [
        ", ".join(map(str, rule.condition.by if rule.suppress.by is None else rule.suppress.by)) or "none"
        for rule in (before, after)
    ]
    if keys[0] != keys[1] and any(spans):
        yield Change("suppress", f"suppress.by {keys[0]} → {keys[1]}")


def _severity(before: Rule, after: Rule) -> Iterator[Change]:
    if before.severity != after.severity:
        yield Change("severity", f"severity {before.severity} → {after.severity}")
    if len(before.severity_cases) != len(after.severity_cases):
        said = [f"{len(rule.severity_cases)} cases" for rule in (before, after)]
        yield Change("severity", f"alert.severity {said[0]} → {said[1]}")
        return
    for old, new in zip(before.severity_cases, after.severity_cases, strict=True):
        if old.severity != new.severity:
            yield Change("severity", f"alert.severity {old.severity} → {new.severity}")
        yield from (Change("severity", f"{new.severity} if {change.text}") for change in _match(old.test, new.test))


def _words(before: Rule, after: Rule) -> Iterator[Change]:
    for field in fields(before.words):
        if getattr(before.words, field.name) != getattr(after.words, field.name):
            yield Change("words", f"{field.name} has other words")


def _routing(before: Rule, after: Rule) -> Iterator[Change]:
    if before.notify != after.notify:
        said = [", ".join(rule.notify) or "the routes decide" for rule in (before, after)]
        yield Change("routing", f"notify {said[0]} → {said[1]}")
    if before.status != after.status:
        yield Change("routing", f"status {before.status} → {after.status}")


def _others(before: Rule, after: Rule) -> Iterator[Change]:
    """What a rule may have besides, said without its content."""
    for field in fields(before):
        if field.name not in _SAID | _NOT_COMPARED and getattr(before, field.name) != getattr(after, field.name):
            yield Change("other", f"{field.name.replace('_', ' ')} differs")
