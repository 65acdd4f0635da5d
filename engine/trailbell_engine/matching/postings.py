"""Postings: the candidates that one value leads to, by event type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from trailbell_engine.event import Event
from trailbell_engine.rule import Rule
from trailbell_engine.values import Json


class Hit(NamedTuple):
    """A rule that matched; or one that could not be evaluated, and why."""

    rule: Rule
    error: Exception | None = None


class Candidate:
    """A rule as the index knows it.

    Attributes:
        position: its place in the rule set.
        types: the event types it binds itself to; None for all.
        rest: says whether what its anchor left open holds; None if that is nothing.
        hit: what to answer if it matches.
    """

    __slots__ = ("hit", "position", "rest", "types")

    def __init__(
        self,
        position: int,
        types: frozenset[str] | None,
        rest: Callable[[Json, Event], bool] | None,
        hit: Hit,
    ) -> None:
        self.position = position
        self.types = types
        self.rest = rest
        self.hit = hit


Postings: TypeAlias = Mapping[str | None, Sequence[Candidate]]
"""From an event type to the candidates of an event of that type; None stands for types that are not named."""

NOTHING: Final[Postings] = {}


def postings(candidates: Iterable[Candidate]) -> Postings:
    """The candidates by event type. Those of every type stand under each name too, so that one look-up finds all."""
    everyone = list(candidates)
    free = tuple(candidate for candidate in everyone if candidate.types is None)
    by_type: dict[str | None, Any] = {None: free} if free else {}
    for candidate in everyone:
        for name in candidate.types or ():
            by_type.setdefault(name, []).append(candidate)
    return {name: free if name is None else (*found, *free) for name, found in by_type.items()}


def merged(several: Sequence[Postings]) -> Postings:
    """The candidates of several postings together. A candidate may stand in it twice."""
    if not several:
        return NOTHING
    if len(several) == 1:
        return several[0]
    names = {name for each in several for name in each}
    return {name: tuple(found for each in several for found in at(each, name)) for name in names}


def at(found: Postings, event_type: str | None) -> Sequence[Candidate]:
    """The candidates of an event of that type."""
    return found.get(event_type) or found.get(None, ())
