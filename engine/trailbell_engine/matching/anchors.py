"""Anchors: the test under which a rule is registered, chosen so that few events meet it.

If a rule holds, so does one of its anchor's tests: it need be asked only about events that meet one of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from trailbell_engine.operators.ordering import number as as_number
from trailbell_engine.path import Path, Root
from trailbell_engine.predicate import AllOf, AnyOf, Predicate, Test
from trailbell_engine.value_list import ValueList
from trailbell_engine.values import Json, identity

from .event_types import named_types

# How often events meet a test of the kind, at the least, as a guess. Beyond that a test is as common as one in the
# number of different operands that rules name for the field: what all of them look for is nothing rare.
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
_ALIKE: Final = 2.0
"""Guesses this close are equal. Then the field that more rules look at is better: it is read anyway."""
_RARE: Final = 0.0005
"""Nor does it matter how much less often than this something happens."""
_TIME: Final = Path(("time",), Root.ENVELOPE)  # must be written out to be compared, and is always new
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


class Anchors:
    """Chooses anchors for the rules of a set, by how many values all of them name for a field."""

    def __init__(self, predicates: Iterable[Predicate]) -> None:
        """Count the operands that tests name, per field and kind, and the tests of each field."""
        named: dict[tuple[Path, str], set[Json]] = {}
        self._tests: Counter[Path] = Counter()
        for predicate in predicates:
            for test in _positive(predicate):
                self._tests[test.path] += 1
                if not is_listed(test):
                    named.setdefault((test.path, _kind(test)), set()).update(_operands(test))
        self._named = {of: len(operands) for of, operands in named.items()}

    def choose(self, conjuncts: list[Predicate]) -> tuple[Anchor | None, list[Predicate]]:
        """The best anchor of predicates that must all hold, and those that it does not settle.

        Without an anchor everything is left open.
        """
        found: list[tuple[Anchor, Predicate | None]] = [
            (anchor, part) for part in conjuncts if (anchor := self._anchor(part)) is not None
        ]
        found += [(anchor, None) for anchor in self._bands(conjuncts)]
        if not found:
            return None, conjuncts
        best = min(max(anchor.share, _RARE) for anchor, _ in found) * _ALIKE
        anchor, settled = max((pair for pair in found if pair[0].share <= best), key=lambda pair: self._worth(pair[0]))
        return anchor, [part for part in conjuncts if part is not settled or not anchor.settles]

    def _worth(self, anchor: Anchor) -> tuple[bool, int, float]:
        exact = all(test.operator in ("equals", "in") for test in anchor.tests)
        return exact, min(self._tests[test.path] for test in anchor.tests), -anchor.share

    def _anchor(self, node: Predicate) -> Anchor | None:
        match node:
            case AllOf(parts):
                anchor, rest = self.choose(list(parts))
                return anchor and anchor._replace(settles=anchor.settles and not rest)
            case AnyOf(parts):
                return _either([self._anchor(part) for part in parts])
            case Test() if (share := self._share(node)) is not None:
                # In arrays `contains` means whole elements. An index also finds parts of one: it must be asked again.
                return Anchor((node,), share, settles=node.operator != "contains")
            case _:
                return None

    def _share(self, test: Test) -> float | None:
        if test.path == _TIME:
            return None
        if is_listed(test):
            return _LISTED
        if test.operator in _BOUNDS and not _is_sortable(as_number(test.operand)):
            return None
        least = _SHARES.get(test.operator)
        if least is None:
            return None
        operands = _operands(test)
        return len(operands) * max(least, 1 / max(1, self._named[test.path, _kind(test)]))

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
