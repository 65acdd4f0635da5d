"""Postings: the candidates that one value leads to, by event type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from trailbell_engine.rule import Rule


class Hit(NamedTuple):
    """A rule that matched; or one that could not be evaluated, and why."""

    rule: Rule
    error: Exception | None = None


class Candidate(NamedTuple):
    """A rule as the index knows it.

    Attributes:
        position: its place in the rule set, which is all that an answer holds: whole numbers in order lie side by side
            in the processor's caches, and are sorted at once.
        types: the event types it binds itself to; None for all.
    """

    position: int
    types: frozenset[str] | None


Postings: TypeAlias = Mapping[str | None, Sequence[int]]
"""From an event type to the positions of the candidates of an event of that type; None stands for all other types."""

NOTHING: Final[Postings] = {}


def postings(candidates: Iterable[Candidate]) -> Postings:
    """The candidates by event type. Those of every type stand under each name too, so that one look-up finds all."""
    everyone = list(candidates)
    free = positions(candidate for candidate in everyone if candidate.types is None)
    by_type: dict[str | None, Any] = {None: free} if free else {}
    for position, names in everyone:
        for name in names or ():
            by_type.setdefault(name, []).append(position)
    return {name: free if name is None else (*found, *free) for name, found in by_type.items()}


def positions(candidates: Iterable[Candidate]) -> tuple[int, ...]:
    """The candidates' positions."""
    return tuple(candidate.position for candidate in candidates)


def merged(several: Sequence[Postings]) -> Postings:
    """The candidates of several postings, at least one, together. A candidate may stand in it twice."""
    found = several[0]
    for other in several[1:]:
        found = {name: (*at(found, name), *at(other, name)) for name in {**found, **other}}
    return found


def at(found: Postings, event_type: str | None) -> Sequence[int]:
    """The candidates of an event of that type."""
    return found.get(event_type) or found.get(None, ())
