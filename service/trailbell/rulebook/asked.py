"""Which definitions the reading of a file asked for, so that it is read again when, and only when, they change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from trailbell_engine.operators import Names
from trailbell_engine.predicate import Predicate
from trailbell_rules.definitions import Definitions
from trailbell_rules.document import Place
from trailbell_rules.report import Report

T = TypeVar("T")


class Asked:
    """The scope of one file: the definitions of the set, with an ear at the door.

    Attributes:
        found: something was asked for that is defined.
        absent: names that were asked for and are defined nowhere, so that what was written is taken for itself.
    """

    def __init__(self, definitions: Definitions) -> None:
        self.found = False
        self.absent: set[str] = set()
        self._definitions = definitions
        self.names = Names(_Table(definitions.names.schedules, self), _Table(definitions.names.lists, self))

    def use(self, name: str, place: Place, report: Report, *, in_element: bool) -> Predicate:
        """As ``Definitions.use``."""
        self.found = True
        return self._definitions.use(name, place, report, in_element=in_element)

    def check_lookups(self, report: Report) -> None:
        """As ``Definitions.check_lookups``."""
        self.found |= bool(report.lookups)
        self._definitions.check_lookups(report)

    def ask(self, name: object, *, there: bool) -> None:
        """Note a question."""
        if there:
            self.found = True
        else:
            self.absent.add(str(name))


class _Table(Mapping[str, T]):
    """Definitions of one kind, by name."""

    def __init__(self, table: Mapping[str, T], asked: Asked) -> None:
        self._table = table
        self._asked = asked

    def __contains__(self, name: object) -> bool:
        there = name in self._table
        self._asked.ask(name, there=there)
        return there

    def __getitem__(self, name: str) -> T:
        self._asked.ask(name, there=name in self._table)
        return self._table[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def defined(definitions: Definitions) -> frozenset[str]:
    """The names that stand for a list or a schedule."""
    return frozenset({*definitions.names.lists, *definitions.names.schedules})
