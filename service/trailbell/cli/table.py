"""A dry-run's report on a terminal: one line of context, the table of rules, and what should not be overlooked."""

from __future__ import annotations

from typing import Final, NamedTuple

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from trailbell.report import SEVERITY_STYLE, Report, RuleReport, Verdict
from trailbell_engine.alert import SEVERITIES
from trailbell_engine.timestamps import DAY_US, format_time

from .printable import printable

_BARS: Final = "·▁▂▃▄▅▆▇█"
_PLAIN_BARS: Final = " .:-=+*#%"
_WIDE: Final = 130
_NARROW: Final = 100
_VERDICT_STYLE: dict[Verdict, str] = {"quiet": "green", "noisy": "yellow", "flood": "bold red", "never-fired": "dim"}


def print_report(console: Console, report: Report) -> None:
    """Print the whole text form of a report."""
    console.print(_headline(report))
    console.print()
    fired = [entry for entry in report.rules if entry.tally.alerts or entry.not_evaluated]
    if fired:
        console.print(_table(fired, _layout(console)))
        console.print()
    for line in (*_silent(report), *_remarks(report)):
        console.print(line)


def _headline(report: Report) -> Text:
    tally = report.tally
    text = Text("dry-run", style="bold")
    if tally.first_us is not None and tally.last_us is not None:
        days = (tally.last_us - tally.first_us) / DAY_US
        text.append(
            f" · {format_time(tally.first_us)[:10]} → {format_time(tally.last_us)[:10]} ({days:.1f} d)", "not bold"
        )
    rate = tally.read / report.elapsed_s if report.elapsed_s else 0.0
    text.append(f" · {tally.read:,} events", "not bold")
    text.append(f" · {len(report.rules)} rules · {report.elapsed_s:.1f} s, {rate:,.0f} events/s", "not bold")
    text.append(f" · map {report.map_name}" if report.map_name else "", "dim not bold")
    return text


class _Layout(NamedTuple):
    """How the table fits a width: the days of its timeline, whether there is room for every number, and the bars."""

    days: int
    numbers: bool
    bars: str


def _layout(console: Console) -> _Layout:
    bars = _BARS if console.encoding.lower().startswith("utf") else _PLAIN_BARS
    if console.width >= _WIDE:
        return _Layout(30, numbers=True, bars=bars)
    if console.width >= _NARROW:
        return _Layout(15, numbers=True, bars=bars)
    return _Layout(10, numbers=False, bars=bars)


def _table(fired: list[RuleReport], layout: _Layout) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    name_width = None if layout.numbers else 30
    table.add_column("rule", no_wrap=True, overflow="ellipsis", min_width=16, max_width=name_width)
    table.add_column("severity", no_wrap=True, min_width=8)
    for name in ("alerts", "matched", "/day", "peak/h") if layout.numbers else ("alerts", "/day"):
        table.add_column(name, justify="right", no_wrap=True, min_width=len(name))
    table.add_column("timeline", no_wrap=True, min_width=layout.days)
    table.add_column("verdict", overflow="fold", min_width=11)
    for entry in sorted(fired, key=_urgency):
        table.add_row(*_row(entry, layout))
    return table


def _urgency(entry: RuleReport) -> tuple[int, int, str]:
    """The most severe first, then those with the most alerts."""
    return -SEVERITIES.index(entry.rule.severity), -entry.tally.alerts, entry.rule.id


def _silent(report: Report) -> list[RenderableType]:
    """The rules that never fired, those first that came close."""
    lines: list[RenderableType] = []
    silent = [entry for entry in report.rules if not entry.tally.alerts and not entry.not_evaluated]
    close = [entry for entry in silent if entry.tally.matched]
    if close:
        lines.append(Text("matched, but the condition was never met", "bold"))
        lines += [Text(f"  {entry.rule.id}  {entry.tally.matched:,} matched", "dim") for entry in close]
    rest = [entry.rule.id for entry in silent if not entry.tally.matched]
    if rest:
        lines.append(Text("never fired, no event matched", "bold").append(f" ({len(rest)})", "not bold"))
        lines.append(Padding(Text(", ".join(rest), "dim"), (0, 0, 0, 2)))
    return [*lines, Text("")] if lines else []


def _row(entry: RuleReport, layout: _Layout) -> tuple[Text, ...]:
    tally = entry.tally
    verdict = Text(entry.verdict.replace("-", " "), style=_VERDICT_STYLE[entry.verdict])
    if entry.reason:
        verdict.append(f": {printable(entry.reason)}", style="not bold default")
    if entry.not_evaluated:
        verdict.append(f"\nnot evaluated on some events: {printable(entry.not_evaluated)}", style="red")
    numbers = {
        "alerts": Text(f"{tally.alerts:,}", style="bold"),
        "matched": Text(f"{tally.matched:,}"),
        "/day": Text(_rate(entry.per_day)),
        "peak/h": Text(str(entry.peak_per_hour)),
    }
    return (
        Text(entry.rule.id),
        Text(entry.rule.severity, style=SEVERITY_STYLE[entry.rule.severity]),
        *(text for name, text in numbers.items() if layout.numbers or name in ("alerts", "/day")),
        Text(sparkline(entry.timeline, layout.days, layout.bars), style="cyan"),
        verdict,
    )


def _rate(per_day: float) -> str:
    if not per_day:
        return "0"
    return f"{per_day:.2f}" if per_day < 0.1 else f"{per_day:.1f}" if per_day < 10 else f"{per_day:,.0f}"


def sparkline(counts: tuple[int, ...], width: int, bars: str = _BARS) -> str:
    """Counts as a row of bars, at most so many (days then share a bar). A count above zero never looks like zero."""
    if len(counts) > width:
        step = -(-len(counts) // width)
        counts = tuple(sum(counts[start : start + step]) for start in range(0, len(counts), step))
    top, steps = max(counts, default=0), len(bars) - 1
    return "".join(bars[-(-count * steps // top)] if count else bars[0] for count in counts)


def _remarks(report: Report) -> list[Text]:
    tally = report.tally
    folded = sum(sum(entry.tally.suppressed.values()) for entry in report.rules)
    counts = {
        "firings folded into an open alert": folded,
        "duplicates": tally.duplicate,
        "late": tally.late,
        "untimed (took the time of the event before)": tally.untimed,
        "malformed": tally.malformed,
        "held for order": report.held,
    }
    lines = []
    parts = [f"{count:,} {name}" for name, count in counts.items() if count]
    total = f"{len(report.alerts):,} alerts"
    lines.append(Text(" · ".join([total, *parts]), style="bold" if not parts else ""))
    lines.extend(
        Text(f"  malformed {printable(example.place)}: {printable(example.reason)}", style="yellow")
        for example in tally.examples
    )
    if report.interrupted:
        lines.append(Text("interrupted: this is about the part that was read", style="bold yellow"))
    return lines
