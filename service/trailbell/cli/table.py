"""A dry-run's report on a terminal: one line of context, the table of rules, and what should not be overlooked."""

from __future__ import annotations

from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from trailbell.dryrun.numbers import rate_text
from trailbell.dryrun.verdict import Verdict
from trailbell.report import SEVERITY_STYLE, Report, RuleReport
from trailbell_engine.alert import Severity
from trailbell_engine.counted import counted
from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_time

from .funnels import print_funnels
from .printable import printable
from .remarks import remarks, silent
from .versus import print_comparison

_BARS: Final = "·▁▂▃▄▅▆▇█"
_PLAIN_BARS: Final = " .:-=+*#%"
_WIDE: Final = 130
_NARROW: Final = 100
_BESIDE_NAME: Final = 73
"""What the other columns take where every number is shown and the timeline has 15 bars."""
_SHORT: Final[dict[Severity, str]] = {"critical": "crit", "medium": "med"}
_VERDICT_STYLE: dict[Verdict, str] = {"quiet": "green", "noisy": "yellow", "flood": "bold red", "never-fired": "dim"}


def print_report(console: Console, report: Report, *, funnels: bool = True) -> None:
    """Print the whole text form of a report.

    Args:
        console: where to.
        report: what to print.
        funnels: those of its rules, too, if they were counted.
    """
    console.print(_headline(report))
    console.print(_verdicts(report))
    console.print()
    fired = [entry for entry in report.by_urgency if entry.tally.alerts or entry.not_evaluated]
    if fired:
        console.print(_table(fired, _layout(console)))
        console.print()
    for line in (*silent(report), *remarks(report)):
        console.print(line)
    if funnels and any(entry.funnel is not None for entry in report.rules):
        print_funnels(console, report)
    if report.against is not None:
        print_comparison(console, report.against)


def _headline(report: Report) -> Text:
    tally = report.tally
    text = Text("dry-run", style="bold")
    if tally.first_us is not None and tally.last_us is not None:
        first, last = (format_time(time_us)[:10] for time_us in (tally.first_us, tally.last_us))
        text.append(f" · {first} → {last} ({_length(tally.last_us - tally.first_us)})", "not bold")
    rate = tally.read / report.elapsed_s if report.elapsed_s else 0.0
    text.append(f" · {counted(tally.read, 'event')}", "not bold")
    text.append(f" · {counted(len(report.rules), 'rule')} · {report.elapsed_s:.1f} s, {rate:,.0f} events/s", "not bold")
    text.append(f" · map {report.map_name}" if report.map_name else "", "dim not bold")
    return text


def _length(span_us: int) -> str:
    """How long a history is, to two figures or so: ``6.0 d``, ``3.5 h``, ``56 min``, ``20 s``."""
    if span_us >= DAY_US:
        return f"{span_us / DAY_US:.1f} d"
    if span_us >= HOUR_US:
        return f"{span_us / HOUR_US:.1f} h"
    return f"{span_us / MINUTE_US:.0f} min" if span_us >= MINUTE_US else f"{span_us / SECOND_US:.0f} s"


def _verdicts(report: Report) -> Text:
    """How many rules are quiet, noisy, a flood, or never fired: the first thing to look at."""
    parts = [
        Text(f"{count:,} {verdict.replace('-', ' ')}", _VERDICT_STYLE[verdict])
        for verdict, count in report.verdicts.items()
    ]
    return Text(" · ").join(parts)


class _Layout(NamedTuple):
    """How the table fits a width.

    Attributes:
        bars: of the timeline.
        numbers: there is room for every number.
        marks: what bars are drawn with.
        name: the longest rule id that is shown whole; None shows any.
    """

    bars: int
    numbers: bool
    marks: str
    name: int | None


def _layout(console: Console) -> _Layout:
    marks = _BARS if console.encoding.lower().startswith("utf") else _PLAIN_BARS
    if console.width >= _WIDE:
        return _Layout(30, numbers=True, marks=marks, name=None)
    if console.width >= _NARROW:
        return _Layout(15, numbers=True, marks=marks, name=console.width - _BESIDE_NAME)
    return _Layout(8, numbers=False, marks=marks, name=30)


def _table(fired: list[RuleReport], layout: _Layout) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("rule", no_wrap=True, overflow="ellipsis", min_width=16, max_width=layout.name)
    table.add_column("severity" if layout.numbers else "sev", no_wrap=True, min_width=8 if layout.numbers else 4)
    for name in ("alerts", "matched", "/day", "peak/h") if layout.numbers else ("alerts", "/day"):
        table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
    shown = min(layout.bars, max((len(entry.timeline) for entry in fired), default=0))
    table.add_column("timeline", no_wrap=True, min_width=max(shown, len("timeline")))
    table.add_column("verdict", overflow="fold", min_width=11)
    for entry in fired:
        table.add_row(*_row(entry, layout))
    return table


def _row(entry: RuleReport, layout: _Layout) -> tuple[Text, ...]:
    tally = entry.tally
    verdict = Text(entry.verdict.replace("-", " "), style=_VERDICT_STYLE[entry.verdict])
    if entry.reason:
        verdict.append(f": {printable(entry.reason)}", style="not bold default")
    if entry.budget is not None and entry.budget.passed:
        verdict.append(f"\nover its budget of {entry.budget.max_per_day:g} a day", style="bold red")
    if entry.not_evaluated:
        verdict.append(f"\nnot evaluated on some events: {printable(entry.not_evaluated)}", style="red")
    numbers = {
        "alerts": Text(f"{tally.alerts:,}", style="bold"),
        "matched": Text(f"{tally.matched:,}"),
        "/day": Text(rate_text(entry.per_day)),
        "peak/h": Text(str(entry.peak_per_hour)),
    }
    return (
        Text(entry.rule.id).append(" experimental" if entry.rule.status == "experimental" else "", "dim italic"),
        Text(
            entry.rule.severity if layout.numbers else _SHORT.get(entry.rule.severity, entry.rule.severity),
            style=SEVERITY_STYLE[entry.rule.severity],
        ),
        *(text for name, text in numbers.items() if layout.numbers or name in ("alerts", "/day")),
        Text(sparkline(entry.timeline, layout.bars, layout.marks), style="cyan"),
        verdict,
    )


def sparkline(counts: tuple[int, ...], width: int, bars: str = _BARS) -> str:
    """Counts as a row of bars, at most so many (days then share a bar). A count above zero never looks like zero."""
    if len(counts) > width:
        step = -(-len(counts) // width)
        counts = tuple(sum(counts[start : start + step]) for start in range(0, len(counts), step))
    top, steps = max(counts, default=0), len(bars) - 1
    return "".join(bars[-(-count * steps // top)] if count else bars[0] for count in counts)
