"""``dry-run --funnel``: where the events of each rule go, step by step, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from trailbell.dryrun.funnel import Funnel
from trailbell.report import Report

from .printable import printable

_BAR_CELLS = 24


def print_funnels(console: Console, report: Report) -> None:
    """Print the funnel of every rule that has one, the most urgent rule first."""
    for entry in report.by_urgency:
        if entry.funnel is not None:
            console.print()
            console.print(Text(entry.rule.id, "bold"))
            console.print(_grid(entry.funnel))


def _grid(funnel: Funnel) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True, width=_BAR_CELLS)
    grid.add_column(overflow="fold")
    for left, text, style in _steps(funnel):
        grid.add_row(f"  {left:,}", Text(_bar(left, funnel.events[0].left), "cyan"), Text(printable(text), style))
    return grid


def _steps(funnel: Funnel) -> Iterator[tuple[int, str, str]]:
    for stage in funnel.events:
        yield stage.left, stage.text, ""
    for count, text in ((funnel.too_late, "came too late"), (funnel.errors, "could not be evaluated")):
        if count:
            yield count, f"of these {text}", "yellow"
    yield funnel.fired, "met the condition", ""
    if funnel.folded:
        yield funnel.folded, "of these folded into an open alert", "dim"
    yield funnel.alerts, "alerts", "bold"
    for what, number in funnel.held.items():
        yield number, f"of these {what}", "yellow"
    if funnel.messages is not None:
        yield funnel.messages, "messages", "bold"


def _bar(left: int, read: int) -> str:
    """As long as its share of what was read; something is never shown as nothing."""
    return "█" * max(1, round(left * _BAR_CELLS / read)) if left and read else ""
