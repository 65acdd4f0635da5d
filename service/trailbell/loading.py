"""Rules from paths, with what takes more than one room to check: that their templates can be rendered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from trailbell_engine.conditions import CONDITIONS
from trailbell_engine.rule import Rule
from trailbell_notifiers.words import TemplateProblem, check_template
from trailbell_rules.document import Document, Place
from trailbell_rules.load import Loaded, load_rules
from trailbell_rules.problem import Problem, ProblemSeverity
from trailbell_rules.rule_tests import RuleTest

from .audit.fields import EVENT_FIELDS

_TEMPLATES: Final[tuple[Place, ...]] = (("title",), ("alert", "summary"))


def load(paths: Sequence[str]) -> Loaded:
    """Load rules and check their templates. All problems of all files are in the result.

    A name that a template prints must be one of the engine's, or a field of the rule's own test events or of the
    Audit API's; otherwise it is a warning, since nothing may ever be there.
    """
    loaded = load_rules(paths)
    problems = [problem for rule in loaded.rules for problem in _template_problems(rule, loaded)]
    if not problems:
        return loaded
    return replace(loaded, problems=tuple(sorted((*loaded.problems, *problems), key=lambda problem: problem.span)))


def _template_problems(rule: Rule, loaded: Loaded) -> Iterator[Problem]:
    document = loaded.documents[rule.id]
    known = _known_names(rule, loaded.tests)
    for place in _TEMPLATES:
        source = document.at(place)
        if isinstance(source, str):
            for found in check_template(source, place[-1] if isinstance(place[-1], str) else "", known):
                yield _problem(found, source, document, place, rule)


def _known_names(rule: Rule, tests: Sequence[RuleTest]) -> set[str] | None:
    """What the rule's templates may name; None for a rule without test events, of which nothing is known."""
    fields = {name for test in tests if test.rule_id == rule.id for event in test.events for name in event}
    condition = next(iter(rule.condition.to_json()))
    return {*fields, *EVENT_FIELDS, *CONDITIONS[condition].facts} if fields else None


def _problem(found: TemplateProblem, source: str, document: Document, place: Place, rule: Rule) -> Problem:
    lines = source.split("\n")
    offset = sum(len(line) + 1 for line in lines[: found.line - 1]) + found.column - 1
    span = document.span_inside(place, offset)
    severity: ProblemSeverity = "error" if found.code == "bad-template" else "warning"
    return Problem(found.code, severity, found.message, span, found.help, rule_id=rule.id)
