"""From the text of one file to its rules: as it was in memory, else as it was in the cache, else by reading it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from trailbell.loading import TEMPLATES
from trailbell_engine.rule import Rule
from trailbell_engine.system_errors import system_words
from trailbell_engine.value_list import ValueList
from trailbell_rules.build import build_rule
from trailbell_rules.document import Reading, read_documents
from trailbell_rules.finding import about
from trailbell_rules.lint import Subject
from trailbell_rules.problem import MAXIMUM_PROBLEMS, Problem
from trailbell_rules.source import Source

from .asked import Asked, defined
from .cache import Entry, RuleCache
from .form import Formless, Reader, Writer
from .shared import Shared
from .texts import Text


class Read(NamedTuple):
    """What a file came to, and what that depends on.

    Attributes:
        digest: of its text.
        entry: what it depends on; None if nobody knows.
        lists: the lists in files that its rules read.
        rules: its rules.
        errors: what is wrong with it.
        source: its text, if something is wrong.
    """

    digest: bytes
    entry: Entry | None
    lists: Mapping[str, ValueList]
    rules: tuple[Rule, ...]
    errors: tuple[Problem, ...] = ()
    source: Source | None = None


class FileReader:
    """Reads the files of one edition."""

    def __init__(self, shared: Shared, cache: RuleCache | None) -> None:
        self._shared = shared
        self._lists = shared.lists
        self._defined = defined(shared.definitions)
        self._cache = cache
        self._reader = Reader(self._lists)
        self._new: list[tuple[bytes, Entry]] = []

    def read(self, text: Text, before: Read | None) -> Read:
        """The rules of a file.

        Args:
            text: what is in it.
            before: what it came to the last time, if that was without error.
        """
        if before is not None and before.digest == text.digest and self._as_before(before):
            return before
        entry = self._cache.get(text.digest) if self._cache is not None else None
        if entry is not None and self._holds(entry):
            known = self._known(text, entry)
            if known is not None:
                return known
        return self._afresh(text)

    def save(self) -> None:
        """Put what was read into the cache."""
        if self._cache is not None:
            self._cache.put(self._new)

    def _as_before(self, before: Read) -> bool:
        """Whether the definitions that the file asked for are what they were, to the content of its lists."""
        same = all(name in self._lists and self._lists[name].digest == one.digest for name, one in before.lists.items())
        return same and before.entry is not None and self._holds(before.entry)

    def _holds(self, entry: Entry) -> bool:
        same = entry.definitions in ("", self._shared.digest)
        return same and self._defined.isdisjoint(entry.absent) and all(name in self._lists for name in entry.lists)

    def _known(self, text: Text, entry: Entry) -> Read | None:
        file = str(text.found.path)
        try:
            rules = tuple([self._reader.rule(form, file) for form in entry.rules])
        except (ValueError, TypeError, LookupError):
            return None  # it cannot be, the sum was right; but a cache is not to be trusted with a start
        return Read(text.digest, entry._replace(rules=[]), self._of(entry.lists), rules)

    def _of(self, names: list[str]) -> dict[str, ValueList]:
        return {name: self._lists[name] for name in names}

    def _afresh(self, text: Text) -> Read:
        name = str(text.found.path)
        try:
            reading = read_documents(name, text.bytes_again())
        except OSError as error:
            words = f"{name} cannot be read: {system_words(error)}"
            return Read(text.digest, None, {}, (), (about(name, "no-such-file", words, ""),))
        asked, rules, problems = Asked(self._shared.definitions), list[Rule](), list(reading.problems)
        problems += islice(self._problems(reading, asked, rules), MAXIMUM_PROBLEMS)
        errors = tuple(problem for problem in problems if problem.severity == "error")
        if errors:
            return Read(text.digest, None, {}, (), errors, reading.source)
        return self._noted(text, asked, rules)

    def _problems(self, reading: Reading, asked: Asked, rules: list[Rule]) -> Iterator[Problem]:
        """What is wrong with the rules of a file; those that are right are collected."""
        for document in reading.documents:
            built = build_rule(document, asked)
            yield from built.problems
            if built.rule is not None:
                rules.append(built.rule)
                yield from TEMPLATES.find([Subject(built.rule, document, built.tests)])

    def _noted(self, text: Text, asked: Asked, rules: list[Rule]) -> Read:
        writer = Writer()
        try:
            forms = [writer.form(rule) for rule in rules]
        except Formless:
            return Read(text.digest, None, {}, tuple(rules))
        depends = self._shared.digest if asked.found else ""
        entry = Entry(depends, sorted(asked.absent), sorted(writer.lists), forms)
        self._new.append((text.digest, entry))
        return Read(text.digest, entry._replace(rules=[]), self._of(entry.lists), tuple(rules))
