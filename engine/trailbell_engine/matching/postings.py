"""Postings: the candidates that one value leads to, by event type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from trailbell_engine.rule import Rule


class Hit(NamedTuple):
    """A rule that matched; or one that could not be evaluated, and why."""

    rule: Rule
    error: Exception | None = None


Case: TypeAlias = tuple[Any, ...]
"""A rule as an answer names it (see ``cases``). Its place in the rule set comes first in it, so cases sort by that."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A rule as the index knows it.

    Attributes:
        case: what an answer holds of it.
        types: the event types it binds itself to; None for all.
    """

    case: Case
    types: frozenset[str] | None


Postings: TypeAlias = Mapping[str | None, Sequence[Case]]
"""From an event type to the cases for an event of that type; None stands for all other types."""

NOTHING: Final[Postings] = {}


def postings(candidates: Iterable[Candidate]) -> Postings:
    """The candidates by event type. Those of every type stand under each name too, so that one look-up finds all."""
    everyone = list(candidates)
    free = cases(candidate for candidate in everyone if candidate.types is None)
    by_type: dict[str | None, Any] = {None: free} if free else {}
    for candidate in everyone:
        for name in candidate.types or ():
            by_type.setdefault(name, []).append(candidate.case)
    return {name: free if name is None else (*found, *free) for name, found in by_type.items()}


def cases(candidates: Iterable[Candidate]) -> tuple[Case, ...]:
    """The candidates' cases."""
    return tuple(candidate.case for candidate in candidates)


def merged(several: Sequence[Postings]) -> Postings:
    """The candidates of several postings, at least one, together. A candidate may stand in it twice."""
    found = several[0]
    for other in several[1:]:
        found = {name: (*at(found, name), *at(other, name)) for name in {**found, **other}}
    return found


def at(found: Postings, event_type: str | None) -> Sequence[Case]:
    """The cases for an event of that type."""
    return found.get(event_type) or found.get(None, ())
