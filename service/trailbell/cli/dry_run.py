"""``trailbell dry-run``: what rules would have done over history, before they do it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .consoles import err, out
from .exits import Exit, Failure
from .loading import load_or_fail

if TYPE_CHECKING:
    from trailbell.replay import Told, Wanted
    from trailbell.report import Report
    from trailbell_engine.rule import RuleSet

FORMATS: Final = ("text", "json", "markdown", "junit", "sarif", "github", "html")


@click.command(name="dry-run")
@click.argument("rules", nargs=-1, required=True)
@click.option(
    "--events", "-e", "events", multiple=True, metavar="PATH", help="A file, folder, glob, or - for stdin; repeatable."
)
@click.option("--since", metavar="WHEN", help="From the store: since then, as 30d or 2026-11-01.")
@click.option("--until", metavar="WHEN", help="From the store: until then.")
@click.option("--map", "map_name", metavar="NAME|FILE", help="Where the envelope lies; found by looking if not given.")
@click.option(
    "--config",
    "-c",
    "config_file",
    type=click.Path(path_type=Path),
    help="Receivers and routes to preview, and `state:` for --since; ./trailbell.yaml if not given.",
)
@click.option("--against", metavar="DIR|FILE|GITREF", help="Compare with another version of the rules, and say why.")
@click.option("--funnel", is_flag=True, help="Show where the events of each rule go, condition by condition.")
@click.option("--sample", type=click.IntRange(min=0), default=0, metavar="N", help="Show N alerts as they are sent.")
@click.option("--budget", is_flag=True, help="Exit 1 if a rule makes more alerts a day than its `budget:`.")
@click.option(
    "--max-per-day",
    type=click.FloatRange(min=0),
    metavar="N",
    help="A budget for rules that have none of their own; exit 1 if one is over it.",
)
@click.option(
    "--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True, help="What stdout gets."
)
@click.option(
    "--output", "-o", "outputs", multiple=True, metavar="FORMAT=FILE", help="Write a format to a file, too; repeatable."
)
@click.option("--html", "html_file", metavar="FILE", help="Write a page with plots: one file, for any browser.")
def command(
    rules: Sequence[str],
    events: Sequence[str],
    since: str | None,
    until: str | None,
    map_name: str | None,
    config_file: Path | None,
    against: str | None,
    sample: int,
    max_per_day: float | None,
    format_: str,
    outputs: Sequence[str],
    html_file: str | None,
    *,
    funnel: bool,
    budget: bool,
) -> int:
    """Run RULES over history and show what they would have told: how often, from what, and whether that is bearable.

    RULES are files, folders or packs such as pack:vonage. History is --events, or the store with --since.
    """
    from .versions import other_version

    wanted_files = _outputs([*outputs, *([f"html={html_file}"] if html_file else [])])
    if bool(events) == bool(since or until):
        raise Failure(Exit.USAGE, "name the history: --events PATH, or --since 30d for the store")
    loaded = load_or_fail(rules)
    earlier = None if against is None else (against, other_version(against, rules))
    drawn = funnel or format_ == "html" or any(name == "html" for name, _ in wanted_files)
    wanted = _wanted(loaded.rules, config_file, earlier, max_per_day, funnel=drawn)
    if events:
        report = _over_files(loaded.rules, events, map_name, wanted)
    else:
        report = _over_store(loaded.rules, since, until, config_file, wanted)
    _print(report, loaded.rules, wanted.told, format_, sample, wanted_files)
    if report.interrupted:
        return Exit.INTERRUPTED
    return Exit.FINDINGS if (budget or max_per_day is not None) and report.over_budget else Exit.OK


def _outputs(entries: Sequence[str]) -> list[tuple[str, Path]]:
    wanted = []
    for entry in entries:
        name, equals, file = entry.partition("=")
        if name not in FORMATS or not equals or not file:
            raise Failure(Exit.USAGE, f"--output {entry}: expected FORMAT=FILE", f"formats: {', '.join(FORMATS)}")
        wanted.append((name, Path(file)))
    return wanted


def _wanted(
    rules: RuleSet,
    config_file: Path | None,
    against: tuple[str, RuleSet] | None,
    max_per_day: float | None,
    *,
    funnel: bool,
) -> Wanted:
    from trailbell.replay import Wanted

    from .previewing import told

    return Wanted(against=against, told=told(rules, config_file), funnel=funnel, max_per_day=max_per_day)


def _over_files(rules: RuleSet, paths: Sequence[str], map_name: str | None, wanted: Wanted) -> Report:
    from trailbell.replay import dry_run_source
    from trailbell.sources.errors import SourceError
    from trailbell.sources.files import FileSource
    from trailbell.sources.map_file import load_map

    from .progress import reading

    try:
        source = FileSource(paths, load_map(map_name) if map_name else None)
        with reading(err(), source):
            return dry_run_source(rules, source, lambda: source.map_name, wanted)
    except SourceError as error:
        raise Failure(Exit.SOURCE, error.message, error.help) from error


def _over_store(
    rules: RuleSet, since: str | None, until: str | None, config_file: Path | None, wanted: Wanted
) -> Report:
    from trailbell.replay import dry_run_store
    from trailbell.store.contents import Contents
    from trailbell.store.database import StoreError, open_database

    from .configuration import config_or_fail
    from .instants import instant

    config = config_or_fail(config_file, secrets=False)
    try:
        database = open_database(config.state, write=False)
    except StoreError as error:
        raise Failure(Exit.SOURCE, error.message, error.help) from error
    try:
        for name in Contents(database).differing(rules.lookups.digests):
            err().print(f"the content of the {name} is not that of the last run: live alerts may have been others")
        return dry_run_store(rules, database, instant("--since", since), instant("--until", until), wanted)
    finally:
        database.close()


def _print(
    report: Report, rules: RuleSet, told: Told | None, format_: str, sample: int, files: Sequence[tuple[str, Path]]
) -> None:
    from trailbell.reports.printers import PRINTERS

    for name, file in files:
        _write(file, PRINTERS[name](report))
    if format_ == "text":
        from .table import print_report

        print_report(out(), report)
        if sample:
            from .samples import print_samples

            print_samples(out(), rules, report, sample, told)
    else:
        click.echo(PRINTERS[format_](report), nl=False)
    if format_ == "github" or any(name == "github" for name, _ in files):
        _summary(report)


def _summary(report: Report) -> None:
    """Inside a GitHub workflow, the whole report goes to the step's summary."""
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if file:
        from trailbell.reports.github import append_summary

        _tried(lambda: append_summary(report, Path(file)), file)


def _write(file: Path, text: str) -> None:
    _tried(lambda: file.write_text(text, encoding="utf-8"), file)


def _tried(write: Any, file: Path | str) -> None:
    try:
        write()
    except OSError as error:
        raise Failure(Exit.USAGE, f"cannot write {file}: {error.strerror}") from error
