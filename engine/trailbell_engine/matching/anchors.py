"""Anchors: the test under which a rule is registered, chosen so that few events meet it.

If a rule holds, so does one of its anchor's tests: it need be asked only about events that meet one of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple, TypeAlias

from trailbell_engine.operators.ordering import number as as_number
from trailbell_engine.path import Path, Root
from trailbell_engine.predicate import AllOf, AnyOf, Predicate, Test
from trailbell_engine.value_list import ValueList
from trailbell_engine.values import Json, identity

from .event_types import event_types, named_types

# How often events meet a test of the kind, at the least, as a guess. Of some kinds more is known (``Anchors._share``).
_SHARES: Final = {
    "equals": 0.0,
    "in": 0.0,
    "cidr": 0.002,
    "starts_with": 0.004,
    "ends_with": 0.004,
    "contains": 0.005,
    "glob": 0.005,
    "matches": 0.005,
    "between": 0.006,
    "gt": 0.02,
    "gte": 0.02,
    "lt": 0.02,
    "lte": 0.02,
}
_LISTED: Final = 0.01
_LOOK_UP: Final = 0.3
"""What it costs an event to have a field looked up. The unit is asking a rule that does not match, some 0.9 us."""
_SCAN: Final = 2.0
"""The same, besides, where texts are scanned, of which some were never seen before. At 1.5 names are scanned for few of
many detection rules; at 3, mixed rules are asked four times as often (``benchmarks/scale.py``)."""
_TIME: Final = Path(("time",), Root.ENVELOPE)  # must be written out to be compared, and is always new
_LOOKED_UP: Final = frozenset({"equals", "in", "between", "gt", "gte", "lt", "lte"})
_BOUNDS: Final = {"gt": "low", "gte": "low", "lt": "high", "lte": "high"}


class Anchor(NamedTuple):
    """Tests of which one holds if the predicate does.

    Attributes:
        tests: each on a field whose index can find it. ``between`` is the index's own operator: both tests of its
            operand hold, of which an array may meet each by another element.
        share: of the events that meet one of them, by guess.
        settles: the predicate holds, too, if one of them does.
    """

    tests: tuple[Test, ...]
    share: float
    settles: bool


class Choice(NamedTuple):
    """Of a rule.

    Attributes:
        types: that it binds itself to; None for all.
        anchor: under which it is registered; None if there is none.
        left_open: what is to hold besides; without an anchor that is everything.
    """

    types: frozenset[str] | None
    anchor: Anchor | None
    left_open: list[Predicate]


_Found: TypeAlias = tuple[Anchor, Predicate | None]
"""An anchor, and the predicate that it comes from, if that is one."""


class _Read(NamedTuple):
    """A field that is read, and whether its texts are scanned."""

    path: Path
    scans: bool


_NEVER: Final = frozenset[str | None]()


class Anchors:
    """Chooses anchors for the rules of a set, by what all of them name and what has to be read anyway."""

    def __init__(self, predicates: Iterable[Predicate]) -> None:
        """Count the operands that tests name, per field and kind, and the tests of each field."""
        self._named: dict[tuple[Path, str], Counter[Json]] = {}
        self._tests: Counter[Path] = Counter()
        predicates = list(predicates)
        for predicate in predicates:
            for test in _positive(predicate):
                self._tests[test.path] += 1
                if not is_listed(test):
                    self._named.setdefault((test.path, _kind(test)), Counter()).update(_operands(test))
        self._totals = {of: counts.total() for of, counts in self._named.items()}
        self._read: dict[_Read, set[str | None]] = {}
        self._predicates = predicates

    def chosen(self) -> Iterator[Choice]:
        """Of each predicate the event types, the best anchor, and what is to hold besides."""
        known = [
            (event_types(predicate), parts, self._found(parts))
            for predicate, parts in zip(self._predicates, map(conjuncts, self._predicates), strict=True)
        ]
        for types, _, found in known:
            self._note_read(types, found)
        return (Choice(types, *self._chosen(types, parts, found)) for types, parts, found in known)

    def _note_read(self, types: frozenset[str] | None, found: list[_Found]) -> None:
        """Note the fields that events of the types will have to be read for, whatever is chosen."""
        anyway = set(_reads(found[0][0])) if found else set()
        for anchor, _ in found[1:]:
            anyway.intersection_update(_reads(anchor) if anyway else ())
        for read in anyway:
            self._read.setdefault(read, set()).update(types or (None,))

    def _chosen(
        self, types: frozenset[str] | None, parts: list[Predicate], found: list[_Found]
    ) -> tuple[Anchor | None, list[Predicate]]:
        if not found:
            return None, parts
        anchor, settled = min(found, key=lambda pair: self._cost(pair[0], types)) if len(found) > 1 else found[0]
        return anchor, [part for part in parts if part is not settled or not anchor.settles]

    def _found(self, conjuncts: list[Predicate]) -> list[_Found]:
        """The anchors that there are, and the predicates that they come from."""
        found: list[_Found] = [(anchor, part) for part in conjuncts if (anchor := self._anchor(part)) is not None]
        return found + [(anchor, None) for anchor in self._bands(conjuncts)]

    def _cost(self, anchor: Anchor, types: frozenset[str] | None) -> float:
        """What the anchor costs an event of the rule's types: to be met for nothing, and its part of reading fields.

        That part is small where many tests look at a field. Otherwise few rules could make all events pay for it.
        """
        cost = anchor.share
        for read in _reads(anchor):
            anyway = self._read.get(read, _NEVER)
            if None not in anyway and not (types and types <= anyway):
                cost += (_SCAN if read.scans else _LOOK_UP) / self._tests[read.path]
        return cost

    def _anchor(self, node: Predicate) -> Anchor | None:
        match node:
            case AllOf(parts):
                anchor, rest = self._chosen(None, list(parts), self._found(list(parts)))
                return anchor and anchor._replace(settles=anchor.settles and not rest)
            case AnyOf(parts):
                return _either([self._anchor(part) for part in parts])
            case Test() if (share := self._share(node)) is not None:
                # In arrays `contains` means whole elements. An index also finds parts of one: it must be asked again.
                return Anchor((node,), share, settles=node.operator != "contains")
            case _:
                return None

    def _share(self, test: Test) -> float | None:
        """How often events meet the test, by guess; None if no index can find it.

        A value is as common as one of those that rules name for the field. A piece of text that several rules look for
        is as common as it is among all that they look for: what all of them look for is nothing rare.
        """
        if test.path == _TIME:
            return None
        if is_listed(test):
            return _LISTED
        if test.operator in _BOUNDS and not _is_sortable(as_number(test.operand)):
            return None
        least = _SHARES.get(test.operator)
        if least is None:
            return None
        named, operands = self._named[test.path, _kind(test)], _operands(test)
        if _kind(test) == "in":
            return len(operands) / max(1, len(named))
        if test.operator in _BOUNDS:
            return least
        total = self._totals[test.path, _kind(test)]
        return sum(max(least, named[operand] / total if named[operand] > 1 else 0) for operand in operands)

    def _bands(self, conjuncts: list[Predicate]) -> Iterator[Anchor]:
        """A lower and an upper bound of one field, together."""
        sides: dict[tuple[Path, str], Test] = {}
        for part in conjuncts:
            if isinstance(part, Test) and part.operator in _BOUNDS and self._share(part) is not None:
                sides[part.path, _BOUNDS[part.operator]] = part
        for (path, side), low in sides.items():
            high = sides.get((path, "high"))
            if side == "low" and high is not None:
                yield Anchor((Test(path, "between", (low, high)),), _SHARES["between"], settles=False)


def conjuncts(node: Predicate) -> list[Predicate]:
    """The predicates that must all hold for the predicate to hold, without those that say its event types."""
    if isinstance(node, AllOf):
        return [inner for part in node.parts for inner in conjuncts(part)]
    return [] if named_types(node) is not None else [node]


def is_listed(test: Test) -> bool:
    """Whether the test is about a list that may be too long to index every value of it once more."""
    return isinstance(test.operand, ValueList)


def constants(test: Test) -> tuple[Json, ...]:
    """The values one of which ``equals`` or ``in`` demands, in the form in which they are compared."""
    operand: tuple[Json, ...] = test.operand if test.operator == "in" else (test.operand,)
    return tuple(item.casefold() if test.fold and isinstance(item, str) else item for item in operand)


def _is_sortable(bound: Any) -> bool:
    return bound is not None and bound == bound  # noqa: PLR0124 - NaN is not, and has no place among numbers


def _reads(anchor: Anchor) -> Iterator[_Read]:
    """What is read for an anchor. A field that is scanned is looked up, too."""
    for path in dict.fromkeys(test.path for test in anchor.tests):
        yield _Read(path, scans=False)
        if any(test.path == path and test.operator not in _LOOKED_UP for test in anchor.tests):
            yield _Read(path, scans=True)


def _kind(test: Test) -> str:
    return "in" if test.operator == "equals" else test.operator


def _operands(test: Test) -> set[Json]:
    if _kind(test) == "in":
        return set(map(identity, constants(test)))
    return set(map(identity, test.operand)) if isinstance(test.operand, tuple) else {repr(test.operand)}


def _either(anchors: list[Anchor | None]) -> Anchor | None:
    found = [anchor for anchor in anchors if anchor is not None]
    if not found or len(found) < len(anchors):
        return None
    tests = tuple(test for anchor in found for test in anchor.tests)
    return Anchor(tests, sum(anchor.share for anchor in found), all(anchor.settles for anchor in found))


def _positive(node: Predicate) -> Iterator[Test]:
    match node:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _positive(part)
        case Test():
            yield node
