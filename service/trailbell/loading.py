"""Rules from paths, with what takes more than one room to check: that their templates can be rendered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from trailbell_engine.conditions import spec_of
from trailbell_engine.path import LOOKUP
from trailbell_engine.rule import Rule
from trailbell_notifiers.words.checking import TemplateProblem, check_template
from trailbell_rules.codes import CODES
from trailbell_rules.document import Document, Place
from trailbell_rules.lint import CHECKS, Check, Seen, Subject, each_rule, spoken, vocabulary_checks
from trailbell_rules.load import Loaded, load_rules
from trailbell_rules.problem import Problem, ProblemSeverity
from trailbell_rules.rule_tests import RuleTest, is_tick
from trailbell_rules.suggest import Alike

from .audit.fields import EVENT_FIELDS
from .vocabulary import VOCABULARIES

_TEMPLATES: Final[tuple[Place, ...]] = (("title",), ("alert", "summary"))


def load(paths: Sequence[str], *, lint: bool = False, seen: Seen | None = None) -> Loaded:
    """Load rules and check their templates. All problems of all files are in the result.

    A name that a template prints must be one of the engine's, or a field of the rule's own test events or of the
    Audit API's; otherwise it is a warning, since nothing may ever be there.

    Args:
        paths: files, folders and packs.
        lint: look also for what loads and may still not be what was meant. Rules that are about to run need it not.
        seen: recorded history, to compare the names in rules with.
    """
    return load_rules(paths, checks=all_checks(seen) if lint else (TEMPLATES,))


def all_checks(seen: Seen | None = None) -> tuple[Check, ...]:
    """What ``trailbell check`` looks for."""
    alike = Alike()
    templates = each_rule(lambda subject: _template_problems(subject, alike), *TEMPLATES.codes)
    return (templates, *CHECKS, *vocabulary_checks(VOCABULARIES, seen))


def _template_problems(subject: Subject, alike: Alike | None = None) -> Iterator[Problem]:
    """What is wrong with a rule's templates; with ``alike``, the documentation speaks for rules that have no tests."""
    document = subject.document
    documented = alike is not None and spoken(subject, VOCABULARIES, alike) is not None
    known = _known_names(subject.rule, subject.tests, documented=documented)
    for place in _TEMPLATES:
        source = document.at(place)
        if isinstance(source, str):
            for found in check_template(source, place[-1] if isinstance(place[-1], str) else "", known):
                yield _problem(found, source, document, place, subject.rule)


def _known_names(rule: Rule, tests: Sequence[RuleTest], *, documented: bool) -> set[str] | None:
    """What the rule's templates may name; None where nothing is known: without test events and documentation.

    Where an alert can come because no event came, there is nothing but the key.
    """
    spec = spec_of(rule.condition)
    if spec.silent(rule.condition):
        return {*spec.facts, *(str(path.segments[0]) for path in rule.condition.by)}
    events = (event for test in tests for event in test.events if not is_tick(event))
    fields = {name for event in events for name in event}
    return {*fields, *EVENT_FIELDS, *spec.facts, LOOKUP} if fields or documented else None


def _problem(found: TemplateProblem, source: str, document: Document, place: Place, rule: Rule) -> Problem:
    lines = source.split("\n")
    offset = sum(len(line) + 1 for line in lines[: found.line - 1]) + found.column - 1
    span = document.span_inside(place, offset)
    severity: ProblemSeverity = "error" if found.code == "bad-template" else "warning"
    return Problem(found.code, severity, found.message, span, found.help, rule_id=rule.id)


TEMPLATES: Final = each_rule(_template_problems, CODES["bad-template"], CODES["unknown-variable"])
"""The check of titles and summaries. It takes two rooms: rules do not know templates."""
