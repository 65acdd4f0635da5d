"""The event types that a rule binds itself to, which is the first thing it is looked up by."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from trailbell_engine.path import Path, Root
from trailbell_engine.predicate import AllOf, AnyOf, Predicate, Test

EVENT_TYPE = Path(("event_type",), Root.ENVELOPE)


def event_types(node: Predicate) -> frozenset[str] | None:
    """The event types outside which the predicate cannot hold; None if it does not bind itself to any."""
    match node:
        case AllOf(parts):
            return _all(map(event_types, parts))
        case AnyOf(parts):
            return _any(list(map(event_types, parts)))
        case Test():
            return named_types(node)
        case _:
            return None


def named_types(node: Predicate) -> frozenset[str] | None:
    """The event types for which the predicate holds, if it is about nothing else; None otherwise."""
    match node:
        case Test(path, "equals", str() as name, False) if path == EVENT_TYPE:
            return frozenset({name})
        case Test(path, "in", tuple() as names, False) if path == EVENT_TYPE:
            return frozenset(name for name in names if isinstance(name, str))
        case _:
            return None


def _all(bounds: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    named = [names for names in bounds if names is not None]
    return reduce(frozenset.intersection, named) if named else None


def _any(bounds: list[frozenset[str] | None]) -> frozenset[str] | None:
    named = [names for names in bounds if names is not None]
    return frozenset[str]().union(*named) if len(named) == len(bounds) else None
