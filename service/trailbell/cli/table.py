"""A dry-run's report on a terminal: one line of context, the table of rules, and what should not be overlooked."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from trailbell.report import SEVERITY_STYLE, Report, RuleReport, Verdict
from trailbell_engine.timestamps import DAY_US, format_time

from .printable import printable

_BARS = " ▁▂▃▄▅▆▇█"
_PLAIN_BARS = " .:-=+*#%"
_TIMELINE = 30
_VERDICT_STYLE: dict[Verdict, str] = {"quiet": "green", "noisy": "yellow", "flood": "bold red", "never-fired": "dim"}


def print_report(console: Console, report: Report) -> None:
    """Print the whole text form of a report."""
    console.print(_headline(report))
    console.print()
    console.print(_table(report, plain=not _draws_bars(console)))
    for line in _remarks(report):
        console.print(line)


def _draws_bars(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")


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


def _table(report: Report, *, plain: bool) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("rule", no_wrap=True, overflow="ellipsis", min_width=16)
    table.add_column("severity", no_wrap=True)
    for name in ("alerts", "matched", "/day", "peak/h"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("timeline", no_wrap=True, min_width=8)
    table.add_column("verdict", overflow="fold", ratio=1)
    for entry in report.rules:
        table.add_row(*_row(entry, plain=plain))
    return table


def _row(entry: RuleReport, *, plain: bool) -> tuple[Text, ...]:
    tally = entry.tally
    quiet = "dim" if not tally.alerts else ""
    verdict = Text(entry.verdict.replace("-", " "), style=_VERDICT_STYLE[entry.verdict])
    if entry.reason:
        verdict.append(f": {printable(entry.reason)}", style="not bold default" if tally.alerts else "dim")
    if entry.not_evaluated:
        verdict.append(f"\nnot evaluated on some events: {printable(entry.not_evaluated)}", style="red")
    return (
        Text(entry.rule.id, style=quiet),
        Text(entry.rule.severity, style=SEVERITY_STYLE[entry.rule.severity]),
        Text(f"{tally.alerts:,}", style=quiet or "bold"),
        Text(f"{tally.matched:,}", style=quiet),
        Text(_rate(entry.per_day), style=quiet),
        Text(str(entry.peak_per_hour), style=quiet),
        Text(sparkline(entry.timeline, _PLAIN_BARS if plain else _BARS), style="cyan"),
        verdict,
    )


def _rate(per_day: float) -> str:
    if not per_day:
        return "0"
    return f"{per_day:.2f}" if per_day < 0.1 else f"{per_day:.1f}" if per_day < 10 else f"{per_day:,.0f}"


def sparkline(counts: tuple[int, ...], bars: str = _BARS) -> str:
    """Counts as a row of bars, at most 30 wide (days then share a bar). A count above zero never looks like zero."""
    if len(counts) > _TIMELINE:
        step = -(-len(counts) // _TIMELINE)
        counts = tuple(sum(counts[start : start + step]) for start in range(0, len(counts), step))
    top = max(counts, default=0)
    if not top:
        return ("·" if bars is _BARS else ".") * len(counts)
    steps = len(bars) - 1
    return "".join(bars[-(-count * steps // top)] for count in counts)


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
    lines = [Text("")]
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
