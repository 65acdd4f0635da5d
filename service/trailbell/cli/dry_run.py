"""``trailbell dry-run``: what rules would have done over history, before they do it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .consoles import err, out
from .exits import Exit, Failure
from .loading import load_or_fail

if TYPE_CHECKING:
    from trailbell.report import Report
    from trailbell_engine.rule import RuleSet

FORMATS = ("text", "json")


@click.command(name="dry-run")
@click.argument("rules", nargs=-1, required=True)
@click.option(
    "--events", "-e", "events", multiple=True, metavar="PATH", help="A file, folder, glob, or - for stdin; repeatable."
)
@click.option("--since", metavar="WHEN", help="From the store: since then, as 30d or 2026-11-01.")
@click.option("--until", metavar="WHEN", help="From the store: until then.")
@click.option("--map", "map_name", metavar="NAME|FILE", help="Where the envelope lies; found by looking if not given.")
@click.option(
    "--config", "-c", "config_file", type=click.Path(path_type=Path), help="Where `state:` is said; for --since."
)
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True, help="What stdout gets."
)
@click.option(
    "--output", "-o", "outputs", multiple=True, metavar="FORMAT=FILE", help="Write a format to a file, too; repeatable."
)
@click.option(
    "--sample", type=click.IntRange(min=0), default=0, metavar="N", help="Show N alerts as Slack would show them."
)
def command(
    rules: Sequence[str],
    events: Sequence[str],
    since: str | None,
    until: str | None,
    map_name: str | None,
    config_file: Path | None,
    format_: str,
    outputs: Sequence[str],
    sample: int,
) -> int:
    """Run RULES over history and show what they would have told: how often, from what, and whether that is bearable.

    RULES are files, folders or packs such as pack:vonage. History is --events, or the store with --since.
    """
    wanted = _outputs(outputs)
    if bool(events) == bool(since or until):
        raise Failure(Exit.USAGE, "name the history: --events PATH, or --since 30d for the store")
    loaded = load_or_fail(rules)
    if events:
        report = _over_files(loaded.rules, events, map_name)
    else:
        report = _over_store(loaded.rules, since, until, config_file)
    for target, file in wanted:
        _write(target, file, report)
    if format_ == "json":
        click.echo(_as_json(report))
    else:
        from .table import print_report

        print_report(out(), report)
        if sample:
            from .samples import print_samples

            print_samples(out(), loaded.rules, report, sample)
    return Exit.INTERRUPTED if report.interrupted else Exit.OK


def _outputs(entries: Sequence[str]) -> list[tuple[str, Path]]:
    wanted = []
    for entry in entries:
        name, equals, file = entry.partition("=")
        if name not in FORMATS or not equals or not file:
            raise Failure(Exit.USAGE, f"--output {entry}: expected FORMAT=FILE", f"formats: {', '.join(FORMATS)}")
        wanted.append((name, Path(file)))
    return wanted


def _over_files(rules: RuleSet, paths: Sequence[str], map_name: str | None) -> Report:
    from trailbell.replay import dry_run_source
    from trailbell.sources.errors import SourceError
    from trailbell.sources.files import FileSource
    from trailbell.sources.map_file import load_map

    from .progress import reading

    try:
        source = FileSource(paths, load_map(map_name) if map_name else None)
        with reading(err(), source):
            return dry_run_source(rules, source, lambda: source.map_name)
    except SourceError as error:
        raise Failure(Exit.SOURCE, error.message, error.help) from error


def _over_store(rules: RuleSet, since: str | None, until: str | None, config_file: Path | None) -> Report:
    from trailbell.replay import dry_run_store
    from trailbell.store.database import StoreError, open_database

    from .configuration import config_or_fail
    from .instants import instant

    config = config_or_fail(config_file, secrets=False)
    try:
        database = open_database(config.state, write=False)
    except StoreError as error:
        raise Failure(Exit.SOURCE, error.message, error.help) from error
    try:
        return dry_run_store(rules, database, instant("--since", since), instant("--until", until))
    finally:
        database.close()


def _as_json(report: Report) -> str:
    return json.dumps(report.to_json(), ensure_ascii=False, indent=None if not sys.stdout.isatty() else 2)


def _write(target: str, file: Path, report: Report) -> None:
    try:
        with file.open("w", encoding="utf-8") as handle:
            if target == "json":
                handle.write(_as_json(report) + "\n")
            else:
                from rich.console import Console

                from .table import print_report

                print_report(Console(file=handle, width=120, highlight=False, markup=False, emoji=False), report)
    except OSError as error:
        raise Failure(Exit.USAGE, f"cannot write {file}: {error.strerror}") from error
