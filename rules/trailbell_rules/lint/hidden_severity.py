"""``hidden-severity``: a graver firing may fold into a lesser alert, and nobody is told of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from trailbell_engine.path import Path, Root
from trailbell_engine.predicate import AllOf, AnyOf, Not, Predicate, Test
from trailbell_engine.rule import Rule
from trailbell_rules.code import Code
from trailbell_rules.problem import Problem

from .base import Subject, each_rule
from .located import claims

CODE: Final = Code(
    name="hidden-severity",
    summary="What `alert.severity` depends on does not keep alerts apart.",
    why="Firings fold into an open alert, whose severity is that of the first. When the attempt that was refused comes "
    "first, the one that succeeded is counted below it, and nobody is told.",
    bad="""\
# rules/trail-stopped.yaml
id: trail-stopped
title: "{{ userIdentity.arn }} stopped a trail"
severity: critical
match: {event_type: StopLogging}
alert:
  severity: [{if: {errorCode: {exists: true}}, then: low}]
suppress: {for: 1h, by: userIdentity.arn}
""",
    good="""\
# rules/trail-stopped.yaml
id: trail-stopped
title: "{{ userIdentity.arn }} stopped a trail"
severity: critical
match: {event_type: StopLogging}
alert:
  severity: [{if: {errorCode: {exists: true}}, then: low}]
suppress: {for: 1h, by: [userIdentity.arn, errorCode]}
""",
    severity="warning",
    lint=True,
)

_WORD: Final = re.compile(r"[a-z]+|[A-Z][a-z]*")


def _find(subject: Subject) -> Iterator[Problem]:
    rule = subject.rule
    if not rule.severity_cases or not _folds(rule):
        return
    keeping = rule.condition.by if rule.suppress.by is None else rule.suppress.by
    fixed = {
        claim.test.path for claim in claims(subject.match) if claim.test.operator == "equals" and not claim.negated
    }
    asked = dict.fromkeys(chain.from_iterable(_asked(case.test) for case in rule.severity_cases))
    loose = [path for path in asked if path not in fixed and not _settled(path, keeping)]
    if loose:
        names = " and ".join(f"`{path}`" for path in loose)
        yield subject.warning(
            CODE.name,
            ("alert", "severity"),
            f"a graver firing may fold into a lesser alert: firings that differ in {names} share one",
            "add it to `suppress.by`, or make two rules of it",
        )


def _folds(rule: Rule) -> bool:
    span_us = rule.condition.default_suppress_us if rule.suppress.for_us is None else rule.suppress.for_us
    return span_us > 0


def _asked(node: Predicate) -> Iterator[Path]:
    """The fields that a predicate reads, but for the time: a schedule turns for everybody at once."""
    match node:
        case AllOf(parts) | AnyOf(parts):
            yield from chain.from_iterable(map(_asked, parts))
        case Not(part):
            yield from _asked(part)
        case Test(path) if path != _TIME:
            yield path


_TIME: Final = Path(("time",), Root.ENVELOPE)


def _settled(path: Path, keeping: Iterable[Path]) -> bool:
    """Whether a field that keeps alerts apart can be taken to decide this one, as an address decides its country."""
    return any(path == other or path.root is Root.LOOKUP or _kin(path, other) for other in keeping)


def _kin(path: Path, other: Path) -> bool:
    """Whether they say something of the same thing: fields of one object, or ``source_ip`` and ``source_country``."""
    holder = other.segments[:-1]
    if holder:
        return path.segments[: len(holder)] == holder
    return _first_word(path) == _first_word(other)


def _first_word(path: Path) -> str:
    found = _WORD.match(str(path.segments[0]))
    return found[0].lower() if found is not None else ""


CHECK: Final = each_rule(_find, CODE)
