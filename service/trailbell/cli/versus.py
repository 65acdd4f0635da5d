"""``dry-run --against``: what a change of rules changes, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from trailbell.dryrun.comparison import Comparison, Group, Kind, RuleComparison
from trailbell_engine.counted import counted
from trailbell_engine.timestamps import format_time

from .printable import printable

_SHOWN: Final = 5
"""Alerts listed of one kind; the JSON document has all."""
_MARKS: Final[dict[Kind, tuple[str, str]]] = {
    "new": ("+", "green"),
    "gone": ("-", "red"),
    "moved": ("~", "yellow"),
    "reworded": ("≈", "cyan"),
}


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Print a line for every altered rule, with what was changed in it and the alerts that differ, and why."""
    console.print()
    console.print(_headline(comparison))
    for entry in comparison.altered:
        if entry.differences:
            console.print()
            for line in _rule(entry):
                console.print(line)
    alike = [entry for entry in comparison.altered if not entry.differences]
    if alike:
        console.print()
        console.print(Text("changed, with the same alerts", "bold").append(f" ({len(alike)})", "not bold"))
        for entry in alike:
            said = "; ".join(change.text for change in entry.changes) or entry.status
            line = Text(f"{entry.rule.id}: ").append(printable(said), "dim")
            console.print(_indented(line, 2))


def _headline(comparison: Comparison) -> Text:
    line = Text(f"against {printable(comparison.name)}", "bold")
    altered = len(comparison.altered)
    if not altered:
        return line.append(": the same rules, the same alerts", "not bold")
    same = sum(entry.unaltered for entry in comparison.rules)
    differ = "differs" if altered == 1 else "differ"
    line.append(f": {altered} of {counted(len(comparison.rules), 'rule')} {differ}; ", "not bold")
    for kind, (mark, style) in _MARKS.items():
        number = comparison.total(kind)
        if number:
            line.append(f"{mark}{number:,} {kind}", f"{style} not bold").append(", ", "not bold")
    return line.append(f"{same:,} the same", "not bold")


def _rule(entry: RuleComparison) -> Iterator[RenderableType]:
    head = Text(entry.rule.id, "bold").append(f"  {entry.before:,} → {entry.after:,}", "not bold")
    parts = [
        Text(f"{mark}{entry.number(kind):,} {kind}", style)
        for kind, (mark, style) in _MARKS.items()
        if entry.number(kind)
    ]
    parts.append(Text(f"{entry.unaltered:,} same"))
    if entry.status in ("added", "removed"):
        parts.insert(0, Text(entry.status))
    yield head.append("  (", "not bold").append_text(Text(", ").join(parts)).append(")", "not bold")
    for change in entry.changes:
        yield _indented(Text(printable(change.text), "italic"), 2)
    for group in entry.groups:
        yield from _group(group)


def _group(group: Group) -> Iterator[RenderableType]:
    """The cause once, above the alerts that share it; below an alert that is alone with it."""
    mark, style = _MARKS[group.kind]
    number, cause = len(group.differences), printable(group.cause)
    if number > 1:
        yield _indented(Text(f"{mark}{number:,} {group.kind}: ", style).append(cause, "default"), 2)
    for difference in group.differences[:_SHOWN]:
        shown = difference.shown
        line = Text("" if number > 1 else f"{mark} ", style)
        line.append(f"{format_time(shown.alert.opened_at_us)[:16].replace('T', ' ')}  ", "dim default")
        yield _indented(line.append(printable(str(shown.wording["title"])), "default"), 4 if number > 1 else 2)
    if number > _SHOWN:
        yield _indented(Text(f"… {number - _SHOWN:,} more", "dim"), 4)
    if number == 1:
        yield _indented(Text(cause, "dim"), 6)


def _indented(text: Text, cells: int) -> Padding:
    return Padding(text, (0, 0, 0, cells), expand=False)
