"""``always-true``: alternatives of which one always holds, so that they select nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trailbell_rules.code import Code
from trailbell_rules.problem import Problem

from .base import Subject, each_rule
from .located import Claim, Every, Node, Some, claims, negation, said
from .logic import contradiction

CODE: Final = Code(
    name="always-true",
    summary="A part of a predicate always holds. Mostly it is `any` with two negatives: whatever the value is, it is "
    "not one of the two.",
    why="The part selects nothing, so the rule fires on far more than its author believes, until everybody mutes it.",
    bad="""\
# rules/change-from-elsewhere.yaml
id: change-from-elsewhere
title: "A number was changed from {{ source_country }}"
severity: low
match:
  event_type: NUMBER_UPDATED
  any:
    - {source_country: {not_equals: GB}}
    - {source_country: {not_equals: IE}}
""",
    good="""\
# rules/change-from-elsewhere.yaml
id: change-from-elsewhere
title: "A number was changed from {{ source_country }}"
severity: low
match:
  event_type: NUMBER_UPDATED
  source_country: {exists: true, not_in: [GB, IE]}
""",
    severity="warning",
    lint=True,
)


def _find(subject: Subject) -> Iterator[Problem]:
    """What always holds is what cannot fail: its negation contradicts itself."""
    return _walk(subject, subject.match)


def _walk(subject: Subject, node: Node) -> Iterator[Problem]:
    if isinstance(node, Every):
        for part in node.parts:
            yield from _walk(subject, part)
        return
    found = contradiction(claims(negation(node)))
    if found is not None:
        always = (
            said(node)
            if isinstance(node, Claim)
            else f"{said(_turned(found.first))}` or `{said(_turned(found.second))}"
        )
        summary = f"`{always}` always holds" + ("" if found.certain else ", unless the field is an array")
        help_ = "" if isinstance(node, Claim) else "to exclude both write `not_in: […]`, or both tests below one `all`"
        yield subject.warning(CODE.name, node.place, summary, help_ or "leave it out")
    elif isinstance(node, Some):
        for part in node.parts:
            yield from _walk(subject, part)


def _turned(claim: Claim) -> Claim:
    return Claim(claim.place, claim.test, not claim.negated)


CHECK: Final = each_rule(_find, CODE)
