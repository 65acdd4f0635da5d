"""What of a report somebody should look at: one finding per rule at most, for the formats that list findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

from trailbell.dryrun.numbers import rate_text
from trailbell.report import Report, RuleReport
from trailbell_engine.counted import counted
from trailbell_engine.rule import Rule

Level: TypeAlias = Literal["error", "warning", "note"]


class Finding(NamedTuple):
    """One thing to look at.

    Attributes:
        level: an ``error`` fails a build.
        code: ``over-budget``, ``not-evaluated``, ``flood``, ``noisy``.
        rule: that it is about.
        text: one sentence.
    """

    level: Level
    code: str
    rule: Rule
    text: str


def findings(report: Report) -> list[Finding]:
    """The findings, errors first, then warnings, then notes."""
    order = ("error", "warning", "note")
    found = [finding for entry in report.by_urgency for finding in _findings(entry)]
    return sorted(found, key=lambda finding: order.index(finding.level))


def _findings(entry: RuleReport) -> Iterator[Finding]:
    help_ = f"; {entry.suggestion}" if entry.suggestion is not None else ""
    if entry.not_evaluated is not None:
        yield Finding("error", "not-evaluated", entry.rule, f"not evaluated on some events: {entry.not_evaluated}")
    if entry.budget is not None and entry.budget.passed:
        yield Finding("error", "over-budget", entry.rule, f"{entry.budget}{help_}")
    elif entry.verdict in ("flood", "noisy"):
        level: Level = "warning" if entry.verdict == "flood" else "note"
        said = f"{counted(entry.tally.alerts, 'alert')}, {rate_text(entry.per_day)} a day: {entry.reason}"
        yield Finding(level, entry.verdict, entry.rule, f"{said}{help_}")
