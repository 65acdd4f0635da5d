"""Rule sets from files, folders and shipped packs."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from trailbell_engine.rule import Rule, RuleSet

from .build import build_rule
from .definitions import Definitions, DefinitionsDocument, is_definitions_file
from .document import Document, Reading, read_documents
from .lint import lint
from .problem import Problem, Span
from .rule_tests import RuleTest
from .scan import MAXIMUM_BYTES
from .source import Source
from .suggest import did_you_mean, listed

PACKS: Final = pathlib.Path(__file__).parent / "packs"
PACK_PREFIX: Final = "pack:"
CONFIGURATION: Final = frozenset({"trailbell.yaml", "trailbell.yml"})
"""Names that are never rules, so that a folder can hold its configuration and its rules side by side."""

PathLike: TypeAlias = str | pathlib.Path


@dataclass(frozen=True, slots=True)
class Loaded:
    """What paths gave.

    Attributes:
        rules: the valid ones. With errors among the problems it is not the whole set.
        problems: of all files, in the order of file and line.
        tests: of the valid rules.
        sources: the texts that were read, by file name, to show problems in.
        documents: the valid rules as written, by rule id.
        files: everything that was read, lists included; if one changes, load again.
    """

    rules: RuleSet
    problems: tuple[Problem, ...]
    tests: tuple[RuleTest, ...]
    sources: Mapping[str, Source]
    documents: Mapping[str, Document]
    files: tuple[pathlib.Path, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep a rule from loading."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


class _Found(NamedTuple):
    """A file to read."""

    path: pathlib.Path
    overridable: bool = False
    quiet: bool = False


def load_rules(paths: Sequence[PathLike]) -> Loaded:
    """Load files, folders (every ``*.yaml`` and ``*.yml`` below, in path order) and packs (``pack:vonage``) as one set.

    A file named by itself sees the definitions of its own folder and of the folders above it that the path names.
    Hidden files and folders are skipped. Nothing is raised for what the files hold or whether they are there.
    """
    problems: list[Problem] = []
    found = _unique(entry for path in paths for entry in _find(str(path), problems))
    readings = [(entry, _read(entry.path)) for entry in found]
    problems += [problem for _, reading in readings for problem in reading.problems]
    definitions = Definitions(
        DefinitionsDocument(document, entry.overridable, entry.quiet)
        for entry, reading in readings
        if is_definitions_file(entry.path)
        for document in reading.documents
    )
    problems += definitions.problems
    broken = any(
        problem.severity == "error" for problem in problems if is_definitions_file(pathlib.Path(problem.span.file))
    )
    documents = [
        document for entry, reading in readings if not is_definitions_file(entry.path) for document in reading.documents
    ]
    rules, tests, documents_by_rule = _build(documents, definitions, problems)
    if broken:  # a rule that uses them would mean something else than what is written; nor are its names to blame
        rules, tests = [], []
        problems = [problem for problem in problems if problem.code != "undefined-name"]
    if not documents and not problems:
        summary = f"no rules in {listed(paths, 'and')}" if paths else "no path was given"
        problems.append(_about(str(paths[0]) if paths else "", "no-rules", summary, "rules are *.yaml files"))
    if not any(problem.severity == "error" for problem in problems):
        problems += definitions.unused()
    return Loaded(
        RuleSet(rules),
        tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.span)),
        tuple(tests),
        {reading.source.file: reading.source for _, reading in readings},
        documents_by_rule,
        (*(entry.path for entry, _ in readings), *definitions.files),
    )


def shipped_packs() -> tuple[str, ...]:
    """The names of the packs that come with the package."""
    return tuple(sorted(entry.name for entry in PACKS.iterdir() if entry.is_dir() and entry.name[0] not in "._"))


def _build(
    documents: Iterable[Document], definitions: Definitions, problems: list[Problem]
) -> tuple[list[Rule], list[RuleTest], dict[str, Document]]:
    rules: list[Rule] = []
    documents_by_rule: dict[str, Document] = {}
    tests: list[RuleTest] = []
    first: dict[str, Span] = {}
    for document in documents:
        built = build_rule(document, definitions)
        problems += built.problems
        name = document.at(("id",))
        if isinstance(name, str) and name in first:
            other = first[name]
            summary, help_ = f'two rules have the id "{name}"', f"the other one is at {other.file}:{other.line}"
            span = document.span_of_value(("id",))
            problems.append(Problem("duplicate-id", "error", summary, span, help_, rule_id=name))
            continue
        if isinstance(name, str):
            first[name] = document.span_of_value(("id",))
        if built.rule is not None:
            rules.append(built.rule)
            documents_by_rule[built.rule.id] = document
            tests += built.tests
            problems += lint(built.rule, document, built.tests)
    return rules, tests, documents_by_rule


def _unique(found: Iterable[_Found]) -> list[_Found]:
    """Each file once, however often it was named; what was named aloud goes before what was only looked up."""
    by_place: dict[pathlib.Path, _Found] = {}
    for entry in sorted(found, key=lambda entry: entry.quiet):
        by_place.setdefault(entry.path.absolute(), entry)
    return list(by_place.values())


def _find(name: str, problems: list[Problem]) -> Iterator[_Found]:
    path = pathlib.Path(name)
    if name.startswith(PACK_PREFIX):
        pack = name.removeprefix(PACK_PREFIX)
        if pack in shipped_packs():
            yield from (_Found(file, overridable=True, quiet=True) for file in _below(PACKS / pack))
        else:
            help_ = f"there are {listed(shipped_packs(), 'and')}" if shipped_packs() else ""
            label = did_you_mean(pack, shipped_packs())
            problems.append(_about(name, "no-such-pack", f'no pack is called "{pack}"', help_, label))
    elif path.is_dir():
        yield from map(_Found, _below(path))
    elif path.is_file():
        yield _Found(path)
        yield from (_Found(file, quiet=True) for folder in path.parents for file in _definitions_in(folder, path))
    else:
        problems.append(_about(name, "no-such-file", f"no such file or folder: {name}", ""))


def _below(folder: pathlib.Path) -> list[pathlib.Path]:
    files = (file for suffix in ("*.yaml", "*.yml") for file in folder.rglob(suffix) if file.is_file())
    return sorted(
        file
        for file in files
        if file.name not in CONFIGURATION and not any(part[0] == "." for part in file.relative_to(folder).parts)
    )


def _definitions_in(folder: pathlib.Path, path: pathlib.Path) -> list[pathlib.Path]:
    """Of an absolute path only its own folder is asked: the folders above it may be anybody's."""
    if path.is_absolute() and folder != path.parent:
        return []
    return sorted(file for suffix in ("_*.yaml", "_*.yml") for file in folder.glob(suffix) if file.is_file())


def _read(path: pathlib.Path) -> Reading:
    try:
        with path.open("rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        summary = f"{path} cannot be read: {error.strerror or error}"
        return Reading(Source(str(path), ""), (), (_about(str(path), "no-such-file", summary, ""),))
    return read_documents(str(path), data)


def _about(file: str, code: str, summary: str, help_: str, label: str = "") -> Problem:
    """A problem with a file as a whole."""
    return Problem(code, "error", summary, Span(file, 1, 1, 1, 2), " ".join(filter(None, (label, help_))))
