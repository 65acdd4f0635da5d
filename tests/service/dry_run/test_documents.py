"""Markdown, JUnit, SARIF, GitHub: well-formed, inert, and within the limits of those who read them."""

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from trailbell.reports import github, markdown
from trailbell.reports.findings import findings
from trailbell.reports.printers import PRINTERS

_TEXT = {
    "type": "object",
    "required": ["text"],
    "additionalProperties": False,
    "properties": {"text": {"type": "string", "minLength": 1}},
}
_PLACE = {
    "type": "object",
    "required": ["physicalLocation"],
    "additionalProperties": False,
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "additionalProperties": False,
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"uri": {"type": "string", "format": "uri-reference", "pattern": "^[!-~]+$"}},
                },
                "region": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"startLine": {"type": "integer", "minimum": 1}},
                },
            },
        }
    },
}
_DRIVER = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "version": {"type": "string"},
        "informationUri": {"type": "string", "format": "uri"},
        "rules": {
            "type": "array",
            "uniqueItems": True,
            "items": {
                "type": "object",
                "required": ["id"],
                "additionalProperties": False,
                "properties": {"id": {"type": "string"}, "shortDescription": _TEXT},
            },
        },
    },
}
_RESULT = {
    "type": "object",
    "required": ["message"],
    "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": -1},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": _TEXT,
        "locations": {"type": "array", "items": _PLACE},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "additionalProperties": False,
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "additionalProperties": False,
                        "properties": {"driver": _DRIVER},
                    },
                    "results": {"type": "array", "items": _RESULT},
                },
            },
        },
    },
}
"""The part of OASIS SARIF 2.1.0 (section 3) that our logs use; what is not in it, we must not write."""

JUNIT = {
    "testsuites": ({"testsuite"}, {"name", "time", "tests", "failures", "errors"}),
    "testsuite": (
        {"properties", "testcase", "system-out", "system-err"},
        {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package"},
    ),
    "testcase": ({"skipped", "error", "failure", "system-out", "system-err"}, {"name", "time", "classname", "group"}),
    "failure": (set(), {"type", "message"}),
    "system-out": (set(), set()),
}
"""Per element what may stand in it, and its attributes: of the Jenkins xUnit plug-in's junit-10.xsd what we write."""


def test_text(report, golden):
    """The table, suggestions, the way, funnels and the comparison."""
    golden("report.txt", PRINTERS["text"](replace(report, elapsed_s=0.5)))


def test_markdown(report, golden):
    """For a comment on a pull request."""
    golden("report.md", PRINTERS["markdown"](report))


def test_markdown_shows_event_data_as_it_is():
    """Nothing an attacker puts into an event is markup, a link or a mention."""
    said = markdown.text("<img src=x> [a](http://evil) @octocat `x` |\n# head https://e.invalid")
    assert re.search(r"(?<!\\)[<\[`|#]", said) is None
    assert "@octocat" not in said
    assert "https://" not in said
    assert "\n" not in said


@pytest.mark.parametrize("value", ["a", "a`b", "``", "a|b"])
def test_a_code_span_holds_anything(value):
    """The fence is longer than any run of backticks inside."""
    said = markdown.code(value)
    fence = re.match("`+", said)[0]
    assert fence not in said.removeprefix(fence).removesuffix(fence)


def test_junit_fails_what_is_over_budget(report):
    """One case a rule."""
    suite = ET.fromstring(PRINTERS["junit"](report))[0]  # noqa: S314 - our own document
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert [case.get("name") for case in suite] == [entry.rule.id for entry in report.rules]
    assert failed == [entry.rule.id for entry in report.over_budget] == ["any-search"]
    assert suite.get("failures") == "1"


def test_junit_is_what_the_schema_allows(report):
    """Every element, every attribute, and the numbers of the suite are those of its cases."""
    document = ET.fromstring(PRINTERS["junit"](report))  # noqa: S314 - our own document
    for element in document.iter():
        inner, attributes = JUNIT[element.tag]
        assert {child.tag for child in element} <= inner
        assert element.attrib.keys() <= attributes
    for suite in document:
        assert suite.get("tests") == str(len(suite.findall("testcase")))
        assert suite.get("failures") == str(len(suite.findall("testcase/failure")))


def test_sarif_is_what_the_standard_allows(report):
    """With findings of every level, rules of packs, and none at all."""
    odd = replace(report.rules[0], not_evaluated="ValueError: \x00 (1×)")  # noqa: RUF001 - a times sign is meant
    noisy = replace(report, rules=(*report.rules, *(replace(entry, budget=None) for entry in report.rules), odd))
    quiet = replace(report, rules=())
    for each in (report, noisy, quiet):
        log = json.loads(PRINTERS["sarif"](each))
        jsonschema.Draft202012Validator(SARIF, format_checker=jsonschema.FormatChecker()).validate(log)
        for run in log["runs"]:
            declared = run["tool"]["driver"]["rules"]
            assert all(declared[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    assert {result["level"] for result in json.loads(PRINTERS["sarif"](noisy))["runs"][0]["results"]} >= {
        "error",
        "note",
    }


def test_sarif_points_at_rules(report):
    """Results have a rule, a level and a place."""
    log = json.loads(PRINTERS["sarif"](report))
    (result,) = log["runs"][0]["results"]
    declared = log["runs"][0]["tool"]["driver"]["rules"]
    assert declared[result["ruleIndex"]]["id"] == result["ruleId"] == "over-budget"
    assert result["level"] == "error"
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 15


def test_github_annotates_the_rules_line(report):
    """One workflow command a finding, everything escaped."""
    (line,) = PRINTERS["github"](report).splitlines()
    assert re.match(r"::error file=.*rules\.yaml,line=15,title=any-search%3A over-budget::", line)


def test_github_takes_ten_of_a_level(report):
    """With more than ten the last one says how many are left out."""
    over = next(entry for entry in report.rules if entry.rule.id == "any-search")
    many = replace(report, rules=(over,) * 25)
    lines = PRINTERS["github"](many).splitlines()
    assert len(lines) == 10
    assert lines[-1].endswith("16 more rules; the step's summary lists all")


def test_the_summary_keeps_within_a_mebibyte(report, tmp_path, monkeypatch):
    """A step's summary is appended to, and cut at a line with a remark."""
    monkeypatch.setattr(github, "SUMMARY_BYTES", 600)
    file = tmp_path / "summary.md"
    file.write_text("before\n")
    github.append_summary(report, Path(file))
    text = file.read_text()
    assert text.startswith("before\n### Dry-run")
    assert len(text.encode()) <= 600
    assert text.endswith("… cut: GitHub takes 1 MiB of summary a step\n")


def test_a_rule_that_failed_is_a_finding(loaded, history_file):
    """Not evaluated is an error whatever the budget."""
    import trailbell

    report = trailbell.dry_run(loaded(), history_file)
    entry = replace(report.rules[0], not_evaluated="ValueError: x (1×)")  # noqa: RUF001 - a times sign is meant
    assert [(found.level, found.code) for found in findings(replace(report, rules=(entry,)))] == [
        ("error", "not-evaluated")
    ]
