"""The tests of one field that look at text, as one index: from a text to the candidates of the tests it meets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from trailbell_engine.operators import OPERATORS, Check
from trailbell_engine.predicate import Test

from .affixes import Affixes
from .literals import Required, of_any, of_glob, of_pattern
from .postings import Candidate, Postings, postings
from .substrings import Substrings


class _Sought(NamedTuple):
    """What a piece of text stands for: candidates, if the whole value passes the check."""

    check: Check | None
    candidates: Postings


class Texts:
    """Tests of text in one form: as it stands, or case-folded."""

    __slots__ = ("_ends", "_equal", "_patterns", "_pieces", "_starts", "folded")

    def __init__(self, registered: Iterable[tuple[Test, Candidate]], *, folded: bool) -> None:
        """Build the index.

        Args:
            registered: tests of the operators in ``TEXT_OPERATORS`` and the candidates they lead to.
            folded: the form.
        """
        self.folded = folded
        equal, starts, ends, pieces = ({}, {}, {}, {})  # type: tuple[_Known, _Known, _Known, _Known]
        checked: dict[tuple[str, object, bool], tuple[Test, list[Candidate]]] = {}
        for test, candidate in registered:
            match test.operator:
                case "equals" | "in":
                    _note(equal, test, candidate, folded=folded)
                case "starts_with":
                    _note(starts, test, candidate, folded=folded)
                case "ends_with":
                    _note(ends, test, candidate, folded=folded)
                case "contains":
                    _note(pieces, test, candidate, folded=folded)
                case _:
                    name = (test.operator, test.operand, test.fold)
                    checked.setdefault(name, (test, []))[1].append(candidate)
        self._equal = _posted(equal)
        self._starts = Affixes(_posted(starts)) if starts else None
        self._ends = Affixes(_posted(ends), ends=True) if ends else None
        sought = {text: [_Sought(None, postings(found))] for text, found in pieces.items()}
        self._patterns = []
        for test, found in checked.values():
            pattern = _Sought(OPERATORS[test.operator].compile(test.operand, test.fold), postings(found))
            required = required_texts(test)
            if required is None:
                self._patterns.append(pattern)
            for text in required.texts if required is not None else ():
                sought.setdefault(text, []).append(pattern)
        self._pieces = Substrings(sought)

    def find(self, value: str, found: list[Postings]) -> None:
        """Add the candidates of the tests that the text meets."""
        text = value.casefold() if self.folded else value
        equal = self._equal.get(text)
        if equal is not None:
            found.append(equal)
        if self._starts is not None:
            self._starts.find(text, found)
        if self._ends is not None:
            self._ends.find(text, found)
        for sought in self._pieces.found(text):
            _check(sought, value, found)
        _check(self._patterns, value, found)


def _check(sought: Iterable[_Sought], value: str, found: list[Postings]) -> None:
    for check, candidates in sought:
        if check is None or check(value):
            found.append(candidates)


TEXT_OPERATORS = frozenset({"equals", "in", "starts_with", "ends_with", "contains", "matches", "glob"})

_Known = dict[str, list[Candidate]]


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


def _posted(known: _Known) -> dict[str, Postings]:
    return {text: postings(found) for text, found in known.items()}


def _note(known: _Known, test: Test, candidate: Candidate, *, folded: bool) -> None:
    operand = test.operand if isinstance(test.operand, tuple) else (test.operand,)
    for item in operand:
        if isinstance(item, str):
            known.setdefault(item.casefold() if folded else item, []).append(candidate)
