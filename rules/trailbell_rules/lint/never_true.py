"""``never-true``: tests that exclude each other, so that nothing can ever match."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from trailbell_rules.code import Code
from trailbell_rules.problem import Problem, ProblemSeverity

from .base import Subject, each_rule
from .located import Claim, Node, alternatives, claims, said
from .logic import Contradiction, contradiction

CODE: Final = Code(
    name="never-true",
    summary="Two tests of a predicate exclude each other, so it never holds. It is an error where no event whatever "
    "can match the rule, and a warning where only an alternative is dead or the field might be an array.",
    why="A rule that cannot fire looks exactly like a quiet day. Nobody misses its alerts until they are needed.",
    bad="""\
# rules/sign-in.yaml
id: sign-in-without-country
title: "{{ user_email }} signed in from nowhere"
severity: low
match:
  event_type: USER_LOGIN
  source_country: {exists: false, not_in: [GB], matches: '^[A-Z]{2}$'}
""",
    good="""\
# rules/sign-in.yaml
id: sign-in-from-elsewhere
title: "{{ user_email }} signed in from {{ source_country }}"
severity: low
match:
  event_type: USER_LOGIN
  source_country: {not_in: [GB], matches: '^[A-Z]{2}$'}
""",
    lint=True,
)


def _find(subject: Subject) -> Iterator[Problem]:
    """Look at the match, and at each alternative in it together with what stands beside it."""
    yield from _walk(subject, subject.match, (), alternative=False)


def _walk(subject: Subject, node: Node, beside: Sequence[Claim], *, alternative: bool) -> Iterator[Problem]:
    together = [*beside, *claims(node)]
    found = contradiction(together)
    if found is not None:
        yield _problem(subject, found, alternative=alternative)
        return
    for some in alternatives(node):
        for part in some.parts:
            yield from _walk(subject, part, together, alternative=True)


def _problem(subject: Subject, found: Contradiction, *, alternative: bool) -> Problem:
    what = "this alternative" if alternative else "the match"
    first, second = said(found.first), said(found.second)
    summary = f"{what} never holds: `{second}` excludes `{first}`"
    if found.first is found.second:
        summary = f"{what} never holds: nothing meets `{second}`"
    doubts = [] if found.certain else ["unless the field is an array"]
    doubts += ["as things are defined"] if found.named else []
    severity: ProblemSeverity = "warning" if alternative or doubts else "error"
    help_ = "for one or the other write `any: [{…}, {…}]`, or a list of values"
    return subject.problem(severity, CODE.name, found.second.place, ", ".join([summary, *doubts]), help_)


CHECK: Final = each_rule(_find, CODE)
