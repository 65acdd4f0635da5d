"""The bar on a terminal: how far, how fast, how long still; and nothing where nobody looks."""

from __future__ import annotations

import io
import re
from types import SimpleNamespace

from rich.console import Console

from trailbell.cli import progress
from trailbell.cli.progress import asking, reading
from trailbell_engine.timestamps import DAY_US


def _terminal():
    return Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)


def _drawn(bar, console):
    with console.capture() as drawn:
        for part in bar.get_renderables():
            console.print(part)
    return drawn.get()


def test_files_show_bytes_events_and_rate(monkeypatch):
    """Of a file half read: the share of its bytes, the events so far, and what that is a second."""
    source, bars = SimpleNamespace(bytes_read=0, bytes_total=200 * 1024 * 1024, events_read=0), []
    monkeypatch.setattr(progress, "_Following", _remembering(bars))
    console = _terminal()
    with reading(console, source):
        (bar,) = bars
        bar.tasks[0].start_time -= 10
        source.bytes_read, source.events_read = 100 * 1024 * 1024, 150_000
        text = _drawn(bar, console)
    assert re.search(r"100 of 200 MiB · 150,000 events · 1[45],\d{3} events/s", text)


def test_an_api_shows_days(monkeypatch):
    """It has no bytes to count. At the end the last day, which is none of 24 hours, counts as a whole one."""
    source, bars = SimpleNamespace(since_us=DAY_US, until_us=30 * DAY_US + 5, reached_us=4 * DAY_US + 5), []
    source.events_read = 1_200
    monkeypatch.setattr(progress, "_Following", _remembering(bars))
    console = _terminal()
    with asking(console, source):
        assert "3 of 30 days · 1,200 events" in _drawn(bars[0], console)
        source.reached_us = source.until_us
        assert "30 of 30 days" in _drawn(bars[0], console)


def test_a_pipe_has_no_end_to_count_to(monkeypatch):
    """Bytes so far, of nobody knows how many."""
    source, bars = SimpleNamespace(bytes_read=3 * 1024 * 1024, bytes_total=None, events_read=7), []
    monkeypatch.setattr(progress, "_Following", _remembering(bars))
    console = _terminal()
    with reading(console, source):
        assert "3 MiB · 7 events" in _drawn(bars[0], console)


def test_without_a_terminal_nothing_is_drawn():
    """Logs are not for bars."""
    page = io.StringIO()
    with reading(Console(file=page), SimpleNamespace(bytes_read=1, bytes_total=1, events_read=1)):
        pass
    assert page.getvalue() == ""


def _remembering(bars):
    original = progress._Following

    def made(look, console):
        bars.append(original(look, console))
        return bars[-1]

    return made
