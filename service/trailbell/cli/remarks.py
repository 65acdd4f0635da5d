"""Below a dry-run's table: rules that never fired, who would have been told, what would help, and what was left out."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from trailbell.dryrun.messages import Messages
from trailbell.report import Report
from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.timestamps import SECOND_US

from .printable import printable

_GAPS_SAID = 3
_HELD_SAID = 5
_HELP_SAID = 10
_WAIT_WORTH_SAYING_US = 60 * SECOND_US


def silent(report: Report) -> Iterator[RenderableType]:
    """The rules that never fired, those first that came close."""
    rules = [entry for entry in report.rules if not entry.tally.alerts and not entry.not_evaluated]
    close = [entry for entry in rules if entry.tally.matched]
    if close:
        yield Text("matched, but the condition was never met", "bold")
        for entry in close:
            yield Text(f"  {entry.rule.id}  {entry.tally.matched:,} matched", "dim")
    rest = [entry.rule.id for entry in rules if not entry.tally.matched]
    if rest:
        yield Text("never fired, no event matched", "bold").append(f" ({len(rest)})", "not bold")
        yield Padding(Text(", ".join(rest), "dim"), (0, 0, 0, 2), expand=False)
    if rules:
        yield Text("")


def remarks(report: Report) -> Iterator[RenderableType]:
    """What should not be overlooked."""
    yield from _suggestions(report)
    yield _way(report)
    if report.messages is not None:
        yield from _receivers(report.messages)
    for sentence in report.remarks():
        yield Text(printable(sentence), "bold yellow")
    gaps = report.coverage.gaps
    if gaps:
        said = ", ".join(map(str, gaps[:_GAPS_SAID])) + (f", … ({len(gaps)} in all)" if len(gaps) > _GAPS_SAID else "")
        yield Text(f"no events at all on {said}", "yellow")
    for entry in report.rules:
        if entry.tally.untracked:
            keys = f"it remembered {counted(entry.rule.max_keys, 'key')} already"
            said = f"{counted(entry.tally.untracked, 'match', 'matches')} not evaluated: {keys}"
            yield Text(f"{entry.rule.id}: {said} (`limits: {{keys: …}}`)", "bold yellow")
        if entry.tally.overflow:
            gone = counted(entry.tally.overflow, "entry", "entries")
            said = f"{gone} given up, its keys held as many as they may: less exact"
            yield Text(f"{entry.rule.id}: {said}", "yellow")
    for example in report.tally.examples:
        yield Text(f"  malformed {printable(example.place)}: {printable(example.reason)}", style="yellow")
    if report.interrupted:
        yield Text("interrupted: this is about the part that was read", style="bold yellow")


def _suggestions(report: Report) -> Iterator[RenderableType]:
    found = [entry for entry in report.by_urgency if entry.suggestion is not None]
    if not found:
        return
    yield Text("what would help", "bold").append("  (tried on this history)", "dim not bold")
    for entry in found[:_HELP_SAID]:
        line = Text(f"{entry.rule.id}: ", "dim").append(printable(str(entry.suggestion)), "not dim")
        yield Padding(line, (0, 0, 0, 2), expand=False)
    if len(found) > _HELP_SAID:
        yield Text(f"  … {len(found) - _HELP_SAID} more in the JSON document and on the page", "dim")
    yield Text("")


def _way(report: Report) -> Text:
    """From matches to messages, in one line."""
    tally = report.tally
    matched = sum(entry.tally.matched for entry in report.rules)
    parts = [counted(matched, "match", "matches"), counted(len(report.alerts), "alert")]
    line = Text(" → ".join(parts), "bold")
    if report.messages is not None:
        told = ", ".join(receiver.told for receiver in report.messages.receivers if receiver.messages) or "nobody told"
        line.append(f" → {told}")
    folded = sum(sum(entry.tally.suppressed.values()) for entry in report.rules)
    counts = (
        (folded, "firing folded into an open alert", "firings folded into open alerts"),
        (tally.duplicate, "duplicate", "duplicates"),
        (tally.late, "late", "late"),
        (tally.untimed, *("untimed (took the time of the event before)",) * 2),
        (tally.malformed, "malformed", "malformed"),
        (report.held, "held for order", "held for order"),
    )
    said = "".join(f" · {counted(*entry)}" for entry in counts if entry[0])
    return line.append(said, "not bold")


def _receivers(messages: Messages) -> Iterator[RenderableType]:
    for receiver in messages.receivers:
        if not receiver.messages:
            if messages.configured:
                yield Text(f"  {receiver.name}: nothing", "dim")
            continue
        parts = [f"{receiver.noun}, busiest hour {receiver.busiest_hour:,}"]
        if receiver.cut:
            parts.append(f"{receiver.cut:,} would be cut")
        name = receiver.name if messages.configured else "as one Slack channel"
        line = Text(f"  {printable(name)}: {'; '.join(parts)}", "dim")
        if receiver.longest_wait_us >= _WAIT_WORTH_SAYING_US:
            # To the second: nobody plans by less.
            wait = format_duration(receiver.longest_wait_us // SECOND_US * SECOND_US)
            line.append(f"; up to {receiver.longest_queue:,} waiting at once, the last for {wait}", "yellow not dim")
        yield line
    for held in messages.held[:_HELD_SAID]:
        yield Text(f"  {held.what}: {counted(held.alerts, 'alert')}, {printable(str(held))}", "yellow")
    if len(messages.held) > _HELD_SAID:
        yield Text(f"  … {counted(len(messages.held) - _HELD_SAID, 'more reason')} in the JSON document", "dim")
    for reason, count in sorted(messages.untold.items()):
        yield Text(f"  nobody: {counted(count, 'alert')}, {printable(reason)}", "yellow")
