"""What follows from tests on one field: which exclude each other, and which imply which.

Sound where it says *certain*, and silent where it is not sure. Arrays are the difficulty: ``roles: admin`` and
``roles: ops`` exclude each other on a text and may both hold on an array.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final, NamedTuple

from trailbell_engine.operators import OPERATORS
from trailbell_engine.path import Path, Root
from trailbell_engine.predicate import Test
from trailbell_engine.values import Json

from .located import Claim, claims, inner

_VALUES: Final = frozenset({"equals", "in"})
_BY_VALUE: Final = frozenset(
    {*_VALUES, "contains", "starts_with", "ends_with", "matches", "glob", "gt", "gte", "lt", "lte"}
)
"""Operators that say of one value alone whether they hold."""
_LOWER: Final = frozenset({"gt", "gte"})
_UPPER: Final = frozenset({"lt", "lte"})
_MOST_VALUES: Final = 1_000
"""A longer list is not gone through: nobody contradicts a thousand values by mistake."""
MOST_CLAIMS: Final = 200
"""More tests are not compared with one another: no hand wrote them, and pairs grow with the square."""
_LENGTH: Final = Claim((), Test(Path(()), "gte", 0))
"""What is true of every length."""


class Contradiction(NamedTuple):
    """Two tests that exclude each other, or one that excludes itself.

    Attributes:
        certain: on every event; otherwise only where the field is no array.
    """

    first: Claim
    second: Claim
    certain: bool

    @property
    def named(self) -> bool:
        """Whether a definition takes part."""
        return self.first.named or self.second.named


def contradiction(found: Sequence[Claim], *, scalar: bool = False) -> Contradiction | None:
    """Two of the tests that cannot hold together, or None; a certain pair rather than another.

    Args:
        found: the tests, all of which must hold.
        scalar: they are about a value that is no array, such as a length.
    """
    lesser = None
    for claim in found:
        certain = _excludes_itself(claim)
        if certain is not None:
            return Contradiction(claim, claim, certain)
    for first, second in combinations(found, 2) if len(found) <= MOST_CLAIMS else ():
        certain = _exclusive(first, second, scalar=scalar)
        if certain:
            return Contradiction(first, second, certain=True)
        if certain is False and lesser is None:
            lesser = Contradiction(first, second, certain=False)
    return lesser


def _excludes_itself(claim: Claim) -> bool | None:
    test = claim.test
    if test.operator == "exists":
        return True if claim.negated and test.path.root is Root.ENVELOPE else None
    if claim.negated:
        return None
    if test.operator == "length":
        inside = contradiction([_LENGTH, *claims(inner(claim))], scalar=True)
        return inside and inside.certain
    if test.operator == "any_element":
        inside = contradiction(claims(inner(claim)))
        return inside and inside.certain
    return None


def _exclusive(first: Claim, second: Claim, *, scalar: bool) -> bool | None:
    """Whether two tests exclude each other: True on every event, False where the field is no array, None if not."""
    for absent, present in ((first, second), (second, first)):
        if absent.negated and absent.test.operator == "exists" and not present.negated:
            return True if _within(present.test.path, absent.test.path) else None
    if first.test.path != second.test.path or (first.negated and second.negated):
        return None
    if first.negated or second.negated:
        negated, positive = (first, second) if first.negated else (second, first)
        return _refuted(positive.test, negated.test, scalar=scalar)
    certain = scalar or first.test.path.root is Root.ENVELOPE
    apart = any(_apart(one.test, other.test) for one, other in ((first, second), (second, first)))
    return certain if apart else None


def _within(path: Path, whole: Path) -> bool:
    return path.root is whole.root and path.segments[: len(whole.segments)] == whole.segments


def _refuted(positive: Test, negated: Test, *, scalar: bool) -> bool | None:
    """Whether the positive test holds only where the negated one holds too."""
    if positive == negated or _implied(positive, negated):
        return True
    if scalar and positive.operator in _LOWER | _UPPER and negated.operator == positive.operator:
        return _bound_implies(positive, negated) or None
    return None


def _apart(test: Test, other: Test) -> bool:
    """Whether no single value meets both."""
    values = values_of(test)
    if values is not None and other.operator in _BY_VALUE and _comparable(test, other):
        return not any(_holds(other, value) for value in values)
    if test.operator in _LOWER and other.operator in _UPPER:
        stricter = "gt" if "gt" in (test.operator, "gt" if other.operator == "lt" else "") else "gte"
        return not OPERATORS[stricter].holds(other.operand, test.operand, False)
    if test.operator == other.operator and test.operator in ("starts_with", "ends_with"):
        return not any(_extends(test, one, two) for one in test.operand for two in other.operand)
    return False


def _extends(test: Test, one: str, two: str) -> bool:
    one, two = one.casefold(), two.casefold()
    if test.operator == "starts_with":
        return one.startswith(two) or two.startswith(one)
    return one.endswith(two) or two.endswith(one)


def values_of(test: Test) -> tuple[Json, ...] | None:
    """The values that alone meet the test, if they are few."""
    if test.operator == "equals":
        return (test.operand,)
    return test.operand if test.operator == "in" and len(test.operand) <= _MOST_VALUES else None


def _comparable(test: Test, other: Test) -> bool:
    """A test without case stands for values that are not written; only another without case can speak of them."""
    few = not isinstance(other.operand, tuple) or len(other.operand) <= _MOST_VALUES
    return few and (other.fold or not test.fold)


def _holds(test: Test, value: Json) -> bool:
    return OPERATORS[test.operator].holds(value, test.operand, test.fold)


def implies(claim: Claim, other: Claim) -> bool:
    """Whether the second test holds on every event on which the first does."""
    if claim.negated and other.negated:
        return implies(Claim((), other.test), Claim((), claim.test))
    if claim.negated or other.negated:
        return False
    return claim.test == other.test or _implied(claim.test, other.test)


def _implied(test: Test, other: Test) -> bool:
    if other.operator == "exists":
        return _within(test.path, other.path)
    if test.path != other.path:
        return False
    if test.operator == other.operator and test.operator in _LOWER | _UPPER:
        return _bound_implies(test, other)
    values = values_of(test)
    if values is None or other.operator not in _BY_VALUE or OPERATORS[other.operator].whole:
        return False
    return _comparable(test, other) and all(_holds(other, value) for value in values)


def _bound_implies(test: Test, other: Test) -> bool:
    """``gt: 5`` implies ``gt: 3``, and ``lt: 3`` implies ``lt: 5``."""
    loose = "gte" if test.operator in _LOWER else "lte"
    return OPERATORS[loose].holds(test.operand, other.operand, False)
