"""``trailbell config show``: the settings in force, each with where it comes from."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from .configuration import config_or_fail
from .consoles import out
from .exits import Exit
from .printable import printable

if TYPE_CHECKING:
    from trailbell.configuration.settings import Setting


def show_config(config_file: Path | None, format_: str) -> Exit:
    """Print them."""
    from trailbell.configuration.config import find_config
    from trailbell.configuration.settings import effective

    config_or_fail(config_file, secrets=False)  # with every problem shown
    file = config_file or find_config(os.environ)
    settings = effective(file, os.environ)
    if format_ == "json":
        document = {
            "schema": 1,
            "file": None if file is None else str(file),
            "settings": [setting._asdict() for setting in settings],
        }
        print(json.dumps(document, ensure_ascii=False, indent=2))  # noqa: T201 - data goes to stdout
        return Exit.OK
    console = out()
    console.print(_headline(file, named=config_file is not None), soft_wrap=True)
    console.print()
    name_cells = max(len(setting.name) for setting in settings)
    value_cells = min(max(len(_value(setting)) for setting in settings), 48)
    for setting in settings:
        console.print(_line(setting, name_cells, value_cells), soft_wrap=True)
    return Exit.OK


def _headline(file: Path | None, *, named: bool) -> Text:
    if file is None:
        return Text("no configuration: defaults and the environment hold", "bold")
    found = "as named by --config" if named else "as named by TRAILBELL_CONFIG" if _by_variable() else "found"
    return Text(str(file), "bold").append(f"   {found}", "not bold dim")


def _by_variable() -> bool:
    return bool(os.environ.get("TRAILBELL_CONFIG") or os.environ.get("TRAILBELL_CONFIG_FILE"))


def _value(setting: Setting) -> str:
    value = setting.value
    if value is None:
        return "not set"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _line(setting: Setting, name_cells: int, value_cells: int) -> Text:
    value = _value(setting)
    line = Text(printable(setting.name).ljust(name_cells)).append("  ").append(value.ljust(value_cells), "cyan")
    line.append(f"  {setting.place or 'default'}", "dim")
    if setting.unset:
        line.append(f"  {', '.join(setting.unset)} is not set", "yellow")
    return line
