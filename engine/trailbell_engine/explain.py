"""Why a predicate holds for an event, or does not: the tree again, with a verdict and the values read at every node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .event import Event
from .interpret import test_holds
from .near_miss import near_miss
from .operators.structure import size
from .path import resolve
from .predicate import AllOf, AnyOf, Not, Predicate, Test, to_json
from .values import Json

VALUES_KEPT = 10
"""How many of the values a path reached are kept; a path through a long array reaches many."""


INSIDE_KEPT = 2
"""How many elements are shown: those that settle the test, or come nearest."""
ELEMENTS_ASKED = 1_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """One node's outcome.

    Attributes:
        holds: whether it holds for the event.
        kind: ``all``, ``any``, ``not`` or ``test``.
        parts: the outcomes of its parts, in rule order; a test has none.
        path, operator, operand, fold: of a test; the operand as JSON.
        values: of a test: the first values its path reached; none means MISSING.
        remark: of a test that does not hold: what is nearly right about it.
        inside: of a test on elements or a length: the verdicts on those that come nearest to settling it.
    """

    holds: bool
    kind: str
    parts: tuple[Verdict, ...] = ()
    path: str = ""
    operator: str = ""
    operand: Json = None
    fold: bool = False
    values: tuple[Json, ...] = ()
    remark: str = ""
    inside: tuple[Inside, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """The outcome as a JSON object."""
        if self.kind != "test":
            return {"holds": self.holds, self.kind: [part.to_json() for part in self.parts]}
        test = {"holds": self.holds, "path": self.path, self.operator: self.operand, "values": list(self.values)}
        test |= {"ignore_case": True} if self.fold else {}
        test |= {"remark": self.remark} if self.remark else {}
        inside = [{"at": part.at, "verdict": part.verdict.to_json()} for part in self.inside]
        return test | ({"inside": inside} if inside else {})


class Inside(NamedTuple):
    """The verdict on one element, ``[2]``, or on a ``length``."""

    at: str
    verdict: Verdict


def explain(node: Predicate, event: Event) -> Verdict:
    """The verdict on the predicate and on each of its parts. Nothing is cut short: every part is asked."""
    return _explain(node, event.data, event)


def _explain(node: Predicate, here: Json, event: Event) -> Verdict:
    match node:
        case AllOf(parts):
            inner = tuple(_explain(part, here, event) for part in parts)
            return Verdict(all(part.holds for part in inner), "all", inner)
        case AnyOf(parts):
            inner = tuple(_explain(part, here, event) for part in parts)
            return Verdict(any(part.holds for part in inner), "any", inner)
        case Not(part):
            verdict = _explain(part, here, event)
            return Verdict(not verdict.holds, "not", (verdict,))
        case Test():
            return _explain_test(node, here, event)


def _explain_test(test: Test, here: Json, event: Event) -> Verdict:
    found = resolve(test.path, here, event)
    holds = test_holds(test, found, here, event)
    return Verdict(
        holds=holds,
        kind="test",
        path=str(test.path),
        operator=test.operator,
        operand=to_json(test.operand),
        fold=test.fold,
        values=tuple(found[:VALUES_KEPT]),
        remark="" if holds else near_miss(test, found, event, here),
        inside=tuple(_inside(test, found, event, holds=holds)),
    )


def _inside(test: Test, found: Sequence[Json], event: Event, *, holds: bool) -> Sequence[Inside]:
    """What settles a test on elements, or comes nearest to it; nothing for other tests."""
    if test.operator == "length":
        sizes = [length for value in found if (length := size(value)) is not None]
        return [Inside("length", _explain(test.operand, length, event)) for length in sizes[:INSIDE_KEPT]]
    if test.operator not in ("any_element", "every_element"):
        return []
    elements = [element for value in found if isinstance(value, list) for element in value]
    told = (
        Inside(f"[{position}]", _explain(test.operand, element, event))
        for position, element in enumerate(elements[:ELEMENTS_ASKED])
    )
    wanted = test.operator == "any_element"
    if holds is not wanted:  # no element is as it must be, or all are: those that come nearest, the first of equals
        return sorted(told, key=lambda inside: -_met(inside.verdict))[: INSIDE_KEPT if not holds else 0]
    return [inside for inside in told if inside.verdict.holds is wanted][:INSIDE_KEPT]


def _met(verdict: Verdict) -> float:
    """How much of it holds, from 0 to 1."""
    if verdict.kind == "test" or not verdict.parts:
        return float(verdict.holds)
    if verdict.kind == "not":
        return 1 - _met(verdict.parts[0])
    shares = [_met(part) for part in verdict.parts]
    return max(shares) if verdict.kind == "any" else sum(shares) / len(shares)


def decisive(verdict: Verdict) -> Iterator[Verdict]:
    """The tests that settle the verdict: for one that does not hold, those that would have to change."""
    if verdict.kind == "test":
        yield verdict
        return
    # One failing part settles `all`, one holding part settles `any`; otherwise every part had its share.
    settling = [part for part in verdict.parts if part.holds == verdict.holds]
    parts = verdict.parts if verdict.kind == "not" else settling
    for part in parts:
        yield from decisive(part)
