"""Rule sets from files, folders, shipped packs, or texts."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from trailbell_engine.rule import RuleSet
from trailbell_engine.system_errors import system_words

from .build import build_rule
from .codes import CODES
from .definitions import Definitions, DefinitionsDocument, is_definitions_file
from .document import Document, Reading, read_documents
from .finding import PACK_PREFIX, PACKS, Found, PathLike, about, find_files, shipped_packs
from .lint import CHECKS, Check, Subject
from .lint.ignore import without_ignored
from .problem import MAXIMUM_PROBLEMS, Problem, Span, too_many
from .rule_tests import RuleTest
from .scan import MAXIMUM_BYTES
from .shipped import shipped_definitions
from .source import Source
from .suggest import listed

__all__ = ["PACKS", "PACK_PREFIX", "Loaded", "load_rules", "load_texts", "shipped_packs"]


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

    def with_problems(self, problems: Iterable[Problem], source: Source) -> Loaded:
        """The same with more problems; some of them lie in a further text."""
        together = tuple(sorted((*self.problems, *problems), key=lambda problem: problem.span))
        return replace(self, problems=together, sources={**self.sources, source.file: source})


_UNASKED: Final = ("leading-zero", "operator-as-field", "unused-definition")
"""Codes that a rule may ignore and that no check yields: they are found while rules are read."""


class _Read(NamedTuple):
    """A file and what it held."""

    found: Found
    reading: Reading


def load_rules(paths: Sequence[PathLike], *, checks: Sequence[Check] = CHECKS) -> Loaded:
    """Load files, folders (every ``*.yaml`` and ``*.yml`` below, in path order) and packs (``pack:vonage``) as one set.

    A file named by itself sees the definitions of its own folder and of the folders above it that the path names.
    Hidden files and folders are skipped. Nothing is raised for what the files hold or whether they are there.

    Args:
        paths: what to load.
        checks: what to look for in rules that are valid. Rules that are about to run need none.
    """
    problems: list[Problem] = []
    files = [_Read(found, _read(found.path)) for found in find_files(paths, problems)]
    loaded = _assemble(files, checks, problems)
    if loaded.errors or any(file.reading.documents for file in files if not is_definitions_file(file.found.path)):
        return loaded
    summary = f"no rules in {listed(paths, 'and')}" if paths else "no path was given"
    problem = about(str(paths[0]) if paths else "", "no-rules", summary, "rules are *.yaml files")
    return replace(loaded, problems=(problem,))


def load_texts(texts: Mapping[str, str | bytes], *, checks: Sequence[Check] = CHECKS) -> Loaded:
    """Load texts as if they were files of these names. Lists that name files look for them on the disk."""
    files = [
        _Read(Found(pathlib.Path(name)), read_documents(name, text if isinstance(text, bytes) else text.encode()))
        for name, text in texts.items()
    ]
    return _assemble(files, checks, [])


def _assemble(files: Sequence[_Read], checks: Sequence[Check], problems: list[Problem]) -> Loaded:
    problems = [*problems, *(problem for file in files for problem in file.reading.problems)]
    definitions = _definitions(files)
    problems += definitions.problems
    broken = any(problem.severity == "error" for problem in problems if _is_about_definitions(problem))
    subjects = _build(files, definitions, problems)
    if broken:  # a rule that uses them would mean something else than what is written; nor are its names to blame
        subjects = []
        problems = [
            problem for problem in problems if problem.code != "undefined-name" or _is_about_definitions(problem)
        ]
    if not any(problem.severity == "error" for problem in problems):
        problems += definitions.unused(shipped_definitions)
    looked_at = _looked_at(files)
    names = {file.reading.source.file for file in looked_at}
    problems += (problem for check in checks for problem in check.find(subjects) if problem.span.file in names)
    problems = without_ignored(problems, (file.reading for file in looked_at), CODES, _checked(checks))
    return Loaded(
        RuleSet([subject.rule for subject in subjects], definitions.lookups),
        tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.span)),
        tuple(test for subject in subjects for test in subject.tests),
        {file.reading.source.file: file.reading.source for file in files},
        {subject.rule.id: subject.document for subject in subjects},
        (*(file.found.path for file in files), *definitions.files),
    )


def _is_about_definitions(problem: Problem) -> bool:
    return is_definitions_file(pathlib.Path(problem.span.file))


def _definitions(files: Iterable[_Read]) -> Definitions:
    return Definitions(
        DefinitionsDocument(document, file.found.overridable, file.found.quiet)
        for file in files
        if is_definitions_file(file.found.path)
        for document in file.reading.documents
    )


def _build(files: Iterable[_Read], definitions: Definitions, problems: list[Problem]) -> list[Subject]:
    subjects: list[Subject] = []
    first: dict[str, Span] = {}
    for file in files:
        told = len(problems)
        for document in () if is_definitions_file(file.found.path) else file.reading.documents:
            if len(problems) - told > MAXIMUM_PROBLEMS:
                problems.append(too_many(document.span_of_key(())))
                break
            subjects += _subject(document, definitions, first, problems)
    return subjects


def _subject(
    document: Document, definitions: Definitions, first: dict[str, Span], problems: list[Problem]
) -> Iterator[Subject]:
    """The rule of a document, unless it has problems or the id of another; ``first`` says where ids were seen."""
    built = build_rule(document, definitions)
    problems += built.problems
    name = document.at(("id",))
    if isinstance(name, str):
        span = document.span_of_value(("id",))
        if name in first:
            other = first[name]
            summary, help_ = f'two rules have the id "{name}"', f"the other one is at {other.file}:{other.line}"
            problems.append(Problem("duplicate-id", "error", summary, span, help_, rule_id=name))
            return
        first[name] = span
    if built.rule is not None:
        yield Subject(built.rule, document, built.tests)


def _looked_at(files: Sequence[_Read]) -> Sequence[_Read]:
    """The files that are checked. Packs are only if nothing else is there: their rules are not the user's to mend."""
    return [file for file in files if not file.found.overridable and not file.found.quiet] or files


def _checked(checks: Iterable[Check]) -> frozenset[str]:
    """The codes of the checks, and those that are looked for without one."""
    return frozenset({*_UNASKED, *(code.name for check in checks for code in check.codes)})


def _read(path: pathlib.Path) -> Reading:
    try:
        with path.open("rb") as file:
            data = file.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        summary = f"{path} cannot be read: {system_words(error)}"
        return Reading(Source(str(path), ""), (), (about(str(path), "no-such-file", summary, ""),))
    return read_documents(str(path), data)
