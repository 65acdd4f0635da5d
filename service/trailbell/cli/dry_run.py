"""``trailbell dry-run``: what rules would have done over history, before they do it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from trailbell_engine.system_errors import system_words

from .consoles import out
from .exits import Exit, Failure
from .loading import load_or_fail, rule_or_fail

if TYPE_CHECKING:
    from trailbell.dryrun.sent import SentMessages
    from trailbell.replay import Audience, Wanted
    from trailbell.report import Report
    from trailbell_engine.rule import RuleSet

FORMATS: Final = ("text", "json", "markdown", "junit", "sarif", "github", "html")


@click.command(name="dry-run")
@click.argument("rules", nargs=-1)
@click.option(
    "--events", "-e", "events", multiple=True, metavar="PATH", help="A file, folder, glob, or - for stdin; repeatable."
)
@click.option("--since", metavar="WHEN", help="From the store or a source: since then, as 30d or 2026-11-01.")
@click.option("--until", metavar="WHEN", help="From the store or a source: until then.")
@click.option(
    "--source", metavar="NAME", help="With --since: from a source itself, by its name in the configuration or its kind."
)
@click.option("--map", "map_name", metavar="NAME|FILE", help="Where the envelope lies; found by looking if not given.")
@click.option(
    "--lateness", metavar="SPAN", help="How far files are out of order, such as 15m: it is put right, as live."
)
@click.option(
    "--jobs",
    "-j",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes that read long files; by default one per core, and one where many events match. "
    "The report is the same with any number.",
)
@click.option(
    "--config",
    "-c",
    "config_file",
    type=click.Path(path_type=Path),
    help="Receivers and routes to preview, store and sources; ./trailbell.yaml if not given.",
)
@click.option("--against", metavar="DIR|FILE|GITREF", help="Compare with another version of the rules, and say why.")
@click.option("--funnel", is_flag=True, help="Show where the events of each rule go, condition by condition.")
@click.option("--sample", type=click.IntRange(min=0), default=0, metavar="N", help="Show N alerts as they are sent.")
@click.option("--explain", metavar="ALERT", help="Why an alert fired: its id, or `first` or `last`.")
@click.option("--why-not", nargs=2, metavar="RULE EVENT", help="What a rule made of an event, or why nothing.")
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
    source: str | None,
    map_name: str | None,
    lateness: str | None,
    jobs: int | None,
    config_file: Path | None,
    against: str | None,
    sample: int,
    explain: str | None,
    why_not: tuple[str, str] | None,
    max_per_day: float | None,
    format_: str,
    outputs: Sequence[str],
    html_file: str | None,
    *,
    funnel: bool,
    budget: bool,
) -> int:
    """Run RULES over history and show what they would have told: how often, from what, and whether that is bearable.

    RULES are files, folders or packs such as pack:vonage; without any, the `rules:` of trailbell.yaml. History is
    --events, or with --since the store or a source.
    """
    from dataclasses import replace

    from trailbell.dryrun.sent import SentMessages

    from .configuration import config_or_fail
    from .histories import asked, dry_run
    from .versions import other_version

    wanted_files = _outputs([*outputs, *([f"html={html_file}"] if html_file else [])])
    history = asked(events, source, (since, until), (map_name, lateness, jobs), config_file)
    rules = rules or config_or_fail(config_file, secrets=False).rules
    loaded = load_or_fail(rules)
    earlier = None if against is None else (against, other_version(against, rules))
    drawn = funnel or format_ == "html" or any(name == "html" for name, _ in wanted_files)
    if why_not is not None:
        rule_or_fail(why_not[0], loaded.rules)
    with SentMessages() as sent:
        wanted = _wanted(loaded.rules, config_file, earlier, max_per_day, why_not, funnel=drawn)
        if sample and wanted.told is not None:
            wanted = replace(wanted, told=wanted.told._replace(sent=sent.add))
        report = dry_run(loaded.rules, history, wanted)
        _print(report, loaded.rules, _Shown(format_, sample, wanted.told, sent, explain, why_not, funnel, wanted_files))
    if report.interrupted:
        return Exit.INTERRUPTED
    if report.reading.broken:
        raise Failure(Exit.SOURCE, "; ".join(report.reading.broken), "the report is about what could be read")
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
    why_not: tuple[str, str] | None,
    *,
    funnel: bool,
) -> Wanted:
    from trailbell.replay import Wanted

    from .previewing import told

    who = told(rules, config_file)
    return Wanted(against=against, told=who, funnel=funnel, max_per_day=max_per_day, why_not=why_not)


class _Shown(NamedTuple):
    """What is to be shown of a report, and where."""

    format: str
    sample: int
    told: Audience | None
    sent: SentMessages
    explain: str | None
    why_not: tuple[str, str] | None
    funnels: bool
    files: Sequence[tuple[str, Path]]


def _print(report: Report, rules: RuleSet, shown: _Shown) -> None:
    from trailbell.reports.printers import PRINTERS

    for name, file in shown.files:
        _write(file, PRINTERS[name](report))
    if shown.format == "text":
        from .table import print_report

        print_report(out(), report, funnels=shown.funnels)
        if shown.sample and shown.told is not None:
            from .samples import print_samples

            print_samples(out(), report, shown.sample, shown.told, shown.sent)
        _answer(report, rules, shown)
    else:
        click.echo(PRINTERS[shown.format](report), nl=False)
    if shown.format == "github" or any(name == "github" for name, _ in shown.files):
        _summary(report)


def _answer(report: Report, rules: RuleSet, shown: _Shown) -> None:
    if shown.explain is None and shown.why_not is None:
        return
    from .answers import print_explained, print_why_not

    if shown.explain is not None:
        print_explained(out(), rules, report, shown.explain)
    if shown.why_not is not None:
        print_why_not(out(), report.why_not, shown.why_not[1])


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
        raise Failure(Exit.USAGE, f"cannot write {file}: {system_words(error)}") from error
