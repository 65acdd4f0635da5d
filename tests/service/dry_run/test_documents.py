"""Markdown, JUnit, SARIF, GitHub: well-formed, inert, and within the limits of those who read them."""

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from trailbell.reports import github, markdown
from trailbell.reports.findings import findings
from trailbell.reports.printers import PRINTERS


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
