"""From a document to a rule."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator

from trailbell_engine.predicate import ALWAYS
from trailbell_engine.rule import MAX_KEYS, Budget, Origin, Rule, SeverityCase, Suppress, Words
from trailbell_engine.values import Json

from .accept import Accept, compile_accept
from .conditions import read_condition, read_duration
from .definitions import KINDS
from .document import Document
from .other_words import OTHER_WORDS
from .predicates import PredicateReader, Scope
from .problem import Problem
from .report import Report
from .rule_tests import RuleTest, read_tests
from .schema import outline, rule_schema
from .validate import compile_schema, faults


class Built(NamedTuple):
    """The outcome for one document; no rule if any problem is an error."""

    rule: Rule | None
    tests: tuple[RuleTest, ...]
    problems: tuple[Problem, ...]


@cache
def _validator() -> Draft202012Validator:
    return compile_schema(outline(rule_schema()), OTHER_WORDS)


@cache
def _accept() -> Accept:
    return compile_accept(outline(rule_schema()))


def build_rule(document: Document, scope: Scope) -> Built:
    """Read one rule: the outline by the schema, then every part by its own reader, so all problems come at once."""
    if isinstance(document.value, dict) and document.value.keys() <= KINDS.keys():
        summary, help_ = "definitions stand in a file of rules", "give the file a name that begins with `_`"
        return Built(None, (), (Problem("misplaced", "error", summary, document.span_of_key(()), help_),))
    found = [] if _accept()(document.value) else faults(document, _validator())
    report = Report(document, [fault.place for fault in found])
    rule = _read(document, scope, report) if isinstance(document.value, dict) else None
    problems = [*(fault.problem._replace(rule_id=report.rule_id) for fault in found), *report.problems]
    if report.failed or rule is None or not document.sound:
        return Built(None, (), tuple(problems))
    return Built(rule, read_tests(document), tuple(problems))


def _read(document: Document, scope: Scope, report: Report) -> Rule | None:
    value = document.value
    predicates = PredicateReader(report, scope)
    match = predicates.predicate(value["match"], ("match",)) if "match" in value else ALWAYS
    condition = read_condition(value.get("when", "each"), ("when",), report, predicates)
    words = _words(value, report)
    suppress = _suppress(value.get("suppress", {}), report)
    alert = _mapping(value.get("alert"))
    cases = _severity_cases(alert.get("severity", []), predicates)
    report.template(value.get("title"), ("title",))
    report.template(alert.get("summary"), ("alert", "summary"))
    scope.check_lookups(report)
    if report.failed:
        return None
    return Rule(
        id=value["id"],
        severity=value["severity"],
        match=match,
        condition=condition,
        words=words,
        suppress=suppress,
        severity_cases=cases,
        notify=tuple(value.get("notify", ())),
        status=value.get("status", "stable"),
        budget=Budget(value["budget"]["alerts_per_day"]) if "budget" in value else None,
        max_keys=value.get("limits", {}).get("keys", MAX_KEYS),
        origin=Origin(document.file, document.span_of_key(()).line),
    )


def _mapping(value: Json) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _words(value: dict[str, Any], report: Report) -> Words:
    alert = _mapping(value.get("alert"))
    fields = alert.get("fields")
    paths = report.paths(fields, ("alert", "fields")) if isinstance(fields, list) else ()
    if report.failed:
        return Words("")
    return Words(
        title=value["title"],
        summary=alert.get("summary", ""),
        fields=paths,
        description=value.get("description", ""),
        references=tuple(value.get("references", ())),
        runbook=value.get("runbook", ""),
        tags=tuple(value.get("tags", ())),
        owner=value.get("owner", ""),
    )


def _suppress(value: Json, report: Report) -> Suppress:
    value = _mapping(value)
    for_us = by = None
    if "for" in value:
        for_us = 0 if value["for"] in (0, "0s") else read_duration(value["for"], ("suppress", "for"), report)
    if "by" in value:
        by = report.paths(value["by"], ("suppress", "by"))
    return Suppress(for_us, by)


def _severity_cases(value: Json, predicates: PredicateReader) -> tuple[SeverityCase, ...]:
    if isinstance(value, str):
        return (SeverityCase(ALWAYS, value),)  # type: ignore[arg-type]  # the schema has checked the word
    cases = []
    for position, case in enumerate(value if isinstance(value, list) else ()):
        place = ("alert", "severity", position)
        if isinstance(case, dict) and "if" in case:
            test = predicates.predicate(case["if"], (*place, "if"))
            cases.append(SeverityCase(test, case.get("then", "info")))
    return tuple(cases)
