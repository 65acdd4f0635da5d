"""``idle-suppress-key``: a path of ``suppress.by`` that changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trailbell_engine.path import Path
from trailbell_rules.code import Code
from trailbell_rules.problem import Problem

from .base import Subject, each_rule
from .located import claims

CODE: Final = Code(
    name="idle-suppress-key",
    summary="`suppress.by` names a field that `match` holds at one value.",
    why="A reader takes it for a decision: that repeats are kept apart in some way in which they are not.",
    bad="""\
# rules/many-releases.yaml
id: many-releases
title: "{{ user_email }} released {{ count }} numbers"
severity: high
match: {event_type: NUMBER_RELEASE, source: CD}
when:
  count: {at_least: 5, within: 10m, by: user_email}
suppress: {for: 1h, by: [user_email, source]}
""",
    good="""\
# rules/many-releases.yaml
id: many-releases
title: "{{ user_email }} released {{ count }} numbers"
severity: high
match: {event_type: NUMBER_RELEASE, source: CD}
when:
  count: {at_least: 5, within: 10m, by: user_email}
suppress: {for: 1h}
""",
    severity="warning",
    lint=True,
)


def _find(subject: Subject) -> Iterator[Problem]:
    by = subject.rule.suppress.by
    if not by:
        return
    found = claims(subject.match)
    fixed = {claim.test.path for claim in found if claim.test.operator == "equals" and not claim.negated}
    if set(by) == set(subject.rule.condition.by):
        return  # the default, said aloud: a reader is glad of it
    written = subject.document.at(("suppress", "by"))
    for position, path in enumerate(by):
        if _fixed(path, fixed):
            place = ("suppress", "by", position) if isinstance(written, list) else ("suppress", "by")
            yield subject.warning(
                CODE.name, place, f"`{path}` has one value in every event that matches", "leave it out"
            )


def _fixed(path: Path, fixed: set[Path]) -> bool:
    return path in fixed


CHECK: Final = each_rule(_find, CODE)
