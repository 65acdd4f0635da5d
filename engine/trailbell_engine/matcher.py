"""Which rules an event matches: rules that name their event types are looked up by it, the rest are always asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from .compile import compile_predicate
from .event import Event
from .path import Root
from .predicate import AllOf, Predicate, Test
from .rule import Rule, RuleSet


class Candidate(NamedTuple):
    """A rule and its compiled ``match``."""

    rule: Rule
    matches: Callable[[Event], bool]


class Matcher:
    """The compiled rules of a set, in rule order."""

    def __init__(self, rules: RuleSet) -> None:
        """Compile every rule once."""
        self._by_type: dict[str, tuple[Candidate, ...]] = {}
        self._any_type: tuple[Candidate, ...] = ()
        self._compile(rules)

    def _compile(self, rules: RuleSet) -> None:
        asked = [(event_types(rule.match), Candidate(rule, compile_predicate(rule.match))) for rule in rules]
        named = {name for names, _ in asked if names is not None for name in names}
        self._any_type = tuple(candidate for names, candidate in asked if names is None)
        self._by_type = {
            name: tuple(candidate for names, candidate in asked if names is None or name in names)
            for name in sorted(named)
        }

    def candidates(self, event: Event) -> tuple[Candidate, ...]:
        """The rules whose ``match`` must be asked about the event."""
        return self._by_type.get(event.event_type, self._any_type)


def event_types(node: Predicate) -> frozenset[str] | None:
    """The event types outside which the predicate cannot hold; None if it does not bind itself to any."""
    bound: frozenset[str] | None = None
    for names in _bindings(node):
        bound = names if bound is None else bound & names
    return bound


def _bindings(node: Predicate) -> Iterator[frozenset[str]]:
    match node:
        case AllOf(parts):
            for part in parts:
                yield from _bindings(part)
        case Test(path, "equals", str() as name, False) if _is_event_type(path):
            yield frozenset({name})
        case Test(path, "in", tuple() as names, False) if _is_event_type(path):
            yield frozenset(name for name in names if isinstance(name, str))


def _is_event_type(path: object) -> bool:
    return getattr(path, "root", None) is Root.ENVELOPE and getattr(path, "segments", None) == ("event_type",)
