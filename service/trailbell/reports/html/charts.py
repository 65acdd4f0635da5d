"""The geometry of the page's plots, as numbers for its template: nothing here knows HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from trailbell.dryrun.coverage import Coverage, Gap, day_text, hour_text
from trailbell.report import Report
from trailbell_engine.alert import SEVERITIES, Severity
from trailbell_engine.counted import counted
from trailbell_engine.timestamps import DAY_US

HEIGHT: Final = 100.0
"""Of a chart's own coordinates; the page stretches them."""
_LABELS: Final = 6
_GAP_BETWEEN_BARS: Final = 0.16
HEAT_LEVELS: Final = 6
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Block(NamedTuple):
    """One rectangle: ``x`` counts bars from the left, ``y`` runs down to ``HEIGHT``."""

    kind: str
    x: float
    y: float
    width: float
    height: float


class Bar(NamedTuple):
    """One bar and what it says when it is pointed at."""

    blocks: tuple[Block, ...]
    title: str


class Chart(NamedTuple):
    """Bars over time.

    Attributes:
        bars: from left to right.
        top: the value at the upper edge.
        ticks: (value, its height from the lower edge in percent).
        labels: (text, its place from the left in percent).
        gaps: (first bar, number of bars) without any event.
    """

    bars: tuple[Bar, ...]
    top: int
    ticks: tuple[tuple[int, float], ...]
    labels: tuple[tuple[str, float], ...]
    gaps: tuple[tuple[float, float], ...]


class Cell(NamedTuple):
    """An hour of a weekday: its shade from 0 (nothing) to ``HEAT_LEVELS``, and what it says."""

    x: int
    y: int
    level: int
    title: str


def alerts_chart(report: Report) -> Chart:
    """Alerts opened in each bar, stacked by severity, the most severe on the ground."""
    stacks = report.per_bar()
    covered = report.coverage
    totals = [sum(column) for column in zip(*stacks.values(), strict=True)]
    top = _round_up(max(totals, default=0))
    bars = tuple(_stack(position, covered, stacks, top) for position in range(len(totals)))
    ticks = tuple((value, 100 * value / top) for value in _ticks(top))
    return Chart(bars, top, ticks, _labels(covered), tuple(_shades(covered)))


def events_chart(report: Report) -> Chart:
    """Events in each bar."""
    covered = report.coverage
    top = max(1, *covered.bars) if covered.bars else 1
    bars = []
    for position, count in enumerate(covered.bars):
        height = HEIGHT * count / top
        block = _block("events", position, HEIGHT - height, height)
        bars.append(Bar((block,) if count else (), f"{_when(covered, position)}: {counted(count, 'event')}"))
    return Chart(tuple(bars), top, ((top, 100.0),), _labels(covered), tuple(_shades(covered)))


def sparkline(timeline: tuple[int, ...], kind: Severity) -> tuple[Block, ...]:
    """A rule's alerts as small bars."""
    top = max(timeline, default=0) or 1
    # A day with one alert must be seen beside a day with a thousand.
    heights = [max(12.0, HEIGHT * count / top) if count else 0.0 for count in timeline]
    return tuple(_block(kind, position, HEIGHT - height, height) for position, height in enumerate(heights) if height)


def heat(report: Report) -> tuple[Cell, ...]:
    """Alerts by weekday and hour (UTC)."""
    grid = report.heat()
    top = max((count for row in grid for count in row), default=0)
    return tuple(
        Cell(
            hour,
            day,
            -(-count * HEAT_LEVELS // top) if count else 0,
            f"{WEEKDAYS[day]} {hour:02}:00: {count:,} {'alert' if count == 1 else 'alerts'}",
        )
        for day, row in enumerate(grid)
        for hour, count in enumerate(row)
    )


def _stack(position: int, covered: Coverage, stacks: Mapping[Severity, tuple[int, ...]], top: int) -> Bar:
    blocks, floor, said = [], HEIGHT, []
    for severity in reversed(SEVERITIES):
        count = stacks[severity][position]
        if count:
            height = HEIGHT * count / top
            floor -= height
            blocks.append(_block(severity, position, floor, height))
            said.append(f"{count:,} {severity}")
    words = ", ".join(said) or "no alerts"
    return Bar(tuple(blocks), f"{_when(covered, position)}: {words}; {counted(covered.bars[position], 'event')}")


def _block(kind: str, position: int, y: float, height: float) -> Block:
    inset = _GAP_BETWEEN_BARS / 2
    return Block(kind, round(position + inset, 3), round(y, 3), 1 - _GAP_BETWEEN_BARS, round(height, 3))


def _when(covered: Coverage, position: int) -> str:
    start_us = covered.start_us + position * covered.bar_us
    if covered.bar_us < DAY_US:
        return hour_text(start_us)
    return str(Gap(start_us // DAY_US, (start_us + covered.bar_us) // DAY_US - 1))


def _shades(covered: Coverage) -> Iterable[tuple[float, float]]:
    if covered.bar_us > DAY_US:
        return []
    scale = DAY_US // covered.bar_us
    first = covered.start_us // covered.bar_us
    return [(gap.first_day * scale - first, gap.days * scale) for gap in covered.gaps]


def _labels(covered: Coverage) -> tuple[tuple[str, float], ...]:
    number = len(covered.bars)
    if not number:
        return ()
    step = -(-number // _LABELS)
    return tuple(
        (_label(covered, position), round(100 * (position + 0.5) / number, 2)) for position in range(0, number, step)
    )


def _label(covered: Coverage, position: int) -> str:
    start_us = covered.start_us + position * covered.bar_us
    return hour_text(start_us) if covered.bar_us < DAY_US else day_text(start_us // DAY_US)


def _round_up(value: int) -> int:
    """The next of 1, 2, 4, 5, 10, 20, 40, 50, 100, …"""
    scale = 1
    while True:
        for step in (1, 2, 4, 5, 10):
            if value <= step * scale:
                return step * scale
        scale *= 10


def _ticks(top: int) -> tuple[int, ...]:
    return (0, top // 2, top) if top % 2 == 0 else (0, top)
