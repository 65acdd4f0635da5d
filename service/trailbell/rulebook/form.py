"""Rules as plain JSON and back: what a cache holds, so that YAML is read and checked once.

A rule is a tree of frozen values of a few known types. Each is written as a list of a tag and its parts; scalars stand
for themselves. A tag can name nothing but these types, so the form of an attacker makes no more than wrong rules. Lists
that are kept in files are named, not repeated: their content is data, and they are given anew when the form is read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from trailbell_engine.conditions.absent import Absent
from trailbell_engine.conditions.changed import Changed
from trailbell_engine.conditions.count import Count
from trailbell_engine.conditions.distinct import Distinct
from trailbell_engine.conditions.each import Each
from trailbell_engine.conditions.first_seen import FirstSeen
from trailbell_engine.conditions.impossible_travel import ImpossibleTravel
from trailbell_engine.conditions.metric import Metric
from trailbell_engine.conditions.ongoing import Ongoing
from trailbell_engine.conditions.ratio import Ratio
from trailbell_engine.conditions.sequence import Sequence, SequenceStep
from trailbell_engine.conditions.spike import Spike
from trailbell_engine.path import EVERY, Path, Root
from trailbell_engine.predicate import AllOf, AnyOf, Not, Test
from trailbell_engine.rule import Budget, Origin, Rule, SeverityCase, Suppress, Words
from trailbell_engine.schedule import Hours, Schedule
from trailbell_engine.value_list import ValueList
from trailbell_engine.values import Json

Lists: TypeAlias = Mapping[str, tuple[Json, ...]]
"""The lists of a rule set by name."""

_TUPLE, _LIST, _DICT, _SET, _VALUE_LIST, _PATH, _RECORDS = range(7)

_RECORD_TYPES: Final = (
    *(AllOf, AnyOf, Not, Test, Schedule, Hours, Words, Suppress, SeverityCase, Budget, SequenceStep),
    *(Absent, Changed, Count, Distinct, Each, FirstSeen, ImpossibleTravel, Metric, Ongoing, Ratio, Sequence, Spike),
)
"""Frozen dataclasses and named tuples, made again by calling them. The order is part of the form."""


def _names(kind: Any) -> tuple[str, ...]:
    if dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind) if field.init)
    names: tuple[str, ...] = kind._fields
    return names


_RECORD_TAGS: Final = {kind: (_RECORDS + position, _names(kind)) for position, kind in enumerate(_RECORD_TYPES)}
_RULE_FIELDS: Final = tuple(name for name in _names(Rule) if name != "origin")


class Formless(ValueError):  # noqa: N818 - it says what it is
    """A value that has no form; the rule is read from its text every time."""


class Writer:
    """Writes the forms of rules.

    Attributes:
        lists: the names of the lists that they read from files.
    """

    def __init__(self) -> None:
        self.lists: set[str] = set()

    def form(self, rule: Rule) -> Json:
        """A rule as JSON, without its file.

        Raises:
            Formless: if something in it is of a type that is not known here.
        """
        return [None, rule.origin.line, rule.version, *(self._form(getattr(rule, name)) for name in _RULE_FIELDS)]

    def _form(self, value: Any) -> Json:
        kind = value.__class__
        if value is None or kind in (str, int, float, bool):
            return value
        if kind is Path:
            return [_PATH, value.root.value, *(None if segment is EVERY else segment for segment in value.segments)]
        if kind in _RECORD_TAGS:
            tag, names = _RECORD_TAGS[kind]
            return [tag, *(self._form(getattr(value, name)) for name in names)]
        if kind is ValueList:
            self.lists.add(value.name)
            return [_VALUE_LIST, value.name]
        if kind is dict:
            return [_DICT, *(self._form(part) for item in value.items() for part in item)]
        if kind is frozenset:
            return [_SET, *sorted(map(self._form, value))]
        if kind in (tuple, list):
            return [_TUPLE if kind is tuple else _LIST, *map(self._form, value)]
        raise Formless(f"a {kind.__name__} has no form")


class Reader:
    """Makes rules from their forms. What is the same in many rules, such as paths, is made once and shared."""

    def __init__(self, lists: Lists) -> None:
        """Read.

        Args:
            lists: what stands for the lists that are named.
        """
        self._lists = lists
        self._paths: dict[tuple[Json, ...], Path] = {}
        self._makers: list[Callable[[list[Json]], Any]] = [
            lambda form: tuple(self._values(form)),
            self._values,
            lambda form: dict(zip(self._values(form)[::2], self._values(form)[1::2], strict=True)),
            lambda form: frozenset(self._values(form)),
            lambda form: self._lists[form[1]],
            self._path,
            *map(self._maker, _RECORD_TYPES),
        ]

    def rule(self, form: Json, file: str) -> Rule:
        """The rule of a form.

        Args:
            form: from ``Writer``, perhaps through JSON.
            file: where the rule stands now.

        Raises:
            ValueError, TypeError, LookupError: if it is no form of a rule, or names a list that is not there.
        """
        _, line, version, *_ = form
        return Rule.restored(version, Origin(file, line), zip(_RULE_FIELDS, self._values(form)[2:], strict=True))

    def _values(self, form: list[Json]) -> list[Any]:
        """The parts after the tag. It is called for everything there is, so nothing in it is a call for a scalar."""
        makers, parts = self._makers, iter(form)
        next(parts)
        return [makers[part[0]](part) if part.__class__ is list else part for part in parts]

    def _maker(self, kind: Any) -> Callable[[list[Json]], Any]:
        values = self._values
        return lambda form: kind(*values(form))

    def _path(self, form: list[Json]) -> Path:
        key = tuple(form)
        if key not in self._paths:
            segments = tuple(EVERY if segment is None else segment for segment in form[2:])
            self._paths[key] = Path(segments, Root(form[1]))
        return self._paths[key]
