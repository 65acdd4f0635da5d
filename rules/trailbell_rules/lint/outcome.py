"""``unreachable-severity``: a case of ``alert.severity`` that never decides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trailbell_rules.code import Code
from trailbell_rules.problem import Problem

from .base import Subject, each_rule
from .located import Claim, alternatives, claims, locate, said
from .logic import MOST_CLAIMS, contradiction, implies

CODE: Final = Code(
    name="unreachable-severity",
    summary="A case of `alert.severity` never decides: an earlier case holds whenever it does, or it contradicts the "
    "rule's own `match`.",
    why="Somebody believes that the worst events wake people up, and they arrive as routine.",
    bad="""\
# rules/secret-deleted.yaml
id: secret-deleted
title: An API secret was deleted
severity: low
match: {event_type: ACCOUNT_SECRET_DELETE}
alert:
  severity:
    - {if: {source_country: {not_in: [GB]}}, then: medium}
    - {if: {source_country: {not_in: [GB]}, source: DEVAPI}, then: critical}
""",
    good="""\
# rules/secret-deleted.yaml
id: secret-deleted
title: An API secret was deleted
severity: low
match: {event_type: ACCOUNT_SECRET_DELETE}
alert:
  severity:
    - {if: {source_country: {not_in: [GB]}, source: DEVAPI}, then: critical}
    - {if: {source_country: {not_in: [GB]}}, then: medium}
""",
    severity="warning",
    lint=True,
)


_MOST_CASES: Final = 100
"""Cases that are compared with one another: pairs grow with the square, and nobody reads a hundred."""


def _find(subject: Subject) -> Iterator[Problem]:
    written = subject.document.at(("alert", "severity"))
    if not isinstance(written, list):
        return
    if subject.vast:
        return
    match = claims(subject.match)
    earlier: list[list[Claim]] = []
    for position, case in enumerate(subject.rule.severity_cases[:_MOST_CASES]):
        place = ("alert", "severity", position, "if")
        node = locate(subject.document.at(place), place, case.test)
        own = claims(node)
        found = contradiction([*match, *own])
        taken = next((number for number, other in enumerate(earlier) if _covered(own + match, other)), None)
        if found is not None and found.certain:
            summary = f"the case never holds: `{said(found.second)}` excludes `{said(found.first)}`"
            yield subject.warning(CODE.name, place, summary, "remove it, or mend the test")
        elif taken is not None:
            summary = f"case {taken + 1} holds whenever this one does, and comes first"
            yield subject.warning(CODE.name, place, summary, "put the narrower case first")
        if not any(True for _ in alternatives(node)):
            earlier.append(own)


def _covered(own: list[Claim], other: list[Claim]) -> bool:
    return len(own) + len(other) <= MOST_CLAIMS and all(any(implies(claim, wider) for claim in own) for wider in other)


CHECK: Final = each_rule(_find, CODE)
