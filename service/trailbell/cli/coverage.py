"""``trailbell coverage``: which time has been read of each source, and which time each rule has not seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from trailbell.clock import now_us
from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.timestamps import HOUR_US, MINUTE_US, SECOND_US, format_time

from .configuration import config_or_fail
from .exits import Exit, Failure
from .instants import instant
from .printable import printable
from .stores import reading

if TYPE_CHECKING:
    from rich.console import Console

    from trailbell.configuration.config import Config
    from trailbell.watch.spans import Span
    from trailbell.watch.view import CoverageView, RuleView, SourceView

_CELLS: Final = 48
_SHOWN: Final = 5
"""Gaps that are named of each source and rule; the others are in the JSON document."""
_STYLES: Final = {"well": "green", "failing": "bold red", "lagging": "yellow", "quiet": "yellow", "stopped": "bold red"}


class _Marks(NamedTuple):
    """How a cell of a timeline is drawn."""

    all: str
    late: str
    part: str
    nothing: str


_BLOCKS: Final = _Marks("█", "▓", "▒", "·")
_PLAIN: Final = _Marks("#", "+", "-", ".")


@click.command(name="coverage")
@click.option("--config", "-c", "config_file", type=click.Path(path_type=Path), help="Where `state:` is said.")
@click.option("--rule", "rule_id", metavar="ID", help="This rule alone.")
@click.option("--source", "source_name", metavar="NAME", help="This source alone.")
@click.option("--since", metavar="TIME", help="From then on: 30d, 12h, 2026-11-01; by default from the first event on.")
@click.option("--until", metavar="TIME", help="Up to then; by default now.")
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
def command(
    config_file: Path | None,
    rule_id: str | None,
    source_name: str | None,
    since: str | None,
    until: str | None,
    format_: str,
) -> int:
    """Show which time has been read of each source, and which time each rule has not seen.

    What nobody has read, no rule has seen. A rule that is new has seen what came since; it may have learned from more.
    """
    from trailbell.watch.view import coverage_view

    config = config_or_fail(config_file, secrets=False)
    with reading(config.store) as database:
        view = coverage_view(database, now_us(), instant("--since", since), instant("--until", until))
    view = _only(view, rule_id, source_name)
    if format_ == "json":
        click.echo(json.dumps(view.to_json(), ensure_ascii=False, indent=2))
        return Exit.OK
    from .consoles import out

    _print(out(), view, whole=rule_id is not None)
    if rule_id is not None:
        for words in _standing(config, rule_id):
            click.echo(f"    {words}")
    return Exit.OK


def _standing(config: Config, rule_id: str) -> list[str]:
    """What the rule's own text says of it, if it can be read."""
    from trailbell.loading import load
    from trailbell_engine.conditions import spec_of

    found = next((rule for rule in load(config.running_rules).rules if rule.id == rule_id), None)
    if found is None:
        return ["no such rule is configured now"]
    words = ["it is experimental: nobody is told of what it sees"] if found.status == "experimental" else []
    if spec_of(found.condition).remembers:
        words.append("it learned from what had been read before it ran, as far as that was kept")
    return words


def _only(view: CoverageView, rule_id: str | None, source_name: str | None) -> CoverageView:
    from dataclasses import replace

    sources = [one for one in view.sources if source_name in (None, one.name)]
    if source_name is not None and not sources:
        raise Failure(Exit.USAGE, f"no source is called {source_name!r}", _names([one.name for one in view.sources]))
    rules = [one for one in view.rules if rule_id in (None, one.id)]
    if rule_id is not None and not rules:
        raise Failure(Exit.USAGE, f"no rule {rule_id!r} ever ran", _names([one.id for one in view.rules]))
    if source_name is not None:
        rules = [
            replace(
                rule,
                seen={name: spans for name, spans in rule.seen.items() if name == source_name},
                missed={name: spans for name, spans in rule.missed.items() if name == source_name},
            )
            for rule in rules
        ]
    return replace(view, sources=sources, rules=rules)


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:10]) + (", …" if len(names) > 10 else "")
    return f"there are: {shown}" if names else "the store has none: `trailbell run` notes them"


def _print(console: Console, view: CoverageView, *, whole: bool) -> None:
    from rich.text import Text

    if not view.sources:
        console.print(
            "no source has been read yet: `trailbell run` keeps the ledger; files of `run --events` are not in it"
        )
        return
    marks = _BLOCKS if console.encoding.lower().startswith("utf") else _PLAIN
    unit_us = MINUTE_US if view.window.us >= HOUR_US else SECOND_US
    first, last = (format_time(time_us // unit_us * unit_us) for time_us in view.window)
    console.print(Text(f"{first} → {last}", "bold"))
    console.print(
        Text(
            f"{marks.all} read as it happened  {marks.late} read late  {marks.part} in part  {marks.nothing} not read"
        ),
        style="dim",
    )
    console.print()
    cells = max(len(one.name) for one in view.sources)
    for source in view.sources:
        _print_source(console, source, view, marks, cells)
    _print_rules(console, view, marks, whole=whole)


def _print_source(console: Console, source: SourceView, view: CoverageView, marks: _Marks, cells: int) -> None:
    from rich.text import Text

    from trailbell.watch.spans import Span

    line = Text(printable(source.name).ljust(cells) + "  ", "bold")
    before = Span(view.window.from_us, source.window.from_us)
    line.append(_timeline(source.read, source.late, view.window, marks, before), "not bold cyan")
    is_now = view.window.until_us >= view.now_us
    if is_now:
        line.append(f"  {source.state}", f"not bold {_STYLES[source.state]}")
    if is_now and source.read_until_us is not None:
        line.append(f", {_behind(view.now_us - source.read_until_us, source.state)}", "not bold")
    console.print(line, soft_wrap=True)
    if is_now and source.reason:
        console.print(f"    {printable(source.reason)}", soft_wrap=True)
    for gap in source.gaps[:_SHOWN]:
        console.print(f"    not read: {_words(gap.span)}: {printable(gap.why)}", soft_wrap=True)
    if len(source.gaps) > _SHOWN:
        console.print(f"    … {len(source.gaps) - _SHOWN} more in the JSON document")
    if source.quarantined:
        console.print(f"    {counted(source.quarantined, 'record')} in quarantine: `trailbell store quarantine`")


def _print_rules(console: Console, view: CoverageView, marks: _Marks, *, whole: bool) -> None:
    from rich.text import Text

    missing = [rule for rule in view.rules if rule.missed]
    console.print()
    shown = view.rules if whole else missing
    if shown:
        console.print(Text("what rules have seen of what was read", "bold"))
        cells = max(len(rule.id) for rule in shown)
        for rule in shown:
            seen = [span for spans in rule.seen.values() for span in spans]
            line = Text(rule.id.ljust(cells) + "  ").append(_timeline(seen, (), view.window, marks), "cyan")
            console.print(line, soft_wrap=True)
            for words in _missed(rule)[:_SHOWN]:
                console.print(f"    not seen: {words}", soft_wrap=True)
    complete = len(view.rules) - len(missing)
    if complete and not whole:
        console.print(f"{complete:,} {'rule has' if complete == 1 else 'rules have'} seen all that was read")


def _missed(rule: RuleView) -> list[str]:
    return [f"{printable(source)} {_words(span)}" for source, spans in rule.missed.items() for span in spans]


def _timeline(
    spans: Sequence[Span], late: Sequence[Span], window: Span, marks: _Marks, before: Span | None = None
) -> str:
    """A window in cells; of the time before there was anything to read there is nothing to say."""
    from trailbell.watch.spans import shares

    def mark(share: float, share_late: float, share_before: float) -> str:
        if share <= 0 and share_before == 1:
            return " "
        if share <= 0:
            return marks.nothing
        if share < 1 - 1e-9:
            return marks.part
        return marks.late if share_late >= 0.5 else marks.all

    befores = shares([] if before is None else [before], window, _CELLS)
    return "".join(map(mark, shares(spans, window, _CELLS), shares(late, window, _CELLS), befores))


def _words(span: Span) -> str:
    first_us, after_us = (time_us // SECOND_US * SECOND_US for time_us in span)
    return f"{format_time(first_us)} → {format_time(after_us)} ({format_duration(max(SECOND_US, after_us - first_us))})"


def _behind(behind_us: int, state: str) -> str:
    if behind_us < MINUTE_US:
        ago_us = max(SECOND_US, behind_us // SECOND_US * SECOND_US)
        return "read up to now" if state in ("well", "quiet") else f"read up to {format_duration(ago_us)} ago"
    return f"read up to {format_duration(_minute(behind_us))} ago"


def _minute(time_us: int) -> int:
    return time_us // MINUTE_US * MINUTE_US
