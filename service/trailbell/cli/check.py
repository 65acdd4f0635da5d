"""``trailbell check``: is what the rules say what can be run."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from trailbell_engine.system_errors import system_words

from .exits import Exit, Failure

if TYPE_CHECKING:
    from trailbell_rules.lint import Seen
    from trailbell_rules.load import Loaded

FORMATS: Final = ("text", "json", "sarif", "github", "junit")
_STEP_SUMMARY: Final = "GITHUB_STEP_SUMMARY"


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", "outputs", multiple=True, metavar="FORMAT=FILE", help="Write another format to a file too.")
@click.option("--strict", is_flag=True, help="Warnings fail the check too.")
@click.option("--events", "-e", multiple=True, metavar="PATH", help="Compare with the events of files, not the store.")
@click.option("--map", "map_name", metavar="NAME|FILE", help="Where the envelope lies; found by looking if not given.")
@click.option("--history/--no-history", default=True, help="Compare names with the events of the store, if any.")
@click.option("--config", "-c", "config_file", type=click.Path(path_type=pathlib.Path), help="Where `state:` is said.")
def command(
    paths: tuple[str, ...],
    format_: str,
    outputs: tuple[str, ...],
    events: tuple[str, ...],
    map_name: str | None,
    config_file: pathlib.Path | None,
    *,
    strict: bool,
    history: bool,
) -> None:
    """Read rules and say everything that is wrong with them.

    A PATH is a file, a folder (all *.yaml and *.yml below it) or a shipped pack (`pack:vonage`); without any, the
    `rules:` of trailbell.yaml, and whether they and its receivers and inhibitions fit each other. Kinds of events and
    fields are compared with what sources document, and with the events of the store (of `state:`) or of --events, if
    they are enough to tell.

    Exits with 1 if there are errors, with 3 if a PATH is not there.
    """
    from trailbell.configuration.rules import load_configured
    from trailbell.loading import load

    from .configuration import config_or_fail

    files = [_output(written) for written in outputs]
    seen = _seen(events, map_name, config_file, named=bool(paths)) if events or history else None
    if paths:
        wanted, loaded = paths, load(paths, lint=True, seen=seen)
    else:
        config = config_or_fail(config_file, secrets=False)
        wanted, loaded = config.rules, load_configured(config, seen)
    _refuse_missing(loaded, wanted, named=bool(paths))
    for format_of_file, file in files:
        _write(file, _rendered(loaded, format_of_file))
    if format_ == "text":
        _print_text(loaded, seen)
    else:
        click.echo(_rendered(loaded, format_), nl=False)
    if format_ == "github":
        _summarise_step(loaded)
    if loaded.errors or (strict and loaded.problems):
        click.get_current_context().exit(Exit.FINDINGS)


def _output(written: str) -> tuple[str, str]:
    format_, equals, file = written.partition("=")
    if not equals or not file or format_ not in FORMATS:
        raise click.BadParameter(
            f"{written!r} is not FORMAT=FILE with one of {', '.join(FORMATS)}", param_hint="--output"
        )
    return format_, file


def _refuse_missing(loaded: Loaded, paths: Sequence[str], *, named: bool) -> None:
    """A path that is not there is a mistake of the call or of the configuration, not of the rules."""
    for problem in loaded.problems:
        if problem.code in ("no-such-file", "no-such-pack") and problem.span.file in paths:
            help_ = (
                problem.help if named else "name the file or the folder that holds your rules: `trailbell check PATH`"
            )
            raise Failure(Exit.CONFIGURATION, problem.summary, help_)


def _write(file: str, text: str) -> None:
    try:
        pathlib.Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(Exit.CONFIGURATION, f"cannot write {file}: {system_words(error)}") from error


def _rendered(loaded: Loaded, format_: str) -> str:
    """The report in a format, ending in a line break if there is anything in it."""
    from trailbell import __version__
    from trailbell_rules.codes import CODES
    from trailbell_rules.printers import github, machine, sarif, text

    match format_:
        case "json":
            rendered = machine.as_json(loaded.problems, rules=len(loaded.rules), tests=len(loaded.tests))
        case "sarif":
            rendered = sarif.as_sarif(loaded.problems, CODES, version=__version__)
        case "junit":
            rendered = machine.as_junit(loaded.problems, list(loaded.sources))
        case "github":
            rendered = github.as_github(loaded.problems)
        case _:
            shown = text.problems_text(loaded.problems, loaded.sources)
            rendered = "\n".join([*(part.plain for part in shown), _summary(loaded)])
    return rendered + "\n" if rendered else ""


def _summarise_step(loaded: Loaded) -> None:
    """In a GitHub workflow, all problems as a table: of annotations only the first ten are shown."""
    from os import environ

    from trailbell_rules.printers.github import as_markdown

    file = environ.get(_STEP_SUMMARY)
    if not file:
        return
    try:
        with pathlib.Path(file).open("a", encoding="utf-8") as summary:
            summary.write(as_markdown(loaded.problems, title="trailbell check"))
    except OSError as error:
        raise Failure(Exit.CONFIGURATION, f"cannot write {_STEP_SUMMARY}: {system_words(error)}") from error


def _print_text(loaded: Loaded, seen: Seen | None) -> None:
    from trailbell_rules.printers.text import problems_text

    from .consoles import out

    console = out()
    for text in problems_text(loaded.problems, loaded.sources):
        console.print(text, soft_wrap=True)
    console.print(_summary(loaded), soft_wrap=True)
    if seen is not None:
        few = "" if seen.telling else "; too few to say what is missing"
        console.print(f"compared with {seen}{few}", style="dim", soft_wrap=True)


def _seen(events: Sequence[str], map_name: str | None, config_file: pathlib.Path | None, *, named: bool) -> Seen | None:
    """What history holds. Rules that are named can be checked beside a configuration that is broken, or not there."""
    from .configuration import config_if_sound, config_or_fail
    from .profiles import profile_of_files, profile_of_store

    if events:
        return profile_of_files(events, map_name).seen()
    spare = named and config_file is None
    config = config_if_sound() if spare else config_or_fail(config_file, secrets=False)
    profile = None if config is None else profile_of_store(config.store)
    return None if profile is None else profile.seen()


def _summary(loaded: Loaded) -> str:
    from trailbell_engine.counted import counted
    from trailbell_rules.printers.text import summary

    rules, tests = counted(len(loaded.rules), "rule"), counted(len(loaded.tests), "test")
    experimental = sum(rule.status == "experimental" for rule in loaded.rules)
    trial = f" ({experimental} experimental)" if experimental else ""
    return f"{rules}{trial}, {tests}, {summary(loaded.problems)}"
