"""Coverage of a rule by its tests: was every test of ``match`` met and missed, was every severity chosen.

A test that was never missed may as well not be there, as far as the rule's tests can tell; one that was never met may
be misspelt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from trailbell_engine.event import Event
from trailbell_engine.explain import Verdict, explain
from trailbell_engine.interpret import holds
from trailbell_engine.path import PathError, parse_path
from trailbell_engine.phrases import phrase, predicate_text
from trailbell_engine.predicate import to_json
from trailbell_engine.rule import Rule
from trailbell_engine.values import Json
from trailbell_rules.document import Document, Place


class Gap(NamedTuple):
    """An outcome that no test brings about.

    Attributes:
        file, line: where the rule says it.
        what: the test, or the case of severity.
        outcome: ``never met``, ``never missed``, ``never chosen``.
    """

    file: str
    line: int
    what: str
    outcome: str

    def to_json(self) -> dict[str, Json]:
        """As a JSON object."""
        return self._asdict()


@dataclass(frozen=True, slots=True)
class Coverage:
    """What of a rule its tests exercise.

    Attributes:
        outcomes: how many there are: two for each test of ``match``, one for each alternative made of several tests,
            and one for each case of severity.
        gaps: those that no test brings about, in the order of the rule.
    """

    rule: Rule
    outcomes: int
    gaps: tuple[Gap, ...]

    @property
    def covered(self) -> int:
        """How many outcomes the tests bring about."""
        return self.outcomes - len(self.gaps)

    def to_json(self) -> dict[str, Json]:
        """One entry of ``coverage``."""
        return {
            "rule_id": self.rule.id,
            "outcomes": self.outcomes,
            "covered": self.covered,
            "gaps": [gap.to_json() for gap in self.gaps],
        }


class _Point(NamedTuple):
    """Something with outcomes that matter."""

    what: str
    path: str
    met: bool
    missed: bool | None  # None: it does not matter


def coverage_of(rule: Rule, document: Document, events: Sequence[Event], openers: Sequence[Event]) -> Coverage:
    """What the events of a rule's tests exercise.

    Args:
        rule: the rule.
        document: in which it is written.
        events: of all its tests, with the rows of its lookups.
        openers: those that opened alerts.
    """
    points = list(_points(rule, events))
    places = _Places(document)
    gaps: list[Gap] = []
    for point in points:
        line = places.line_of(point.path)
        if not point.met:
            gaps.append(Gap(document.file, line, point.what, "never met"))
        if point.missed is False:
            gaps.append(Gap(document.file, line, point.what, "never missed"))
    gaps += _severities(rule, document, openers)
    outcomes = sum(1 if point.missed is None else 2 for point in points) + len(rule.severity_cases)
    return Coverage(rule, outcomes, tuple(gaps))


def _points(rule: Rule, events: Sequence[Event]) -> Iterator[_Point]:
    """The points of the match in reading order; all verdicts on one predicate have one shape."""
    nothing = explain(rule.match, Event("coverage", "", "", 0, {}))
    flat = [list(_flat(explain(rule.match, event))) for event in events]
    for position, (node, alternative) in enumerate(_flat(nothing)):
        outcomes = {verdicts[position][0].holds for verdicts in flat}
        if node.kind == "test":
            words = phrase(node.operator, node.operand, fold=node.fold, quoted=True)
            yield _Point(f"{node.path} {words}", node.path, True in outcomes, False in outcomes)
        elif alternative:
            text = predicate_text(_plain(node))
            first = next((inner.path for inner, _ in _flat(node) if inner.kind == "test"), "")
            yield _Point(f"the alternative {text}", first, True in outcomes, None)


def _flat(verdict: Verdict, *, alternative: bool = False) -> Iterator[tuple[Verdict, bool]]:
    """Every node, and whether it is one of the parts of an ``any``."""
    yield verdict, alternative
    for part in verdict.parts:
        yield from _flat(part, alternative=verdict.kind == "any")


def _plain(verdict: Verdict) -> Json:
    """The predicate of a verdict, as ``predicate.to_json`` writes it."""
    if verdict.kind == "test":
        return {"path": verdict.path, verdict.operator: verdict.operand}
    parts = [_plain(part) for part in verdict.parts]
    return {verdict.kind: parts[0] if verdict.kind == "not" else parts}


def _severities(rule: Rule, document: Document, openers: Sequence[Event]) -> Iterator[Gap]:
    chosen = {
        next((number for number, case in enumerate(rule.severity_cases) if holds(case.test, event)), None)
        for event in openers
    }
    for number, case in enumerate(rule.severity_cases):
        if number not in chosen:
            span = document.span_of_value(("alert", "severity", number))
            words = predicate_text(to_json(case.test)) or "in any case"
            yield Gap(document.file, span.line, f"severity {case.severity} if {words}", "never chosen")


class _Places:
    """Where the fields of a rule's match stand; a field that stands several times is met in this order."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._found: dict[str, list[int]] = {}
        for place in _fields(document.at(("match",)), ("match",)):
            try:
                path = str(parse_path(str(place[-1])))
            except PathError:
                continue
            self._found.setdefault(path, []).append(document.span_of_key(place).line)

    def line_of(self, path: str) -> int:
        """The line of a field; of ``match`` for one that a named predicate brings in."""
        lines = self._found.get(path)
        if not lines:
            return self._document.span_of_key(("match",)).line
        return lines.pop(0) if len(lines) > 1 else lines[0]


def _fields(value: Json, place: Place) -> Iterator[Place]:
    for name, entry in value.items() if isinstance(value, dict) else ():
        if name in ("all", "any"):
            for position, part in enumerate(entry if isinstance(entry, list) else ()):
                yield from _fields(part, (*place, name, position))
        elif name == "not":
            yield from _fields(entry, (*place, name))
        elif name != "use":
            # A field with several operators is several tests at one place.
            operators = [key for key in entry if key != "ignore_case"] if isinstance(entry, dict) else [name]
            yield from [(*place, name)] * len(operators)


def total(found: Iterable[Coverage]) -> tuple[int, int]:
    """Covered outcomes, and all of them."""
    entries = list(found)
    return sum(entry.covered for entry in entries), sum(entry.outcomes for entry in entries)
