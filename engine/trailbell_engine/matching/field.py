"""The index of one field: from what an event has there to the candidates registered under a test that it meets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from trailbell_engine.operators import OPERATORS
from trailbell_engine.operators.addresses import place
from trailbell_engine.operators.memo import Memory
from trailbell_engine.operators.network import spans
from trailbell_engine.operators.ordering import number as as_number
from trailbell_engine.path import elements
from trailbell_engine.predicate import Test
from trailbell_engine.readers import Several
from trailbell_engine.values import Json, identity

from .anchors import constants, is_listed
from .filters import Filter, filter_of
from .intervals import Interval, Intervals
from .postings import NOTHING, Candidate, Case, Postings, at, cases, merged, postings
from .texts import TEXT_OPERATORS, Texts, is_folded

_POSTING_BYTES = 232  # a dictionary with one short tuple, as an answer that is no other's


class Field:
    """The index of one field.

    Attributes:
        nowhere: texts that have been looked up and lead nowhere. Most do, so that asking it is nearly all the work.
        known: postings by text, for texts that lead somewhere.
        scans: a text that is in neither must be looked up with ``of_text``; otherwise ``texts_of`` has them all.
        asks_null: null leads somewhere.
    """

    __slots__ = (
        "_addresses",
        "_bands",
        "_exact",
        "_lists",
        "_members",
        "_memory",
        "_numbers",
        "_scanned",
        "_sides",
        "_texts",
        "asks_null",
        "known",
        "nowhere",
        "scans",
    )

    def __init__(self, registered: Iterable[tuple[Test, Candidate]], memory: Memory) -> None:
        """Build the index of the tests and the candidates they lead to."""
        given = list(registered)
        lists, registered = _apart(given)
        self._memory = memory
        self._lists = [
            (OPERATORS[test.operator].compile(test.operand, test.fold), postings([found])) for test, found in lists
        ]
        self._exact = _by_constant(registered)
        self._members = _by_member(registered)
        self._texts = [
            Texts(tests, folded=folded)
            for folded in (False, True)
            if (
                tests := [
                    (test, found) for test, found in registered if _is_scanned(test) and is_folded(test) is folded
                ]
            )
        ]
        self._bands = [(_interval(test), found) for test, found in registered if test.operator == "between"]
        self._sides = [(_interval(test), found) for test, found in registered if test.operator in _SIDES]
        self._numbers = Intervals([*self._sides, *self._bands], postings) if self._sides or self._bands else None
        networks = [
            (Interval(low, high, with_high=False), found)
            for test, found in registered
            if test.operator == "cidr"
            for low, high in spans(test.operand)
        ]
        self._addresses = Intervals(networks, postings) if networks else None
        self.asks_null = None in self._exact or bool(self._lists)
        self.scans = bool(self._lists or self._texts or self._numbers or self._addresses)
        self._scanned = given if self.scans else []
        self.nowhere = memory.noted()
        self.known = memory.memo() if self.scans else {t: p for t, p in self._exact.items() if isinstance(t, str)}

    def of_text(self, text: str) -> Postings:
        """Where a text leads that is not known yet; from now on it is."""
        several: list[Postings] = []
        if (equal := self._exact.get(text)) is not None:
            several.append(equal)
        for texts in self._texts:
            texts.find(text, several)
        if self._lists:
            self._find_listed(text, several)
        if self._numbers is not None and (number := as_number(text)) is not None:
            several += self._numbers.found(number)
        if self._addresses is not None and (where := place(text)) is not None:
            several += self._addresses.found(where)
        if not several:
            self._memory.note(self.nowhere, text)
            return NOTHING
        found = merged(several)
        self._memory.keep(self.known, text, found, _POSTING_BYTES if len(several) > 1 else 0)
        return found

    def texts_of(self, event_type: str | None) -> dict[str, Sequence[Case]]:
        """All texts that lead somewhere, and the candidates of an event of that type, for a field that is not scanned.

        A dictionary for each type costs one look-up less, in one that is smaller, than one of postings for all.
        """
        several = ((text, at(found, event_type)) for text, found in self.known.items())
        return {text: found for text, found in several if found}

    def filter_of(self, event_type: str | None) -> Filter | None:
        """What a text must have to lead anywhere, for an event of that type, if that is quick to ask."""
        return filter_of(test for test, found in self._scanned if found.types is None or event_type in found.types)

    def numbers_of(self, event_type: str | None) -> Intervals[Sequence[Case]] | None:
        """Where numbers lead, for an event of that type; None if that is not a matter of intervals alone."""
        if self._numbers is None or self._lists or any(item.__class__ in (int, float) for item in self._exact):
            return None
        known = [*self._sides, *self._bands]
        return Intervals([pair for pair in known if pair[1].types is None or event_type in pair[1].types], cases)

    def of_other(self, value: Any, event_type: str | None) -> tuple[Case, ...]:
        """The candidates, for an event of that type, of what else a reader can give."""
        several: list[Postings] = []
        self._find(value, several)
        return tuple(found for each in several for found in at(each, event_type))

    def _find_listed(self, value: Json, found: list[Postings]) -> None:
        found += [candidates for check, candidates in self._lists if check(value)]

    def _find(self, value: Any, found: list[Postings]) -> None:
        kind = value.__class__
        if kind is str:
            known = self.known.get(value)
            if known is None and self.scans and value not in self.nowhere:
                known = self.of_text(value)
            if known:
                found.append(known)
        elif kind is list or kind is Several:
            self._find_array(value, found)
        elif kind is not dict:
            equal = self._exact.get(identity(value))
            if equal is not None:
                found.append(equal)
            self._find_listed(value, found)
            if self._numbers is not None and kind is not bool and value is not None:
                found += self._numbers.found(value)

    def _find_array(self, values: list[Json], found: list[Postings]) -> None:
        scalars = elements(values)
        for scalar in scalars:
            self._find(scalar, found)
        if self._members:
            for array in values if values.__class__ is Several else (values,):
                self._find_members(array, found)
        if self._bands:
            numbers = [number for scalar in scalars if (number := as_number(scalar)) is not None]
            self._find_straddled(numbers, found)

    def _find_members(self, array: Json, found: list[Postings]) -> None:
        for element in array if array.__class__ is list else ():
            if element.__class__ is not list and element.__class__ is not dict:
                folded = element.casefold() if element.__class__ is str else element
                names = ((False, identity(element)), (True, identity(folded)))
                found += [self._members[name] for name in names if name in self._members]

    def _find_straddled(self, numbers: list[Any], found: list[Postings]) -> None:
        """Bands of which one element may meet the lower bound and another the upper one."""
        if len(numbers) > 1:
            least, most = min(numbers), max(numbers)
            found.append(postings(candidate for interval, candidate in self._bands if interval.meets(least, most)))


_SIDES = frozenset({"gt", "gte", "lt", "lte"})


def _apart(
    registered: Iterable[tuple[Test, Candidate]],
) -> tuple[list[tuple[Test, Candidate]], list[tuple[Test, Candidate]]]:
    """The tests about long lists, which are asked as they are, and the others."""
    lists: list[tuple[Test, Candidate]] = []
    others: list[tuple[Test, Candidate]] = []
    for pair in registered:
        (lists if is_listed(pair[0]) else others).append(pair)
    return lists, others


def _is_scanned(test: Test) -> bool:
    return test.operator in TEXT_OPERATORS and (test.fold or test.operator not in ("equals", "in"))


def _by_constant(registered: list[tuple[Test, Candidate]]) -> dict[Any, Postings]:
    """What ``equals`` and ``in`` lead to. Without case, texts are sought otherwise."""
    known: dict[Any, list[Candidate]] = {}
    for test, candidate in registered:
        for item in constants(test) if test.operator in ("equals", "in") else ():
            if not (test.fold and isinstance(item, str)):
                known.setdefault(identity(item), []).append(candidate)
    return {item: postings(found) for item, found in known.items()}


def _by_member(registered: list[tuple[Test, Candidate]]) -> dict[tuple[bool, Any], Postings]:
    """What ``contains`` leads to in arrays: (without case, element)."""
    known: dict[tuple[bool, Any], list[Candidate]] = {}
    for test, candidate in registered:
        for item in test.operand if test.operator == "contains" else ():
            folded = item.casefold() if test.fold and isinstance(item, str) else item
            known.setdefault((test.fold, identity(folded)), []).append(candidate)
    return {item: postings(found) for item, found in known.items()}


def _interval(test: Test) -> Interval:
    """The numbers that meet a comparison, or two."""
    if test.operator == "between":
        low, high = map(_interval, test.operand)
        return Interval(low.low, high.high, low.with_low, high.with_high)
    bound, inclusive = as_number(test.operand), test.operator in ("gte", "lte")
    return (
        Interval(low=bound, with_low=inclusive)
        if test.operator[0] == "g"
        else Interval(high=bound, with_high=inclusive)
    )
