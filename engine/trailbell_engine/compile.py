"""Predicate trees to closures: the same meaning as the interpreter, a good deal faster.

Two things are settled at compile time: how a path is reached (nearly all are short chains of plain names) and what the
operator compares with. A closure takes the value paths start at (the event's record, or an element) and the event.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, TypeAlias

from .event import Event
from .interpret import subjects_zone
from .one_of import one_of, plain_texts
from .operators import OPERATORS, Check
from .operators.memo import Memory, remembered
from .operators.schedules import by_minute, inside
from .operators.structure import size
from .path import Path, Root, elements
from .predicate import AllOf, AnyOf, Not, Predicate, Test
from .readers import Reader, Several, reader
from .schedule import Schedule
from .value_list import ValueList
from .values import MISSING, Json

Compiled: TypeAlias = Callable[[Json, Event], bool]

_TIME: Final = Path(("time",), Root.ENVELOPE)


def compile_predicate(node: Predicate) -> Callable[[Event], bool]:
    """A function that says whether the predicate holds for an event."""
    compiled = Compiler().predicate(node)
    return lambda event: compiled(event.data, event)


class Compiler:
    """Compiles predicates that will be asked about the same events: checks that they share remember together.

    Attributes:
        memory: what costly checks remember their answers in.
    """

    def __init__(self, memory: Memory | None = None) -> None:
        self.memory = memory or Memory()
        self._costly: dict[Hashable, Check] = {}

    def predicate(self, node: Predicate) -> Compiled:
        """A function that says whether the predicate holds for the value its paths start at, in an event."""
        match node:
            case AllOf(parts):
                return _all([self.predicate(part) for part in parts])
            case AnyOf(parts):
                return _any([self.predicate(part) for part in parts])
            case Not(part):
                compiled = self.predicate(part)
                return lambda here, event: not compiled(here, event)
            case Test():
                return self._test(node)

    def check(self, test: Test) -> Check:
        """The test's operator with its operand, as a function of one value."""
        operator = OPERATORS[test.operator]
        if not operator.costly:
            return operator.compile(test.operand, test.fold)
        # Costly operands are texts: equal ones mean the same. A list from a file may be too long to be compared.
        operand = id(test.operand) if isinstance(test.operand, ValueList) else test.operand
        name = (test.operator, operand, test.fold)
        if name not in self._costly:
            self._costly[name] = remembered(operator.compile(test.operand, test.fold), self.memory)
        return self._costly[name]

    def _test(self, test: Test) -> Compiled:
        match test.operator:
            case "exists":
                read, wanted = reader(test.path), test.operand
                return lambda here, event: (read(here, event) is not MISSING) is wanted
            case "length":
                return _length(reader(test.path), self.predicate(test.operand))
            case "any_element":
                return _any_element(reader(test.path), self.predicate(test.operand))
            case "every_element":
                return _every_element(reader(test.path), self.predicate(test.operand))
            case "same_as":
                return _same_as(test)
            case "during" | "outside" if test.operand.zone_from is not None:
                return _in_subjects_zone(test)
            case "during" | "outside" if test.path == _TIME:
                return _at_event_time(test.operand, during=test.operator == "during")
            case _:
                texts = plain_texts(test)
                if texts is None:
                    return _checked(reader(test.path), self.check(test), whole=OPERATORS[test.operator].whole)
                holds, operands = one_of(test.path, 0), (texts,)
                return lambda here, event: holds(here, event, operands)


def _all(parts: list[Compiled]) -> Compiled:
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 2:
        first, second = parts
        return lambda here, event: first(here, event) and second(here, event)

    def compiled(here: Json, event: Event) -> bool:
        for part in parts:  # noqa: SIM110 - a plain loop costs half of what all() with a generator does
            if not part(here, event):
                return False
        return True

    return compiled


def _any(parts: list[Compiled]) -> Compiled:
    if len(parts) == 1:
        return parts[0]

    def compiled(here: Json, event: Event) -> bool:
        for part in parts:  # noqa: SIM110 - as above
            if part(here, event):
                return True
        return False

    return compiled


def _checked(read: Reader, check: Check, *, whole: bool) -> Compiled:
    """Apply a check to what the reader finds: to arrays as a whole, or to their elements."""

    def compiled(here: Json, event: Event) -> bool:
        value = read(here, event)
        if value is MISSING:
            return False
        kind = value.__class__
        if kind is Several:
            return any(check(one) if whole else any(map(check, elements(one))) for one in value)
        if kind is list and not whole:
            return any(map(check, elements(value)))
        return check(value)

    return compiled


def _values(read: Reader, here: Json, event: Event) -> list[Json]:
    value = read(here, event)
    if value is MISSING:
        return []
    return value if value.__class__ is Several else [value]


def _length(read: Reader, fits: Compiled) -> Compiled:
    def compiled(here: Json, event: Event) -> bool:
        sizes = (size(value) for value in _values(read, here, event))
        return any(fits(length, event) for length in sizes if length is not None)

    return compiled


def _any_element(read: Reader, fits: Compiled) -> Compiled:
    def compiled(here: Json, event: Event) -> bool:
        arrays = (value for value in _values(read, here, event) if value.__class__ is list)
        return any(fits(element, event) for array in arrays for element in array)

    return compiled


def _every_element(read: Reader, fits: Compiled) -> Compiled:
    def compiled(here: Json, event: Event) -> bool:
        arrays = (value for value in _values(read, here, event) if value.__class__ is list)
        return any(all(fits(element, event) for element in array) for array in arrays)

    return compiled


def _same_as(test: Test) -> Compiled:
    read, read_other, fold = reader(test.path), reader(test.operand), test.fold
    equal = OPERATORS["equals"].holds

    def compiled(here: Json, event: Event) -> bool:
        others = [one for value in _values(read_other, here, event) for one in elements(value)]
        ours = (one for value in _values(read, here, event) for one in elements(value))
        return any(equal(one, other, fold) for one in ours for other in others)

    return compiled


def _at_event_time(schedule: Schedule, *, during: bool) -> Compiled:
    """The envelope's time need not be written out and read back."""
    contains = by_minute(schedule)

    def compiled(_here: Json, event: Event) -> bool:
        try:
            return contains(event.time_us) is during
        except OverflowError:  # at the edge of the calendar
            return False

    return compiled


def _in_subjects_zone(test: Test) -> Compiled:
    read, schedule, wanted = reader(test.path), test.operand, test.operator == "during"

    def compiled(here: Json, event: Event) -> bool:
        zone = subjects_zone(schedule, event)
        values = (one for value in _values(read, here, event) for one in elements(value))
        return any(inside(one, schedule, zone) is wanted for one in values)

    return compiled
