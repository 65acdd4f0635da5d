"""A report as GitHub-flavoured Markdown: for a comment on a pull request, and for the summary of a CI step."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from trailbell.dryrun.comparison import Comparison, Group, RuleComparison
from trailbell.dryrun.coverage import day_text
from trailbell.dryrun.numbers import rate_text
from trailbell.report import Report, RuleReport
from trailbell_engine.counted import counted
from trailbell_engine.timestamps import DAY_US, format_time
from trailbell_notifiers.words.text import one_line

_SHOWN: Final = 10
_SIGNIFICANT: Final = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_LINKING: Final = re.compile(r"(?i)(?:https?|ftp):(?=//)|\bwww(?=\.)|@(?=\w)")
_JOINER: Final = "\u2060"
"""Seen by nobody, and no part of a host's or a user's name: backslashes alone do not keep GitHub from linking."""
_SIGNS: Final = {"quiet": "🟢", "noisy": "🟡", "flood": "🔴", "never-fired": "⚪"}
_MARKS: Final = {"new": "+", "gone": "-", "moved": "~", "reworded": "≈"}


def as_markdown(report: Report) -> str:
    """The whole report: what changes first, if two versions were compared; then the table; then the rest."""
    lines = [f"### {_title(report)}", ""]
    if report.against is not None:
        lines += [*_comparison(report.against), ""]
    verdicts = (
        f"{_SIGNS[verdict]} {count:,} {verdict.replace('-', ' ')}" for verdict, count in report.verdicts.items()
    )
    lines += [*_readings(report), " · ".join(verdicts), "", *_table(report), "", *_remarks(report)]
    return "\n".join(lines).rstrip() + "\n"


def text(value: object) -> str:
    """Text of events and rules as Markdown that shows it as it is: no markup, no links, nobody mentioned."""
    escaped = _SIGNIFICANT.sub(r"\\\1", one_line(str(value)))
    return _LINKING.sub(lambda found: found[0] + _JOINER, escaped)


def code(value: object) -> str:
    """A span of code, whatever stands in it."""
    said = one_line(str(value)).replace("|", "\\|")
    fence = "`" * (max(map(len, re.findall("`+", said)), default=0) + 1)
    padding = " " if "`" in said else ""
    return f"{fence}{padding}{said}{padding}{fence}"


def _title(report: Report) -> str:
    window = ""
    if report.coverage.first_us is not None and report.coverage.last_us is not None:
        first, last = (day_text(time_us // DAY_US) for time_us in (report.coverage.first_us, report.coverage.last_us))
        window = f", {first} to {last}"
    partial = " (interrupted: a part of the history)" if report.interrupted else ""
    return (
        f"Dry-run: {counted(len(report.alerts), 'alert')} from {counted(report.tally.read, 'event')}{window}{partial}"
    )


def _table(report: Report) -> Iterator[str]:
    shown = [entry for entry in report.by_urgency if entry.tally.alerts or entry.not_evaluated]
    if not shown:
        yield "No rule fired."
        return
    yield "| rule | severity | alerts | matched | per day | peak/h | verdict |"
    yield "|---|---|--:|--:|--:|--:|---|"
    for entry in shown:
        tally = entry.tally
        numbers = f"{tally.alerts:,} | {tally.matched:,} | {rate_text(entry.per_day)} | {entry.peak_per_hour:,}"
        yield f"| {code(entry.rule.id)} | {entry.rule.severity} | {numbers} | {_verdict(entry)} |"


def _verdict(entry: RuleReport) -> str:
    parts = [f"{_SIGNS[entry.verdict]} {entry.verdict.replace('-', ' ')}"]
    if entry.reason:
        parts[0] += f": {text(entry.reason)}"
    if entry.budget is not None and entry.budget.passed:
        parts.append(f"**over its budget of {entry.budget.max_per_day:g} a day**")
    if entry.not_evaluated:
        parts.append(f"**not evaluated** on some events: {text(entry.not_evaluated)}")
    return "<br>".join(parts)


def _remarks(report: Report) -> Iterator[str]:
    helped = [entry for entry in report.by_urgency if entry.suggestion is not None]
    if helped:
        yield "**What would help** (tried on this history)"
        yield ""
        for entry in helped:
            change = entry.suggestion
            assert change is not None
            tried = "" if change.complete else f", tried on the first {change.tried_days:.1f} days"
            rate = f"**{rate_text(change.per_day)}** a day{tried}"
            yield f"- {code(entry.rule.id)}: {text(change.where)} {code(change.change)}: {rate}"
        yield ""
    silent = [code(entry.rule.id) for entry in report.rules if not entry.tally.alerts and not entry.not_evaluated]
    if silent:
        yield f"<details><summary>{counted(len(silent), 'rule')} never fired</summary>"
        yield f"\n{', '.join(silent)}\n\n</details>"
        yield ""
    yield " · ".join(_counts(report))


def _readings(report: Report) -> Iterator[str]:
    for sentence in report.remarks():
        yield f"> ⚠️ {text(sentence)}"
        yield ""


def _counts(report: Report) -> Iterator[str]:
    tally = report.tally
    matched = sum(entry.tally.matched for entry in report.rules)
    way = f"{counted(matched, 'match', 'matches')} → {counted(len(report.alerts), 'alert')}"
    if report.messages is not None:
        told = [receiver.told for receiver in report.messages.receivers if receiver.messages]
        way += f" → {', '.join(told) or 'nobody told'}"
    yield way
    folded = sum(sum(entry.tally.suppressed.values()) for entry in report.rules)
    if folded:
        yield counted(folded, "firing folded into an open alert", "firings folded into open alerts")
    if tally.duplicate:
        yield counted(tally.duplicate, "duplicate")
    counts = {"malformed": tally.malformed, "late": tally.late, "untimed": tally.untimed, "held": report.held}
    yield from (f"{count:,} {name}" for name, count in counts.items() if count)
    if report.coverage.gaps:
        yield f"no events on {', '.join(map(str, report.coverage.gaps[:3]))}"


def _comparison(comparison: Comparison) -> Iterator[str]:
    altered = comparison.altered
    if not altered:
        yield f"Against {code(comparison.name)}: the same rules, the same alerts."
        return
    yield f"**Against {code(comparison.name)}**"
    yield ""
    yield "| rule | alerts | new | gone | moved | reworded | same | what changed |"
    yield "|---|--:|--:|--:|--:|--:|--:|---|"
    for entry in altered:
        yield _compared(entry)
    for entry in altered:
        if entry.differences:
            yield ""
            yield from _details(entry)


def _compared(entry: RuleComparison) -> str:
    numbers = " | ".join(f"{entry.number(kind):,}" for kind in ("new", "gone", "moved", "reworded"))
    said = "; ".join(text(change.text) for change in entry.changes) or entry.status
    return f"| {code(entry.rule.id)} | {entry.before:,} → {entry.after:,} | {numbers} | {entry.unaltered:,} | {said} |"


def _details(entry: RuleComparison) -> Iterator[str]:
    yield f"<details><summary>{counted(len(entry.differences), 'alert')} of {entry.rule.id}, not the same</summary>"
    yield ""
    for group in entry.groups:
        yield from _group(group)
    yield ""
    yield "</details>"


def _group(group: Group) -> Iterator[str]:
    mark = code(f"{_MARKS[group.kind]}{len(group.differences):,} {group.kind}")
    yield f"- {mark} {text(group.cause)}"
    for difference in group.differences[:_SHOWN]:
        at = format_time(difference.shown.alert.opened_at_us)[:16].replace("T", " ")
        yield f"  - {at} {text(difference.shown.wording['title'])}"
    if len(group.differences) > _SHOWN:
        yield f"  - … {len(group.differences) - _SHOWN:,} more"
