"""Why a predicate holds for an event, or does not: the tree again, with a verdict and the values read at every node."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .event import Event
from .interpret import test_holds
from .near_miss import near_miss
from .path import resolve
from .predicate import AllOf, AnyOf, Not, Predicate, Test, to_json
from .values import Json

VALUES_KEPT = 10
"""How many of the values a path reached are kept; a path through a long array reaches many."""


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

    def to_json(self) -> dict[str, Json]:
        """The outcome as a JSON object."""
        if self.kind != "test":
            return {"holds": self.holds, self.kind: [part.to_json() for part in self.parts]}
        test = {"holds": self.holds, "path": self.path, self.operator: self.operand, "values": list(self.values)}
        return test | ({"ignore_case": True} if self.fold else {}) | ({"remark": self.remark} if self.remark else {})


def explain(node: Predicate, event: Event) -> Verdict:
    """The verdict on the predicate and on each of its parts. Nothing is cut short: every part is asked."""
    match node:
        case AllOf(parts):
            inner = tuple(explain(part, event) for part in parts)
            return Verdict(all(part.holds for part in inner), "all", inner)
        case AnyOf(parts):
            inner = tuple(explain(part, event) for part in parts)
            return Verdict(any(part.holds for part in inner), "any", inner)
        case Not(part):
            verdict = explain(part, event)
            return Verdict(not verdict.holds, "not", (verdict,))
        case Test():
            return _explain_test(node, event)


def _explain_test(test: Test, event: Event) -> Verdict:
    found = resolve(test.path, event.data, event)
    holds = test_holds(test, found, event.data, event)
    return Verdict(
        holds=holds,
        kind="test",
        path=str(test.path),
        operator=test.operator,
        operand=to_json(test.operand),
        fold=test.fold,
        values=tuple(found[:VALUES_KEPT]),
        remark="" if holds else near_miss(test, found, event),
    )


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
