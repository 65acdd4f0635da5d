"""The rules of some paths, read again and again: what has not changed since the last time is not read again.

Everything is checked as ``trailbell check`` checks it, but for lint. All is right, or nothing is given: with any error
there are the problems instead, and whoever runs goes on with the rules it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from trailbell.loading import load
from trailbell_engine.rule import Rule, RuleSet
from trailbell_rules.definitions import is_definitions_file
from trailbell_rules.finding import find_files
from trailbell_rules.problem import Problem
from trailbell_rules.source import Source

from .cache import RuleCache
from .reading import FileReader, Read
from .shared import Shared, share
from .texts import Texts


class UnsoundRules(Exception):  # noqa: N818 - it says what they are
    """Rules with errors.

    Attributes:
        problems: the errors, in the order of file and line.
        sources: the texts that they point into, by file name.
    """

    def __init__(self, problems: Iterable[Problem], sources: Mapping[str, Source]) -> None:
        self.problems = sorted(dict.fromkeys(problems), key=lambda problem: problem.span)
        super().__init__(self.problems[0].summary)
        self.sources = sources


class Edition(NamedTuple):
    """The rules as they were at one moment.

    Attributes:
        rules: all of them.
        files: everything that was read, lists and tables included.
        settled: a change since then would show in a file's stamp; if not, read again in a moment.
    """

    rules: RuleSet
    files: tuple[Path, ...]
    settled: bool


class RuleBook:
    """Reads the rules of some paths, as often as it is asked. Used by one thread at a time."""

    def __init__(self, paths: Sequence[str], cache: RuleCache | None = None) -> None:
        """Prepare; nothing is read yet.

        Args:
            paths: files, folders and packs.
            cache: what earlier runs read.
        """
        self._paths = paths
        self._cache = cache
        self._texts = Texts()
        self._shared: Shared | None = None
        self._reads: dict[Path, Read] = {}

    def edition(self) -> Edition:
        """The rules as they are now.

        Raises:
            UnsoundRules: if anything has an error; the next call reads again.
        """
        missing: list[Problem] = []
        texts = self._texts.read(find_files(self._paths, missing))
        definitions = [text for text in texts if is_definitions_file(text.found.path)]
        shared = share(definitions, self._shared)
        if missing or shared.errors:
            raise UnsoundRules([*missing, *shared.errors], shared.sources)
        reader = FileReader(shared, self._cache)
        reads = {
            text.found.path: reader.read(text, self._reads.get(text.found.path))
            for text in texts
            if not is_definitions_file(text.found.path)
        }
        reader.save()
        self._shared, self._reads = shared, reads
        errors = [problem for read in reads.values() for problem in read.errors]
        if errors:
            raise UnsoundRules(errors, _sources(reads))
        rules = self._collected(reads, shared)
        if self._cache is not None:
            self._cache.keep_only(text.digest for text in texts)
        files = (*(text.found.path for text in texts), *shared.files)
        return Edition(rules, files, self._texts.settled and shared.settled)

    def close(self) -> None:
        """Let go of the cache; the book can still be read."""
        if self._cache is not None:
            self._cache.close()
            self._cache = None

    def _collected(self, reads: Mapping[Path, Read], shared: Shared) -> RuleSet:
        rules: list[Rule] = [rule for read in reads.values() for rule in read.rules]
        if rules and len({rule.id for rule in rules}) == len(rules):
            return RuleSet(rules, shared.definitions.lookups)
        loaded = load(self._paths)  # two rules with one id, or none at all: it knows where
        if loaded.errors:
            raise UnsoundRules(loaded.errors, loaded.sources)
        return loaded.rules  # the files have changed in the meantime


def _sources(reads: Mapping[Path, Read]) -> dict[str, Source]:
    return {read.source.file: read.source for read in reads.values() if read.source is not None}
