"""Cases: rules as the index's answers name them, with what is left to ask about each.

A case is one tuple: the rule's place in the set, its hit, the function that asks what the anchor leaves open (None if
that is nothing), and what is the rule's own of that: the function's operands. Rules of the same shape share the
function. With many rules waiting for memory is what an event's time goes into; a closure for each rule lies in six
pieces of it, a number that leads to a rule's parts in lists in four, a case in one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from trailbell_engine.compile import Compiled, Compiler
from trailbell_engine.event import Event
from trailbell_engine.one_of import Holds, one_of, plain_texts
from trailbell_engine.predicate import Predicate, Test
from trailbell_engine.values import Json

from .postings import Case, Hit

_BEFORE: Final = 3
"""What stands before the operands."""


class Cases:
    """Makes the cases of a set's rules."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler
        self._known: dict[frozenset[str], frozenset[str]] = {}

    def of(self, position: int, hit: Hit, parts: Iterable[Predicate]) -> Case:
        """The case of a rule whose anchor leaves these parts open: all of them must hold."""
        made = [self._part(part, at) for at, part in enumerate(parts, start=_BEFORE)]
        holds = _all(tuple(holds for holds, _ in made)) if made else None
        return (position, hit, holds, *(operand for _, operand in made))

    def _part(self, part: Predicate, at: int) -> tuple[Holds, frozenset[str] | _Later]:
        if isinstance(part, Test) and (texts := plain_texts(part)) is not None:
            return one_of(part.path, at), self._known.setdefault(texts, texts)
        return _asked(at), _Later(part, self._compiler)


class _Later:
    """A part that is compiled when it is asked for the first time: few are, of many rules."""

    __slots__ = ("_compiler", "_part", "compiled")

    def __init__(self, part: Predicate, compiler: Compiler) -> None:
        self._part = part
        self._compiler = compiler
        self.compiled: Compiled | None = None

    def compile(self) -> Compiled:
        self.compiled = compiled = self._compiler.predicate(self._part)
        return compiled


@lru_cache(maxsize=64)
def _asked(at: int) -> Holds:
    def holds(here: Json, event: Event, case: Sequence[Any]) -> bool:
        later: _Later = case[at]
        return (later.compiled or later.compile())(here, event)

    return holds


@lru_cache(maxsize=4096)
def _all(tests: tuple[Holds, ...]) -> Holds:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda here, event, case: first(here, event, case) and second(here, event, case)

    def holds(here: Json, event: Event, case: Sequence[Any]) -> bool:
        for test in tests:  # noqa: SIM110 - a plain loop costs half of what all() with a generator does
            if not test(here, event, case):
                return False
        return True

    return holds
