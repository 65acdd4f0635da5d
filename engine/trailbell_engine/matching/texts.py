"""The tests of one field that look at text, as one index: from a text to the candidates of the tests it meets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from trailbell_engine.operators import OPERATORS, Check
from trailbell_engine.predicate import Test

from .literals import Required, of_any, of_glob, of_pattern
from .occurrences import END, START, Occurrences
from .postings import Candidate, Postings, postings


class _Sought(NamedTuple):
    """What a piece of text stands for: candidates, if the whole value passes the check."""

    check: Check
    candidates: Postings


class Texts:
    """Tests of text in one form: as it stands, or case-folded."""

    __slots__ = ("_equal", "_loose", "_pieces", "folded")

    def __init__(self, registered: Iterable[tuple[Test, Candidate]], *, folded: bool) -> None:
        """Build the index.

        Args:
            registered: tests of the operators in ``TEXT_OPERATORS`` and the candidates they lead to.
            folded: the form.
        """
        self.folded = folded
        self._equal: dict[str, Postings] = {}
        self._loose: list[_Sought] = []
        asked: dict[tuple[str, object, bool], tuple[Test, list[Candidate]]] = {}
        for test, candidate in registered:
            for part in parts_of(test, folded=folded):
                asked.setdefault((part.operator, part.operand, part.fold), (part, []))[1].append(candidate)
        pieces: dict[str, list[_Sought]] = {}
        for test, found in asked.values():
            if test.operator == "equals":
                self._equal[test.operand] = postings(found)
                continue
            sought = _Sought(OPERATORS[test.operator].compile(test.operand, test.fold), postings(found))
            texts = pieces_of(test)
            if texts is None:
                self._loose.append(sought)
            for text in texts or ():
                pieces.setdefault(text, []).append(sought)
        self._pieces = Occurrences(pieces) if pieces else None

    def find(self, value: str, found: list[Postings]) -> None:
        """Add the candidates of the tests that the text meets."""
        text = value.casefold() if self.folded else value
        if self._equal and (equal := self._equal.get(text)) is not None:
            found.append(equal)
        if self._pieces is not None:
            for sought in self._pieces.found(text):
                _check(sought, value, found)
        if self._loose:
            _check(self._loose, value, found)


def _check(sought: Iterable[_Sought], value: str, found: list[Postings]) -> None:
    for check, candidates in sought:
        if check(value):
            found.append(candidates)


def parts_of(test: Test, *, folded: bool) -> Iterator[Test]:
    """Tests of one text each, of which one holds if the test does. Patterns stay together: one check runs them."""
    if test.operator in ("matches", "glob"):
        yield test
        return
    operator = "equals" if test.operator == "in" else test.operator
    for item in test.operand if isinstance(test.operand, tuple) else (test.operand,):
        if isinstance(item, str):
            text = item.casefold() if folded else item
            yield Test(test.path, operator, text if operator == "equals" else (text,), folded)


def pieces_of(test: Test) -> Iterable[str] | None:
    """Texts of which one is in every text that passes; None if there are none, or they are not known."""
    match test.operator:
        case "starts_with":
            return (f"{START}{test.operand[0]}",)
        case "ends_with":
            return (f"{test.operand[0]}{END}",)
        case "contains":
            return (test.operand[0],)
        case _:
            required = required_texts(test)
            return None if required is None else sorted(required.texts)


TEXT_OPERATORS = frozenset({"equals", "in", "starts_with", "ends_with", "contains", "matches", "glob"})


def is_folded(test: Test) -> bool:
    """Whether the test is sought in the case-folded form of a text."""
    if test.operator not in ("matches", "glob"):
        return test.fold
    required = required_texts(test)
    return required is not None and required.folded


def required_texts(test: Test) -> Required | None:
    """What ``matches`` or ``glob`` requires of a text that passes it; None if that is nothing, or not known."""
    read = of_pattern if test.operator == "matches" else of_glob
    return of_any(read(source, fold=test.fold) for source in test.operand)
