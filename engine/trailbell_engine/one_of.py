"""Is a field one of some texts: the most common test, as one function for each path, with the texts as its argument.

Thousands of rules ask this of a few paths. What is a rule's own is a set of texts and nothing else, and what runs is
always the same: it stays in the processor's caches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from sys import intern
from typing import Any, TypeAlias

from .event import Event
from .path import Path, Root, elements
from .predicate import Test
from .readers import Reader, Several, reader
from .value_list import ValueList
from .values import Json

Holds: TypeAlias = Callable[[Json, Event, Sequence[Any]], bool]
"""Takes the value paths start at, the event, and operands, of which it looks at its own."""


def plain_texts(test: Test) -> frozenset[str] | None:
    """The texts of which the field must be exactly one, if that is all the test is about; else None."""
    operand = test.operand if test.operator == "in" else (test.operand,)
    if test.operator not in ("equals", "in") or test.fold or isinstance(operand, ValueList):
        return None
    return frozenset(map(intern, operand)) if all(item.__class__ is str for item in operand) else None


@lru_cache(maxsize=1024)
def one_of(path: Path, at: int) -> Holds:
    """Whether what is at the path, or in an array an element of it, is one of the texts ``operands[at]``."""
    match path:
        case Path((str() as name,), Root.HERE):
            return _of_field(name, reader(path), at)
        case Path((str() as outer, str() as name), Root.HERE):
            return _of_inner_field(outer, name, reader(path), at)
    read = reader(path)

    def holds(here: Json, event: Event, operands: Sequence[Any]) -> bool:
        value = read(here, event)
        return value in operands[at] if value.__class__ is str else _has_any(value, operands[at])

    return holds


# Up to a third of the fields that rules ask for are not there (`benchmarks/scale.py`): that is said at once.


def _of_field(name: str, read: Reader, at: int) -> Holds:
    def holds(here: Json, event: Event, operands: Sequence[Any]) -> bool:
        value = here.get(name) if here.__class__ is dict else read(here, event)
        if value.__class__ is str:
            return value in operands[at]
        return value is not None and _has_any(value, operands[at])

    return holds


def _of_inner_field(outer: str, name: str, read: Reader, at: int) -> Holds:
    def holds(here: Json, event: Event, operands: Sequence[Any]) -> bool:
        value = here.get(outer) if here.__class__ is dict else here
        if value.__class__ is dict:
            value = value.get(name)
        elif value is not None:
            value = read(here, event)
        if value.__class__ is str:
            return value in operands[at]
        return value is not None and _has_any(value, operands[at])

    return holds


def _has_any(value: Any, texts: frozenset[str]) -> bool:
    """The same of what a reader gives that is no text."""
    if value.__class__ is not list and value.__class__ is not Several:
        return False
    try:
        return not texts.isdisjoint(value)
    except TypeError:  # an element is an array or an object, which no set can be asked for
        return any(item.__class__ is str and item in texts for item in elements(value))
