"""Problems as JSON and JUnit documents, and in one line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from trailbell_rules.problem import Problem

from .escapes import xml_attribute, xml_text
from .visible import visible


def as_json(problems: Sequence[Problem], *, rules: int, tests: int) -> str:
    """One document, schema 1. Lines and columns count from 1, ends are exclusive, columns count code points."""
    document = {
        "schema": 1,
        "rules": rules,
        "tests": tests,
        "errors": sum(problem.severity == "error" for problem in problems),
        "warnings": sum(problem.severity == "warning" for problem in problems),
        "problems": [problem_json(problem) for problem in problems],
    }
    return json.dumps(document, indent=2)


def problem_json(problem: Problem) -> dict[str, Any]:
    """One problem, its place flattened."""
    fields = problem._asdict()
    return {
        **{name: fields.pop(name) for name in ("code", "severity", "summary")},
        **fields.pop("span")._asdict(),
        **fields,
    }


def sentence(problem: Problem) -> str:
    """What is wrong and the way out, in one line."""
    return "; ".join(visible(part) for part in (problem.summary, problem.label, problem.help) if part)


def as_junit(problems: Sequence[Problem], files: Sequence[str]) -> str:
    """One test case a file; a file with errors is a failed one, warnings go to its output."""
    cases = [_case(file, [problem for problem in problems if problem.span.file == file]) for file in files]
    failures = sum("<failure" in case for case in cases)
    head = f'<testsuite name="trailbell check" tests="{len(cases)}" failures="{failures}" errors="0">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *cases, "</testsuite>"])


def _case(file: str, problems: list[Problem]) -> str:
    errors = [problem for problem in problems if problem.severity == "error"]
    head = f"  <testcase classname={xml_attribute('trailbell.check')} name={xml_attribute(file)}"
    body = ""
    if errors:
        words = "\n".join(map(line, errors))
        body += f"<failure message={xml_attribute(sentence(errors[0]))}>{xml_text(words)}</failure>"
    if len(errors) < len(problems):
        words = "\n".join(line(problem) for problem in problems if problem.severity == "warning")
        body += f"<system-out>{xml_text(words)}</system-out>"
    return f"{head}>{body}</testcase>" if body else f"{head}/>"


def line(problem: Problem) -> str:
    """The problem in one line, its place first, as compilers write it."""
    return f"{problem.span.file}:{problem.span.line}:{problem.span.column}: [{problem.code}] {sentence(problem)}"
