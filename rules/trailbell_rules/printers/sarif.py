"""Problems as a SARIF 2.1.0 log, as code hosts take it.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".
"""

from __future__ import annotations

import hashlib
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from trailbell_rules.code import Code
from trailbell_rules.problem import Problem

from .machine import sentence

_PAGES: Final = "https://github.com/trailbell/trailbell/blob/main/docs/problems"
_ROOT: Final = "SRCROOT"


def as_sarif(problems: Sequence[Problem], codes: Mapping[str, Code], *, version: str) -> str:
    """One run with one result for each problem; columns count code points, and ends are exclusive as SARIF has them."""
    names = sorted({problem.code for problem in problems})
    driver = {
        "name": "trailbell",
        "version": version,
        "informationUri": "https://github.com/trailbell/trailbell",
        "rules": [_rule(name, codes.get(name)) for name in names],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "trailbell/check/"},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, names.index(problem.code)) for problem in problems],
    }
    document = {"version": "2.1.0", "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "runs": [run]}
    return json.dumps(document, indent=2)


def _rule(name: str, code: Code | None) -> dict[str, Any]:
    if code is None:
        return {"id": name}
    return {
        "id": name,
        "shortDescription": {"text": name.replace("-", " ")},
        "fullDescription": {"text": code.summary},
        "help": {"text": f"{code.summary}\n{code.why}", "markdown": f"{code.summary}\n\n{code.why}"},
        "helpUri": f"{_PAGES}/{name}.md",
        "defaultConfiguration": {"level": code.severity},
    }


def _result(problem: Problem, position: int) -> dict[str, Any]:
    span = problem.span
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    place = {"artifactLocation": _artifact(span.file), "region": region}
    return {
        "ruleId": problem.code,
        "ruleIndex": position,
        "level": problem.severity,
        "message": {"text": sentence(problem)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"trailbell/v1": _fingerprint(problem)},
    }


def _artifact(file: str) -> dict[str, str]:
    path = pathlib.PurePath(file)
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(file.replace("\\", "/")), "uriBaseId": _ROOT}


def _fingerprint(problem: Problem) -> str:
    """The same for the same problem of the same rule when lines move."""
    said = f"{problem.code}\0{problem.span.file}\0{problem.rule_id}\0{problem.summary}"
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]
