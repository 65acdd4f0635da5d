"""``duplicate-rule`` and ``shadowed-rule``: a rule whose every alert another rule gives too."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from trailbell_engine.path import Path
from trailbell_engine.predicate import to_json
from trailbell_engine.rule import Rule
from trailbell_engine.values import Json, canonical, identity
from trailbell_rules.code import Code
from trailbell_rules.problem import Problem

from .base import Subject, whole_set
from .located import Claim, Node, alternatives, claims
from .logic import MOST_CLAIMS, implies, values_of

DUPLICATE: Final = Code(
    name="duplicate-rule",
    summary="Two rules have the same `match` and the same `when`.",
    why="Each event gives two alerts that say the same. One of the two will be changed and the other forgotten.",
    bad="""\
# rules/secrets.yaml
id: secret-created
title: An API secret was created
severity: medium
match: {event_type: ACCOUNT_SECRET_CREATE}
---
id: new-secret
title: There is a new API secret
severity: medium
match: {event_type: ACCOUNT_SECRET_CREATE}
""",
    good="""\
# rules/secrets.yaml
id: secret-created
title: An API secret was created
severity: medium
match: {event_type: ACCOUNT_SECRET_CREATE}
""",
    severity="warning",
    lint=True,
)

SHADOWED: Final = Code(
    name="shadowed-rule",
    summary="Another rule matches everything that this one matches, with the same condition, severity and receivers.",
    why="The narrower rule adds a second alert to each of its own and says nothing that the wider one does not say. "
    "Mostly it was meant to be more severe, or to go to somebody else.",
    bad="""\
# rules/applications.yaml
id: application-deleted
title: An application was deleted
severity: medium
match: {event_type: [APP_DELETE, APP_DISABLE]}
---
id: application-deleted-by-api
title: An application was deleted through the API
severity: medium
match: {event_type: APP_DELETE, source: DEVAPI}
""",
    good="""\
# rules/applications.yaml
id: application-deleted
title: An application was deleted
severity: medium
match: {event_type: [APP_DELETE, APP_DISABLE]}
---
id: application-deleted-by-api
title: An application was deleted through the API
severity: high
match: {event_type: APP_DELETE, source: DEVAPI}
""",
    severity="warning",
    lint=True,
)


_MOST_CANDIDATES: Final = 200
"""Of the rules that could cover one rule."""
_MOST_COMPARISONS: Final = 20_000
"""Of tests of one set: without a test on a value that tells rules apart, all would be compared with all."""


class _Entry(NamedTuple):
    subject: Subject
    match: str
    node: Node
    claims: tuple[Claim, ...]
    paths: frozenset[Path]


def _find(subjects: Sequence[Subject]) -> Iterator[Problem]:
    """Rules of one condition are compared with one another."""
    groups: dict[str, list[_Entry]] = defaultdict(list)
    for subject in (subject for subject in subjects if not subject.vast):
        groups[canonical(subject.rule.condition.to_json())].append(_entry(subject))
    for group in groups.values():
        yield from _duplicates(group)
        by_outcome: dict[str, list[_Entry]] = defaultdict(list)
        for entry in group:
            by_outcome[_outcome(entry.subject.rule)].append(entry)
        for alike in by_outcome.values():
            yield from _shadowed(alike)


def _entry(subject: Subject) -> _Entry:
    node = subject.match
    found = tuple(claims(node))
    return _Entry(
        subject, canonical(to_json(subject.rule.match)), node, found, frozenset(claim.test.path for claim in found)
    )


def _outcome(rule: Rule) -> str:
    """What an alert of the rule is, besides its words."""
    cases = [[to_json(case.test), case.severity] for case in rule.severity_cases]
    return canonical([rule.severity, cases, sorted(rule.notify), rule.status])


def _duplicates(group: Sequence[_Entry]) -> Iterator[Problem]:
    first: dict[str, Subject] = {}
    for entry in group:
        other = first.setdefault(entry.match, entry.subject)
        if other is not entry.subject:
            summary = f"{entry.subject.rule.id} matches exactly what {other.rule.id} matches"
            yield entry.subject.warning(DUPLICATE.name, ("match",), summary, _at(other))


def _shadowed(alike: Sequence[_Entry]) -> Iterator[Problem]:
    """A wider rule is one whose tests are each implied; with alternatives of its own it is not looked at."""
    few = [entry for entry in alike if len(entry.claims) <= MOST_CLAIMS]
    wide = _Wide([entry for entry in few if entry.claims and not any(True for _ in alternatives(entry.node))])
    left = _MOST_COMPARISONS
    for narrow in few:
        for wider in wide.candidates(narrow):
            if wider.paths <= narrow.paths and narrow.match != wider.match:
                left -= len(wider.claims) * len(narrow.claims)
                if left < 0:
                    return
                if _covered(narrow, wider):
                    summary = f"{wider.subject.rule.id} fires whenever {narrow.subject.rule.id} does, and as severely"
                    yield narrow.subject.warning(SHADOWED.name, ("match",), summary, _at(wider.subject))
                    break


class _Wide:
    """Rules that may cover others, found by one of their tests, the one that the fewest rules have in common."""

    def __init__(self, entries: Sequence[_Entry]) -> None:
        common = Counter(
            (claim.test.path, identity(value))
            for entry in entries
            for claim in entry.claims
            for value in _plain_values(claim)[:1]
        )
        self._by_value: dict[tuple[Path, Json], list[_Entry]] = defaultdict(list)
        self._by_path: dict[Path, list[_Entry]] = defaultdict(list)
        for entry in entries:
            anchors = [claim for claim in entry.claims if _plain_values(claim)]
            if not anchors:
                self._by_path[entry.claims[0].test.path].append(entry)
                continue
            rarest = min(anchors, key=lambda claim: common[claim.test.path, identity(_plain_values(claim)[0])])
            for value in _plain_values(rarest):
                self._by_value[rarest.test.path, identity(value)].append(entry)

    def candidates(self, narrow: _Entry) -> Iterator[_Entry]:
        """The rules that could cover this one; of very many the first."""
        for claim in narrow.claims:
            yield from islice(self._by_path.get(claim.test.path, ()), _MOST_CANDIDATES)
            for value in _plain_values(claim)[:1]:  # a rule that covers all values covers the first
                yield from islice(self._by_value.get((claim.test.path, identity(value)), ()), _MOST_CANDIDATES)


def _plain_values(claim: Claim) -> tuple[Json, ...]:
    """The values of which the field must be one."""
    return () if claim.negated or claim.test.fold else values_of(claim.test) or ()


def _covered(narrow: _Entry, wider: _Entry) -> bool:
    return all(any(implies(own, claim) for own in narrow.claims) for claim in wider.claims)


def _at(subject: Subject) -> str:
    origin = subject.rule.origin
    return f"the other one is at {origin.file}:{origin.line}"


CHECK: Final = whole_set(_find, DUPLICATE, SHADOWED)
