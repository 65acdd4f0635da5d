"""Problems as JSON, SARIF and JUnit documents and as GitHub annotations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from trailbell_rules.problem import Problem

from .text import visible

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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


def as_github(problems: Iterable[Problem]) -> str:
    """Workflow commands that GitHub shows beside the lines of a pull request, one a line.

    Source of the form: GitHub, "Workflow commands for GitHub Actions"; of its escapes: actions/toolkit, ``command.ts``.
    """
    return "\n".join(map(_annotation, problems))


def _annotation(problem: Problem) -> str:
    span = problem.span
    properties = {"file": span.file, "line": span.line, "endLine": span.end_line, "title": problem.code}
    if span.line == span.end_line:
        properties |= {"col": span.column, "endColumn": span.end_column - 1}
    written = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{problem.severity} {written}::{_message(_sentence(problem))}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def _sentence(problem: Problem) -> str:
    return "; ".join(visible(part) for part in (problem.summary, problem.label, problem.help) if part)


def as_sarif(problems: Sequence[Problem], *, version: str) -> str:
    """A SARIF 2.1.0 log (OASIS standard), as code hosts take it; columns count code points."""
    driver = {
        "name": "trailbell",
        "version": version,
        "informationUri": "https://github.com/trailbell/trailbell",
        "rules": [{"id": code} for code in sorted({problem.code for problem in problems})],
    }
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": list(map(_result, problems))}
    document = {"version": "2.1.0", "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "runs": [run]}
    return json.dumps(document, indent=2)


def _result(problem: Problem) -> dict[str, Any]:
    span = problem.span
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    place = {"artifactLocation": {"uri": quote(span.file.replace("\\", "/"))}, "region": region}
    return {
        "ruleId": problem.code,
        "level": problem.severity,
        "message": {"text": _sentence(problem)},
        "locations": [{"physicalLocation": place}],
    }


def as_junit(problems: Sequence[Problem], files: Sequence[str]) -> str:
    """One test case a file; a file with errors is a failed one, warnings go to its output."""
    cases = [_case(file, [problem for problem in problems if problem.span.file == file]) for file in files]
    failures = sum("<failure" in case for case in cases)
    head = f'<testsuite name="trailbell check" tests="{len(cases)}" failures="{failures}" errors="0">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *cases, "</testsuite>"])


def _case(file: str, problems: list[Problem]) -> str:
    errors = [problem for problem in problems if problem.severity == "error"]
    head = f"  <testcase classname={_attribute('trailbell.check')} name={_attribute(file)}"
    body = ""
    if errors:
        words = "\n".join(map(_line, errors))
        body += f"<failure message={_attribute(_sentence(errors[0]))}>{escape(_NOT_XML.sub('�', words))}</failure>"
    if len(errors) < len(problems):
        words = "\n".join(_line(problem) for problem in problems if problem.severity == "warning")
        body += f"<system-out>{escape(_NOT_XML.sub('�', words))}</system-out>"
    return f"{head}>{body}</testcase>" if body else f"{head}/>"


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("�", text))


def _line(problem: Problem) -> str:
    return f"{problem.span.file}:{problem.span.line}:{problem.span.column}: [{problem.code}] {_sentence(problem)}"
