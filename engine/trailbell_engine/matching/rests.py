"""Rests: what its anchor leaves open of a rule, as data.

A rest is a function and its operands, in one tuple; rules of the same shape share the function. A closure for each rule
would lie in six pieces of memory, and with many rules waiting for memory is what an event's time goes into.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from trailbell_engine.compile import Compiled, Compiler
from trailbell_engine.event import Event
from trailbell_engine.one_of import Holds, one_of, plain_texts
from trailbell_engine.predicate import Predicate, Test
from trailbell_engine.values import Json

Rest: TypeAlias = tuple[Any, ...]
"""A function, which is handed the whole rest, and its operands."""


class Rests:
    """Makes the rests of a set's rules."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler
        self._known: dict[frozenset[str], frozenset[str]] = {}

    def of(self, parts: Iterable[Predicate]) -> Rest:
        """The rest of a rule; it says whether all the parts hold."""
        made = [self._part(part, at) for at, part in enumerate(parts, start=1)]
        return _all(tuple(holds for holds, _ in made)), *(operand for _, operand in made)

    def _part(self, part: Predicate, at: int) -> tuple[Holds, frozenset[str] | Compiled]:
        if isinstance(part, Test) and (texts := plain_texts(part)) is not None:
            return one_of(part.path, at), self._known.setdefault(texts, texts)
        return _asked(at), self._compiler.predicate(part)


@lru_cache(maxsize=64)
def _asked(at: int) -> Holds:
    def holds(here: Json, event: Event, rest: Sequence[Any]) -> bool:
        asked: Compiled = rest[at]
        return asked(here, event)

    return holds


@lru_cache(maxsize=4096)
def _all(tests: tuple[Holds, ...]) -> Holds:
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda here, event, rest: first(here, event, rest) and second(here, event, rest)

    def holds(here: Json, event: Event, rest: Sequence[Any]) -> bool:
        for test in tests:  # noqa: SIM110 - a plain loop costs half of what all() with a generator does
            if not test(here, event, rest):
                return False
        return True

    return holds
