"""``trailbell fmt``: rule files in their one form, comments and all."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import click
from rich.text import Text

from trailbell_engine.counted import counted
from trailbell_engine.system_errors import system_words
from trailbell_rules.finding import find_files, rule_files
from trailbell_rules.formatting import CannotFormatError, formatted
from trailbell_rules.problem import Problem

from .consoles import err, out
from .exits import Exit, Failure
from .loading import paths_or_configured
from .printable import printable


@click.command("fmt")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit with 1 if a file is not in form.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
def command(paths: tuple[str, ...], only_check: bool, diff: bool) -> int:
    """Put rule files into their one form: keys in order, two spaces a level, a blank line between sections.

    Comments, quotes and texts stay as they are. A PATH is a file or a folder; without any, the `rules:` of
    trailbell.yaml, shipped packs left out. Files with errors are left alone.
    """
    wanted = paths_or_configured(paths)
    missing: list[Problem] = []
    find_files(wanted, missing)
    if missing:
        raise Failure(Exit.CONFIGURATION, missing[0].summary, missing[0].help)
    files = rule_files(wanted)
    changed = refused = 0
    for file in files:
        try:
            before = _text(file)
            after = formatted(before)
        except CannotFormatError as error:
            refused += 1
            err().print(Text("left as it is: ", "yellow").append(f"{printable(str(file))}: {error}", "default"))
            continue
        if after != before:
            changed += 1
            _tell(file, before, after, diff=diff, keep=only_check or diff)
    _summarise(len(files), changed, refused, keep=only_check or diff)
    return Exit.FINDINGS if refused or (changed and only_check) else Exit.OK


def _text(file: pathlib.Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise CannotFormatError("it is no UTF-8") from error
    except OSError as error:
        raise Failure(Exit.CONFIGURATION, f"cannot read {file}: {system_words(error)}") from error


def _tell(file: pathlib.Path, before: str, after: str, *, diff: bool, keep: bool) -> None:
    if diff:
        for line in _difference(str(file), before, after):
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            out().print(Text(printable(line), style), soft_wrap=True)
    else:
        out().print(Text("would change " if keep else "changed ").append(printable(str(file))), soft_wrap=True)
    if not keep:
        try:
            file.write_bytes(after.encode())
        except OSError as error:
            raise Failure(Exit.CONFIGURATION, f"cannot write {file}: {system_words(error)}") from error


def _difference(name: str, before: str, after: str) -> Iterator[str]:
    from difflib import unified_diff

    return unified_diff(before.splitlines(), after.splitlines(), name, name, lineterm="")


def _summarise(files: int, changed: int, refused: int, *, keep: bool) -> None:
    words = f"{counted(changed, 'file')} {'would change' if keep else 'changed'}, {files - changed - refused:,} in form"
    out().print(words + (f", {refused:,} left as they are" if refused else ""))
