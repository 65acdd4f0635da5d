"""``trailbell init``: a working folder to start from. Nothing that is there is overwritten."""

from __future__ import annotations

import json
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import click
from rich.text import Text

from trailbell_engine.system_errors import system_words

from .consoles import out
from .exits import Exit, Failure

_PLACES: Final = {
    "trailbell.yaml": "trailbell.yaml",
    "ci/pre-commit.yaml": ".pre-commit-config.yaml",
    "ci/github.yml": ".github/workflows/trailbell.yml",
    "gitignore": ".gitignore",
}
_SCHEMA: Final = ".trailbell/rule-1.schema.json"


@click.command(name="init")
@click.argument("folder", default=".", type=click.Path(path_type=Path))
def command(folder: Path) -> int:
    """Make a working folder: configuration, three starter rules with tests, the schema for your editor, CI files."""
    from trailbell_rules.schema import rule_schema

    starter = files("trailbell") / "starter"
    wanted = {place: _text(starter, name) for name, place in _PLACES.items()}
    wanted |= {f"rules/{entry.name}": entry.read_text("utf-8") for entry in sorted_files(starter / "rules")}
    wanted[_SCHEMA] = json.dumps(rule_schema(), indent=1, ensure_ascii=False) + "\n"
    console = out()
    try:
        for place, text in wanted.items():
            console.print(_write(folder / place, text))
    except OSError as error:
        raise Failure(Exit.CONFIGURATION, f"cannot write {error.filename}: {system_words(error)}") from error
    where = "" if folder == Path() else f"cd {folder} && "
    console.print(Text(f"\nnext:  {where}trailbell check && trailbell test", "bold"))
    console.print("then:  trailbell demo        (offline, to see alerts)")
    console.print("       trailbell doctor      (once VONAGE_API_KEY, VONAGE_API_SECRET and a receiver are set)")
    return Exit.OK


def sorted_files(folder: Traversable) -> list[Traversable]:
    """The files of a package folder by name."""
    return sorted((entry for entry in folder.iterdir() if entry.is_file()), key=lambda entry: entry.name)


def _text(starter: Traversable, name: str) -> str:
    for part in name.split("/"):
        starter = starter / part
    return starter.read_text("utf-8")


def _write(file: Path, text: str) -> Text:
    if file.exists():
        return Text("kept   ", "dim").append(str(file))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return Text("wrote  ", "green").append(str(file), "default")
