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
from .readers import reader
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
    read = reader(path)
    if path.root is Root.HERE and all(isinstance(name, str) for name in path.segments):
        match path.segments:
            case (outer,):

                def of_field(here: Json, event: Event, operands: Sequence[Any]) -> bool:
                    value = here.get(outer) if here.__class__ is dict else None
                    return value in operands[at] if value.__class__ is str else _any(read(here, event), operands[at])

                return of_field
            case (outer, inner):

                def of_inner_field(here: Json, event: Event, operands: Sequence[Any]) -> bool:
                    value = here.get(outer) if here.__class__ is dict else None
                    value = value.get(inner) if value.__class__ is dict else None
                    return value in operands[at] if value.__class__ is str else _any(read(here, event), operands[at])

                return of_inner_field

    def holds(here: Json, event: Event, operands: Sequence[Any]) -> bool:
        value = read(here, event)
        return value in operands[at] if value.__class__ is str else _any(value, operands[at])

    return holds


def _any(value: Any, texts: frozenset[str]) -> bool:
    """The same of whatever else a reader gives."""
    return any(item.__class__ is str and item in texts for item in elements(value))
