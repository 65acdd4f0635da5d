"""A report as a SARIF 2.1.0 log (OASIS standard): findings at the lines of the rules, for code hosts."""

from __future__ import annotations

import json
from typing import Any, Final
from urllib.parse import quote

from trailbell import __version__
from trailbell.report import Report

from .findings import Finding, findings

_KINDS: Final = {
    "over-budget": "The rule makes more alerts a day than it may.",
    "not-evaluated": "The rule could not be evaluated on some events.",
    "flood": "The rule makes more than one alert an hour, all day.",
    "noisy": "The rule makes more than one alert a day.",
}
_INDEX: Final = {code: position for position, code in enumerate(_KINDS)}


def as_sarif(report: Report) -> str:
    """One run."""
    driver = {
        "name": "trailbell dry-run",
        "version": __version__,
        "informationUri": "https://github.com/trailbell/trailbell",
        "rules": [{"id": code, "shortDescription": {"text": words}} for code, words in _KINDS.items()],
    }
    run = {"tool": {"driver": driver}, "results": [_result(finding) for finding in findings(report)]}
    document = {"version": "2.1.0", "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def _result(finding: Finding) -> dict[str, Any]:
    origin = finding.rule.origin
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": _INDEX[finding.code],
        "level": finding.level,
        "message": {"text": f"{finding.rule.id}: {finding.text}"},
        "partialFingerprints": {"rule/v1": f"{finding.rule.id}:{finding.code}"},
    }
    if origin.file:
        place = {"uri": quote(origin.file.replace("\\", "/"))}
        result["locations"] = [
            {"physicalLocation": {"artifactLocation": place, "region": {"startLine": max(1, origin.line)}}}
        ]
    return result
