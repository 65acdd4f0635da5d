"""A report for a GitHub workflow: a few annotations beside the rules, and everything in the step's summary.

Limits, from GitHub's "Usage limits" and "Workflow commands for GitHub Actions": 10 annotations of each level a step,
50 a job, 1 MiB of summary a step. What is over a limit GitHub drops without a word; so we say it ourselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from trailbell.report import Report
from trailbell_notifiers.words.text import one_line
from trailbell_rules.load import PACKS
from trailbell_rules.printers.escapes import github_message, github_property

from .findings import Finding, Level, findings
from .markdown import as_markdown

ANNOTATIONS_PER_LEVEL: Final = 10
SUMMARY_BYTES: Final = 1024 * 1024
_COMMANDS: Final[dict[Level, str]] = {"error": "error", "warning": "warning", "note": "notice"}


def as_github(report: Report) -> str:
    """Workflow commands, one a line; the last of a level that is too long says how many are left out."""
    found = findings(report)
    lines: list[str] = []
    for level, command in _COMMANDS.items():
        of_level = [finding for finding in found if finding.level == level]
        lines += _annotations(command, of_level)
    return "\n".join(lines) + "\n" if lines else ""


def append_summary(report: Report, file: Path) -> None:
    """Add the report to a step's summary, cut at a line if it would not fit.

    Args:
        report: what to add.
        file: what ``$GITHUB_STEP_SUMMARY`` names.

    Raises:
        OSError: if it cannot be written.
    """
    there = file.stat().st_size if file.exists() else 0
    text = _cut(as_markdown(report), SUMMARY_BYTES - there)
    with file.open("a", encoding="utf-8") as handle:
        handle.write(text)


def _cut(text: str, room_bytes: int) -> str:
    raw = text.encode()
    if len(raw) <= room_bytes:
        return text
    remark = "\n… cut: GitHub takes 1 MiB of summary a step\n"
    kept = raw[: max(0, room_bytes - len(remark.encode()))].rpartition(b"\n")[0].decode(errors="ignore")
    return kept + remark if kept else ""


def _annotations(command: str, found: list[Finding]) -> Iterator[str]:
    fits = len(found) <= ANNOTATIONS_PER_LEVEL
    for finding in found if fits else found[: ANNOTATIONS_PER_LEVEL - 1]:
        place = f"file={github_property(finding.rule.origin.file)},line={max(1, finding.rule.origin.line)},"
        shown = "" if finding.rule.origin.file.startswith(str(PACKS)) else place
        title = github_property(f"{finding.rule.id}: {finding.code}")
        yield f"::{command} {shown}title={title}::{github_message(one_line(finding.text))}"
    if not fits:
        left = len(found) - ANNOTATIONS_PER_LEVEL + 1
        yield f"::{command} title={left} more::{left} more rules; the step's summary lists all"
