"""``trailbell config``: what is in force, and what another program was told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trailbell_engine.system_errors import system_words

from .exits import Exit, Failure
from .group import Group

if TYPE_CHECKING:
    from trailbell.alertmanager.importing import Imported


@click.group(cls=Group, name="config")
def command() -> None:
    """The configuration."""


@command.command()
@click.option("--config", "-c", "config_file", type=click.Path(path_type=Path), help="Another file.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def show(config_file: Path | None, format_: str) -> int:
    """Every setting that is in force, with where it comes from: the file and its line, a variable of the environment,
    or a default. Secrets are `***`.
    """
    from .config_show import show_config

    return show_config(config_file, format_)


@command.group(name="import")
def import_() -> None:
    """Take over the configuration of another program."""


@import_.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="Write it there instead of printing it.")
def alertmanager(file: Path, output: Path | None) -> int:
    """Print an alertmanager.yml as a trailbell.yaml; what cannot be carried over is named, with the reason.

    Secrets are not carried: `${NAME}` stands in their place.
    """
    from trailbell.alertmanager.importing import from_alertmanager

    imported = from_alertmanager(_values(file))
    text = "\n".join(_lines(imported, file.name)) + "\n"
    if output is None:
        click.echo(text, nl=False)
    elif output.exists():
        raise Failure(Exit.USAGE, f"{output} exists", "name another file, or move that one away")
    else:
        output.write_text(text, encoding="utf-8")
    for place, why in imported.left:
        click.echo(f"not carried over: {place}: {why}", err=True)
    for name, place in imported.variables.items():
        click.echo(f"set {name}: the secret of {place}", err=True)
    return Exit.OK


def _values(file: Path) -> Mapping[str, Any]:
    from trailbell_rules.document import read_documents

    from .problems import print_problems

    try:
        reading = read_documents(str(file), file.read_bytes())
    except OSError as error:
        raise Failure(Exit.USAGE, f"cannot read {file}: {system_words(error)}", "check the path") from error
    errors = [problem for problem in reading.problems if problem.severity == "error"]
    if errors:
        raise Failure(Exit.CONFIGURATION, print_problems(errors, {str(file): reading.source}))
    value = reading.documents[0].value if reading.documents else None
    if not isinstance(value, dict) or "route" not in value:
        raise Failure(Exit.CONFIGURATION, f"{file} is no configuration of an Alertmanager", "it has a `route:`")
    return value


def _lines(imported: Imported, name: str) -> Iterator[str]:
    yield f"# From {name}, which an Alertmanager reads. Labels: `alertname` is `rule` here."
    for place, why in imported.left:
        yield f"# Not carried over: {place}: {why}."
    for section in ("receivers", "time_intervals"):
        entries = imported.values.get(section)
        if entries:
            yield f"{section}:"
            for key, value in entries.items():
                yield f"  # {imported.comments[section, key]}"
                yield from _yaml({key: value}, "  ")
    for section in ("route", "inhibit"):
        if section in imported.values:
            yield from _yaml({section: imported.values[section]}, "")


def _yaml(value: Any, indent: str) -> Iterator[str]:
    import yaml

    class Plain(yaml.SafeDumper):
        """Writes a list that stands in two places twice, and not as an anchor that nobody has asked for."""

        def ignore_aliases(self, _data: Any) -> bool:
            return True

    text = yaml.dump(value, Dumper=Plain, sort_keys=False, allow_unicode=True, width=110)
    yield from (f"{indent}{line}" for line in text.splitlines())
