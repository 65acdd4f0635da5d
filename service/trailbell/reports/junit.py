"""A report as JUnit XML: one test case a rule; one that passes its budget, or could not be evaluated, has failed.

Source: the schema of the Jenkins xUnit plug-in (``junit-10.xsd``), which the readers of CI services agree on.
"""

from __future__ import annotations

from collections.abc import Mapping

from trailbell.report import Report, RuleReport
from trailbell_engine.counted import counted
from trailbell_rules.printers.escapes import xml_attribute, xml_text

from .findings import Finding, findings


def as_junit(report: Report) -> str:
    """One test suite."""
    failed = {finding.rule.id: finding for finding in findings(report) if finding.level == "error"}
    cases = [_case(entry, failed) for entry in report.rules]
    counts = f'tests="{len(cases)}" failures="{len(failed)}" errors="0" skipped="0" time="{report.elapsed_s:.3f}"'
    head = f'<testsuite name="trailbell dry-run" {counts}>'
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", head, *cases, "</testsuite>", "</testsuites>"]
    return "\n".join(lines) + "\n"


def _case(entry: RuleReport, failed: Mapping[str, Finding]) -> str:
    head = f'  <testcase classname="trailbell.dry-run" name={xml_attribute(entry.rule.id)} time="0"'
    body = ""
    finding = failed.get(entry.rule.id)
    if finding is not None:
        body += f"<failure type={xml_attribute(finding.code)} message={xml_attribute(finding.text)}/>"
    numbers = f"{counted(entry.tally.alerts, 'alert')}, {entry.tally.matched:,} matched"
    said = "; ".join(filter(None, (f"{entry.verdict}: {numbers}", entry.reason, entry.rule.origin.file)))
    return f"{head}>{body}<system-out>{xml_text(said)}</system-out></testcase>"
