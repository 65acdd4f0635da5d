"""``trailbell check``: is what the rules say what can be run."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from .exits import Exit, Failure

if TYPE_CHECKING:
    from trailbell_rules.load import Loaded

FORMATS = ("text", "json", "github", "sarif", "junit")
DEFAULT_PATHS = ("rules",)


@click.command("check")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", show_default=True)
@click.option("--output", "outputs", multiple=True, metavar="FORMAT=FILE", help="Write another format to a file too.")
@click.option("--strict", is_flag=True, help="Warnings fail the check too.")
def command(paths: tuple[str, ...], format_: str, outputs: tuple[str, ...], strict: bool) -> None:
    """Read rules and say everything that is wrong with them.

    A PATH is a file, a folder (all *.yaml and *.yml below it) or a shipped pack (`pack:vonage`); `rules` by default.

    Exits with 1 if there are errors, with 3 if a PATH is not there.
    """
    from trailbell.loading import load

    files = [_output(written) for written in outputs]
    loaded = load(paths or DEFAULT_PATHS)
    _refuse_missing(loaded, paths)
    for format_of_file, file in files:
        _write(file, _rendered(loaded, format_of_file))
    if format_ == "text":
        _print_text(loaded)
    else:
        click.echo(_rendered(loaded, format_), nl=False)
    if loaded.errors or (strict and loaded.problems):
        click.get_current_context().exit(Exit.FINDINGS)


def _output(written: str) -> tuple[str, str]:
    format_, equals, file = written.partition("=")
    if not equals or not file or format_ not in FORMATS:
        raise click.BadParameter(
            f"{written!r} is not FORMAT=FILE with one of {', '.join(FORMATS)}", param_hint="--output"
        )
    return format_, file


def _refuse_missing(loaded: Loaded, paths: Sequence[str]) -> None:
    """A path that is not there is a mistake of the call, not of the rules."""
    for problem in loaded.problems:
        if problem.code in ("no-such-file", "no-such-pack") and problem.span.file in (paths or DEFAULT_PATHS):
            help_ = (
                problem.help if paths else "name the file or the folder that holds your rules: `trailbell check PATH`"
            )
            raise Failure(Exit.CONFIGURATION, problem.summary, help_)


def _write(file: str, text: str) -> None:
    try:
        pathlib.Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(Exit.CONFIGURATION, f"cannot write {file}: {error.strerror}") from error


def _rendered(loaded: Loaded, format_: str) -> str:
    """The report in a format, ending in a line break if there is anything in it."""
    from trailbell import __version__
    from trailbell_rules.printers import machine, text

    match format_:
        case "json":
            rendered = machine.as_json(loaded.problems, rules=len(loaded.rules), tests=len(loaded.tests))
        case "sarif":
            rendered = machine.as_sarif(loaded.problems, version=__version__)
        case "junit":
            rendered = machine.as_junit(loaded.problems, list(loaded.sources))
        case "github":
            rendered = machine.as_github(loaded.problems)
        case _:
            shown = text.problems_text(loaded.problems, loaded.sources)
            rendered = "\n".join([*(part.plain for part in shown), _summary(loaded)])
    return rendered + "\n" if rendered else ""


def _print_text(loaded: Loaded) -> None:
    from trailbell_rules.printers.text import problems_text

    from .consoles import out

    console = out()
    for text in problems_text(loaded.problems, loaded.sources):
        console.print(text, soft_wrap=True)
    console.print(_summary(loaded), soft_wrap=True)


def _summary(loaded: Loaded) -> str:
    from trailbell_rules.printers.text import counted, summary

    rules, tests = counted(len(loaded.rules), "rule"), counted(len(loaded.tests), "test")
    return f"{rules}, {tests}, {summary(loaded.problems)}"
