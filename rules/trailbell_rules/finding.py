"""Which files a path means: a file with the definitions around it, a folder, a shipped pack."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from .definitions import is_definitions_file
from .problem import Problem, Span
from .suggest import did_you_mean, listed

PACKS: Final = pathlib.Path(__file__).parent / "packs"
PACK_PREFIX: Final = "pack:"
CONFIGURATION: Final = frozenset({"trailbell.yaml", "trailbell.yml"})
"""Names that are never rules, so that a folder can hold its configuration and its rules side by side."""

_SUFFIXES: Final = (".yaml", ".yml")

PathLike: TypeAlias = str | pathlib.Path


class Found(NamedTuple):
    """A file to read.

    Attributes:
        overridable: it is of a pack, so one's own definitions may replace its definitions.
        quiet: it was not named, only looked up for its definitions.
    """

    path: pathlib.Path
    overridable: bool = False
    quiet: bool = False


def find_files(paths: Sequence[PathLike], problems: list[Problem]) -> list[Found]:
    """The files of the paths, each once; paths that are not there go to the problems."""
    by_place: dict[str, Found] = {}
    found = (entry for path in paths for entry in _find(str(path), problems))
    for entry in sorted(found, key=lambda entry: entry.quiet):  # what was named goes before what was only looked up
        by_place.setdefault(os.path.abspath(entry.path), entry)  # noqa: PTH100 - lexical: `..` goes, links stay
    return list(by_place.values())


def rule_files(paths: Sequence[PathLike]) -> list[pathlib.Path]:
    """The files of rules and definitions that were named, packs left out: those that may be written to."""
    return [entry.path for entry in find_files(paths, []) if not entry.quiet and not entry.overridable]


def shipped_packs() -> tuple[str, ...]:
    """The names of the packs that come with the package."""
    return tuple(sorted(entry.name for entry in PACKS.iterdir() if entry.is_dir() and entry.name[0] not in "._"))


def _find(name: str, problems: list[Problem]) -> Iterator[Found]:
    path = pathlib.Path(name)
    if name.startswith(PACK_PREFIX):
        pack = name.removeprefix(PACK_PREFIX)
        if pack in shipped_packs():
            yield from (Found(file, overridable=True, quiet=True) for file in _below(PACKS / pack))
        else:
            help_ = f"there are {listed(shipped_packs(), 'and')}" if shipped_packs() else ""
            label = did_you_mean(pack, shipped_packs())
            problems.append(about(name, "no-such-pack", f'no pack is called "{pack}"', help_, label))
    elif path.is_dir():
        yield from map(Found, _below(path))
    elif path.is_file():
        yield Found(path)
        yield from (Found(file, quiet=True) for folder in path.parents for file in _definitions_in(folder, path))
    else:
        problems.append(about(name, "no-such-file", f"no such file or folder: {name}", ""))


def _below(folder: pathlib.Path) -> list[pathlib.Path]:
    files: list[pathlib.Path] = []
    for place, folders, names in os.walk(folder):  # in a tree of 100,000 files thrice as fast as ``rglob``
        folders[:] = [name for name in folders if name[0] != "."]
        files += [
            pathlib.Path(place, name)
            for name in names
            if name.endswith(_SUFFIXES) and name[0] != "." and name not in CONFIGURATION
        ]
    return sorted((file for file in files if file.is_file()), key=lambda file: file.parts)


def _definitions_in(folder: pathlib.Path, path: pathlib.Path) -> list[pathlib.Path]:
    """Of an absolute path only its own folder is asked: the folders above it may be anybody's."""
    if path.is_absolute() and folder != path.parent:
        return []
    files = (file for suffix in ("_*.yaml", "_*.yml") for file in folder.glob(suffix) if file.is_file())
    return sorted(file for file in files if is_definitions_file(file))


def about(file: str, code: str, summary: str, help_: str, label: str = "") -> Problem:
    """A problem with a file as a whole."""
    return Problem(code, "error", summary, Span(file, 1, 1, 1, 2), " ".join(filter(None, (label, help_))))
