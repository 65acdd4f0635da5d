"""What would make a noisy rule quiet: one change of it, tried on the events that the rule matched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import yaml

from trailbell.memory import MemoryLedger
from trailbell_engine.alert import Matched, Opened
from trailbell_engine.conditions.base import EventDriven
from trailbell_engine.durations import format_duration
from trailbell_engine.path import parse_path
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.predicate import AllOf, Not, Test
from trailbell_engine.rule import Rule, RuleSet
from trailbell_engine.timestamps import DAY_US, HOUR_US
from trailbell_engine.values import Json

from .culprits import Culprit
from .match_spool import MatchSpool
from .numbers import rate_text
from .verdict import NOISY_PER_DAY

_SPANS_US: Final = (6 * HOUR_US, DAY_US)
"""Longer than a day, and the second day of an attack is folded into the first."""
_WORTH_SAYING: Final = 0.5
"""A change that leaves more of the alerts than this is no help."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A change, and what it would have done.

    Attributes:
        kind: ``except`` or ``suppress``.
        change: as YAML on one line, to be put into the rule: ``suppress: {for: 6h}``.
        where: in which part of the rule it belongs, in words.
        alerts: how many alerts would have been left.
        of: how many there were, on the events that it was tried on.
        per_day: alerts a day that would have been left.
        tried_days: how many days of matches it was tried on.
        complete: whether that was all of them.
    """

    kind: str
    change: str
    where: str
    alerts: int
    of: int
    per_day: float
    tried_days: float
    complete: bool

    def __str__(self) -> str:
        tried = "" if self.complete else f", tried on the first {self.tried_days:.1f} days"
        return f"{self.where} `{self.change}` → {rate_text(self.per_day)}/day{tried}"

    def to_json(self) -> dict[str, Json]:
        """``suggestion`` of a rule's entry."""
        return {
            "kind": self.kind,
            "change": self.change,
            "alerts": self.alerts,
            "of": self.of,
            "per_day": round(self.per_day, 2),
            "tried_days": round(self.tried_days, 2),
            "complete": self.complete,
        }


class Noisy(NamedTuple):
    """A rule that needs help: how many events it matched, when its alerts opened, and who causes most of them."""

    rule: Rule
    matched: int
    opened_us: Sequence[int]
    culprit: Culprit | None


class _Variant(NamedTuple):
    """A rule with one change, under an id of its own."""

    rule: Rule
    kind: str
    change: str
    where: str


def suggestions(
    rules: RuleSet, noisy: Sequence[Noisy], spool: MatchSpool, first_us: int, span_days: float
) -> dict[str, Suggestion]:
    """The best change for each rule that one helps.

    All changes of all rules are tried in one pass over the matches. Rules that fire because nothing comes are left
    out: to try them takes the whole history.

    Args:
        rules: the rule set, for its lookups.
        noisy: the rules that need help.
        spool: their matches.
        first_us: the time of the first event of the history.
        span_days: the length of the history.
    """
    helpable = {entry.rule.id: entry for entry in noisy if isinstance(entry.rule.condition, EventDriven)}
    if not helpable:
        return {}
    variants = {name: list(_variants(entry)) for name, entry in helpable.items()}
    alerts, matched = _try(rules, variants, spool)
    best = {}
    for name, entry in helpable.items():
        complete = spool.complete(name, entry.matched)
        until_us = spool.until_us(name)
        days = span_days if complete else max(1.0, (until_us - first_us) / DAY_US)
        tried = [
            Suggestion(
                variant.kind,
                variant.change,
                variant.where,
                alerts[variant.rule.id],
                sum(opened_us <= until_us for opened_us in entry.opened_us),
                alerts[variant.rule.id] / days,
                days,
                complete,
            )
            for variant in variants[name]
            if matched[variant.rule.id]  # else it takes all there is: the rule would be off
        ]
        found = _best(tried)
        if found is not None:
            best[name] = found
    return best


def _best(tried: Iterable[Suggestion]) -> Suggestion | None:
    """The first that makes the rule quiet; else the one that leaves the fewest, if that is a help."""
    useful = [entry for entry in tried if entry.of and entry.alerts / entry.of <= _WORTH_SAYING]
    quiet = [entry for entry in useful if entry.per_day <= NOISY_PER_DAY]
    return next(iter(quiet), None) or min(useful, key=lambda entry: entry.alerts, default=None)


def _variants(entry: Noisy) -> Iterator[_Variant]:
    """The rule's changes, the gentlest first. Its matches are known, so only what is new is asked."""
    rule = replace(entry.rule, match=AllOf(()), severity_cases=())
    if entry.culprit is not None:
        path, value = entry.culprit.path, entry.culprit.value
        test = Not(Test(parse_path(path), "equals", value))
        yield _Variant(
            replace(rule, id=f"{rule.id}/except", match=test),
            "except",
            _flow({"not": {path: value}}),
            "to match, add",
        )
    by = rule.suppress.by
    now_us = rule.condition.default_suppress_us if rule.suppress.for_us is None else rule.suppress.for_us
    for span_us in _SPANS_US:
        if span_us > now_us:
            said: dict[str, Json] = {"for": format_duration(span_us)}
            said |= {"by": [str(path) for path in by]} if by is not None else {}
            longer = replace(rule.suppress, for_us=span_us)
            name = f"{rule.id}/{span_us}"
            yield _Variant(replace(rule, id=name, suppress=longer), "suppress", _flow({"suppress": said}), "with")


def _flow(value: Mapping[str, Json]) -> str:
    """As YAML on one line, without the braces around it."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False)
    return text.strip().removeprefix("{").removesuffix("}")


def _try(
    rules: RuleSet, variants: Mapping[str, Sequence[_Variant]], spool: MatchSpool
) -> tuple[Counter[str], Counter[str]]:
    """Alerts, and events that match, by variant id."""
    runs = {
        name: (Pipeline(rules.only([variant.rule for variant in changed])), MemoryLedger())
        for name, changed in variants.items()
    }
    alerts: Counter[str] = Counter()
    matched: Counter[str] = Counter()
    for name, event in spool.matches(frozenset(runs)):
        pipeline, state = runs[name]
        for output in pipeline.take(event, state):
            if isinstance(output, Opened):
                alerts[output.alert.rule_id] += 1
            elif isinstance(output, Matched):
                matched[output.rule_id] += 1
    return alerts, matched
