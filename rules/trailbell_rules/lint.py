"""Warnings about rules that load and may still not be what was meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trailbell_engine.rule import Rule

from .document import Document
from .problem import Problem
from .rule_tests import RuleTest


def lint(rule: Rule, document: Document, tests: Sequence[RuleTest]) -> Iterator[Problem]:
    """Every warning about one valid rule."""
    yield from _untested(rule, document, tests)


def _untested(rule: Rule, document: Document, tests: Sequence[RuleTest]) -> Iterator[Problem]:
    """A rule is shown to work by one test that fires and one that stays silent."""
    span = document.span_of_key(("tests",) if tests else ("id",))
    if not tests:
        summary, help_ = f"{rule.id} has no tests", "add `tests:` with one that fires and one that stays silent"
    elif not any(test.alerts for test in tests):
        summary, help_ = f"no test of {rule.id} expects an alert", "add one with the event that must fire"
    elif all(test.alerts for test in tests):
        summary, help_ = f"no test of {rule.id} expects silence", "add one with `alerts: []`"
    else:
        return
    yield Problem("untested", "warning", summary, span, help_, rule_id=rule.id)
