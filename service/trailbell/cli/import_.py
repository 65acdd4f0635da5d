"""``trailbell import sigma``: rules of others as rules of ours; what cannot be said exactly is refused by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from rich.text import Text

from trailbell_engine.system_errors import system_words

from .consoles import err, out
from .exits import Exit, Failure
from .group import Group
from .printable import printable

if TYPE_CHECKING:
    from trailbell_rules.importers.sigma import Imported

_MAPS: Final = ("cloudtrail", "github", "okta")
_SUFFIXES: Final = ("*.yml", "*.yaml")


@click.group(cls=Group, name="import")
def command() -> None:
    """Take over the rules of others."""


@command.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--map", "map_name", type=click.Choice(_MAPS), required=True, help="The source the rules are about.")
@click.option("--output", "-o", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Where to write.")
@click.option("--strict", is_flag=True, help="Exit with 1 if anything was refused.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def sigma(paths: Sequence[str], map_name: str, output: Path, format_: str, *, strict: bool) -> int:
    """Import Sigma rules, filters and correlations: one file for each rule into DIR.

    A PATH is a file, or a folder (all *.yml and *.yaml below it). Everything named is one set: filters are worked into
    the rules that they name, and a rule that only a correlation uses tells nothing by itself.

    What our language cannot say exactly is refused, with the reason, and never approximated. A file that is there
    already is replaced only if it was imported before.
    """
    from trailbell_rules.importers.sigma import MAPS, import_texts

    texts = {str(file): _bytes(file) for file in _files(paths)}
    imported = import_texts(texts, MAPS[map_name])
    _write(imported, output)
    if format_ == "json":
        click.echo(json.dumps(_document(imported, output), ensure_ascii=False, indent=2))
    else:
        _print(imported, output)
    return Exit.FINDINGS if strict and imported.refused else Exit.OK


def _files(paths: Sequence[str]) -> list[Path]:
    files: list[Path] = []
    for name in paths:
        path = Path(name)
        if path.is_dir():
            files += sorted(file for suffix in _SUFFIXES for file in path.rglob(suffix) if file.is_file())
        elif path.is_file():
            files.append(path)
        else:
            raise Failure(Exit.CONFIGURATION, f"no such file or folder: {name}")
    if not files:
        raise Failure(Exit.CONFIGURATION, f"no *.yml and no *.yaml in {', '.join(paths)}", "name files or their folder")
    return list(dict.fromkeys(files))


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Failure(Exit.CONFIGURATION, f"cannot read {file}: {system_words(error)}") from error


def _write(imported: Imported, folder: Path) -> None:
    """All files, or none if one that is not ours to replace is there."""
    from trailbell_rules.importers.sigma.writing import UNTESTED

    targets = {folder / f"{rule.id}.yaml": rule.text for rule in imported.rules}
    try:
        for target in targets:
            if target.exists() and UNTESTED not in target.read_text(encoding="utf-8"):
                help_ = "name another folder with --output, or move that file away"
                raise Failure(Exit.CONFIGURATION, f"{target} is there and was not imported", help_)
        folder.mkdir(parents=True, exist_ok=True)
        for target, text in targets.items():
            target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(Exit.CONFIGURATION, f"cannot write to {folder}: {system_words(error)}") from error


def _document(imported: Imported, folder: Path) -> dict[str, object]:
    return {
        "schema": 1,
        "imported": [
            {"id": rule.id, "file": str(folder / f"{rule.id}.yaml"), "from": rule.source, "title": rule.title}
            for rule in imported.rules
        ],
        "refused": [refused._asdict() for refused in imported.refused],
        "filters": imported.filters,
        "only_correlated": list(imported.referred),
    }


def _print(imported: Imported, folder: Path) -> None:
    from trailbell_engine.counted import counted

    console = out()
    for refused in imported.refused:
        line = Text("✘ ", "bold red").append(printable(refused.title), "default not bold")
        console.print(line.append(f"  {printable(refused.file)}:{refused.line}", "not bold dim"), soft_wrap=True)
        console.print(Text(f"  {printable(refused.reason)}", "yellow"), soft_wrap=True)
    summary = f"{counted(len(imported.rules), 'rule')} imported to {folder}, {len(imported.refused)} refused"
    if imported.filters:
        summary += f", {counted(imported.filters, 'filter')} worked in"
    if imported.referred:
        summary += f", {len(imported.referred)} only correlated"
    console.print(Text(printable(summary), "bold"), soft_wrap=True)
    if imported.rules:
        err().print(f"next: trailbell check {folder}", style="dim", soft_wrap=True)
