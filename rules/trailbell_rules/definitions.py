"""What the rules of a set share: schedules, lists and named predicates of the ``_*.yaml`` files."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Collection, Iterable
from functools import cache
from typing import Final, NamedTuple, TypeVar

from jsonschema import Draft202012Validator

from trailbell_engine.lookup import Lookup, Lookups
from trailbell_engine.operators import Names
from trailbell_engine.path import LOOKUP
from trailbell_engine.predicate import ALWAYS, Predicate
from trailbell_engine.schedule import Schedule
from trailbell_engine.value_list import ValueList
from trailbell_engine.values import Json

from .document import Document, Place
from .lists import read_list
from .lookups import read_lookup
from .predicates import PredicateReader
from .problem import Problem
from .report import Report
from .schedules import read_schedule
from .schema import definitions_schema, outline
from .suggest import did_you_mean
from .validate import compile_schema, faults

KINDS: Final = {"schedules": "schedule", "lists": "list", "predicates": "predicate", "lookups": "lookup"}

MAXIMUM_USED_NODES: Final = 100_000
"""A predicate that uses one twice that uses one twice … doubles with every line."""
MAXIMUM_CHAIN: Final = 32
"""How many predicates may use one another in a row."""

T = TypeVar("T")


class DefinitionsDocument(NamedTuple):
    """One document of a definitions file.

    Attributes:
        overridable: the definitions of other documents may replace its own; so it is with packs.
        quiet: it was not asked for, so nobody wants to hear which of its definitions are unused.
    """

    document: Document
    overridable: bool = False
    quiet: bool = False


class _Written(NamedTuple):
    """Where a definition stands."""

    report: Report
    place: Place
    overridable: bool
    quiet: bool


class _Read(NamedTuple):
    """A named predicate, what was found wrong with it, and its size with everything that it uses."""

    predicate: Predicate
    report: Report
    nodes: int


class _Watched(dict[str, T]):
    """A table that knows which of its names were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.used: set[str] = set()

    def __getitem__(self, name: str) -> T:
        self.used.add(name)
        return super().__getitem__(name)


@cache
def _validator() -> Draft202012Validator:
    return compile_schema(outline(definitions_schema()))


class Definitions:
    """All definitions of a rule set; the scope in which its predicates are read.

    A definition of one's own replaces that of a pack under the same name, so that a pack is fitted without a copy.
    """

    def __init__(self, documents: Iterable[DefinitionsDocument] = ()) -> None:
        self._reports: list[Report] = []
        self._problems: list[Problem] = []
        self._places: dict[tuple[str, str], _Written] = {}
        self._read: dict[tuple[str, bool], _Read] = {}
        self._reading: list[str] = []
        self._used: set[str] = set()
        self._schedules: _Watched[Schedule] = _Watched()
        self._lists: _Watched[tuple[Json, ...]] = _Watched()
        self.names = Names(self._schedules, self._lists)
        self._lookups: _Watched[Lookup] = _Watched()
        self.files: list[pathlib.Path] = []
        self._weights: list[int] = []
        for document in sorted(documents, key=lambda entry: not entry.overridable):
            self._collect(*document)
        for (section, name), where in self._places.items():
            self._define(section, name, where)
        for section, name in self._places:
            if section == "predicates":
                self._predicate(name, in_element=False)
        for report in self._reports:
            self.check_lookups(report)

    @property
    def lookups(self) -> Lookups:
        """The tables that rules may read from."""
        files = {name: entries.digest for name, entries in self._lists.items() if isinstance(entries, ValueList)}
        return Lookups(list(self._lookups.values()), files)

    @property
    def problems(self) -> list[Problem]:
        """What is wrong in the definitions themselves."""
        return self._problems + [problem for report in self._reports for problem in report.problems]

    def unused(self, elsewhere: Callable[[], Collection[tuple[str, str]]] = tuple) -> list[Problem]:
        """A warning for each definition that nothing uses. To be asked after the rules were read.

        Args:
            elsewhere: definitions, as section and name, that rules outside this set may use; asked if there is need.
        """
        used = {"schedules": self._schedules.used, "lists": self._lists.used, "predicates": self._used}
        used["lookups"] = self._lookups.used
        problems = []
        for (section, name), where in self._places.items():
            if name not in used[section] and not where.quiet and (section, name) not in elsewhere():
                span = where.report.document.span_of_key(where.place)
                summary = f'no rule uses the {KINDS[section]} "{name}"'
                problems.append(Problem("unused-definition", "warning", summary, span, "remove it"))
        return problems

    def _collect(self, document: Document, overridable: bool, quiet: bool) -> None:
        if isinstance(document.value, dict) and "match" in document.value and "id" in document.value:
            span = document.span_of_key(())
            summary, help_ = (
                "a rule stands in a file of definitions",
                "a file of rules has a name that begins without `_`",
            )
            self._problems.append(Problem("misplaced", "error", summary, span, help_))
            return
        found = faults(document, _validator())
        self._problems += [fault.problem for fault in found]
        report = Report(document, [fault.place for fault in found])
        self._reports.append(report)
        for section in KINDS:
            entries = document.at((section,))
            for name in entries if isinstance(entries, dict) else ():
                self._place(section, name, _Written(report, (section, name), overridable, quiet))

    def _place(self, section: str, name: str, where: _Written) -> None:
        first = self._places.get((section, name))
        if first is not None and first.overridable <= where.overridable:
            span = first.report.document.span_of_key(first.place)
            summary = f'two {section} are called "{name}"'
            where.report.key("duplicate-name", summary, where.place, f"the other one is at {span.file}:{span.line}")
            return
        self._places[section, name] = where

    def _define(self, section: str, name: str, where: _Written) -> None:
        value = where.report.document.at(where.place)
        if section == "schedules":
            self._schedules[name] = read_schedule(value, where.place, where.report)
        elif section == "lists":
            self._lists[name], file = read_list(value, where.place, where.report)
            self.files += [file] if file else []
        elif section == "lookups":
            lookup, file = read_lookup(value, where.place, where.report)
            self.files += [file] if file else []
            if lookup is not None:
                self._lookups[name] = lookup

    def check_lookups(self, report: Report) -> None:
        """Say which of the lookups that a document's paths and templates name are not defined; the others are used."""
        in_paths = {mention.name for mention in report.lookups if not mention.in_template}
        for mention in report.lookups:
            self._lookups.used.add(mention.name)
            if mention.in_template and mention.name in in_paths:
                continue  # one mistake is one problem
            if ("lookups", mention.name) not in self._places:
                known = [known for section, known in self._places if section == "lookups"]
                field = f"`event.{LOOKUP}`" if mention.in_template else f'quoted: `"{LOOKUP}".{mention.name}`'
                help_ = f"define it below `lookups:`; a field of the event that is called so is {field}"
                label = did_you_mean(mention.name, known)
                report.mention("undefined-name", f'no lookup is called "{mention.name}"', mention, help_, label)

    def use(self, name: str, place: Place, report: Report, *, in_element: bool) -> Predicate:
        """The named predicate, read as if it were written at that place: inside an element it is about the element."""
        self._used.add(name)
        if ("predicates", name) not in self._places:
            names = [known for section, known in self._places if section == "predicates"]
            help_ = "define it below `predicates:` in a file whose name starts with `_`"
            report.value("undefined-name", f'no predicate is called "{name}"', place, help_, did_you_mean(name, names))
            return ALWAYS
        if name in self._reading or len(self._reading) > MAXIMUM_CHAIN:
            circle = " -> ".join([*self._reading[-3:], name])
            report.value("circular-use", f"the predicate uses itself: {circle}", place, "break the circle")
            return ALWAYS
        read = self._predicate(name, in_element=in_element)
        report.used_nodes += read.nodes
        if self._weights:
            self._weights[-1] += read.nodes
        if report.used_nodes > MAXIMUM_USED_NODES:
            summary = f"more than {MAXIMUM_USED_NODES:,} tests are drawn in by `use`"
            report.value("too-large", summary, place, "use fewer predicates that use predicates")
            return ALWAYS
        if in_element and read.report.failed and not self._places["predicates", name].report.failed:
            why = read.report.problems[0].summary
            report.value("bad-operand", f'"{name}" cannot be used inside an element: {why}', place)
        return read.predicate

    def _predicate(self, name: str, *, in_element: bool) -> _Read:
        """Read once outside and once inside elements, where the same paths start elsewhere."""
        if (name, in_element) not in self._read:
            where = self._places["predicates", name]
            report = Report(where.report.document) if in_element else where.report
            value = where.report.document.at(where.place)
            self._reading.append(name)
            self._weights.append(_nodes(value))
            predicate = PredicateReader(report, self).predicate(value, where.place, in_element=in_element)
            self._reading.pop()
            self._read[name, in_element] = _Read(predicate, report, self._weights.pop())
        return self._read[name, in_element]


def _nodes(value: Json) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_nodes, parts))


def is_definitions_file(path: pathlib.Path) -> bool:
    """Whether the name says that the file holds definitions instead of rules."""
    return path.name.startswith("_")
