"""Events that rules were asked about where they were read, so that most of them need never be decoded whole.

Whether an event matches depends on nothing but the event. So it can be asked in another process, or of a few columns
of a table, and what comes after it (order, duplicates, conditions, alerts) takes the answer with the event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Final, NamedTuple, Self, TypeAlias

from trailbell_engine.event import Event
from trailbell_engine.matching import Matcher
from trailbell_engine.matching.postings import Hit
from trailbell_engine.path import Path, Root
from trailbell_engine.predicate import AllOf, AnyOf, Not, Predicate, Test
from trailbell_engine.rule import RuleSet
from trailbell_engine.value_list import ValueList

Positions: TypeAlias = tuple[tuple[int, ...], ...]
"""Of each rule set that was asked: the places in it of the rules that match."""

NOTHING: Final[Any] = {}
"""The record of an event that no rule matches: nobody looks into it."""


class Judged(Event):
    """An event with the rules that it matches.

    Attributes:
        hits: per rule set that was asked; empty if no rule of any matches. Then the record may be empty, too.
    """

    hits: tuple[Sequence[Hit], ...] = ()

    def _replace(self, **changes: Any) -> Self:
        """The event with other fields and the same answers."""
        replaced = super()._replace(**changes)
        replaced.hits = self.hits
        return replaced


class Given(NamedTuple):
    """What a pipeline asks instead of its own index: an event that has been judged brings the answer along.

    Attributes:
        matcher: for events that have not.
        number: of the rule set, among those that were asked.
    """

    matcher: Matcher
    number: int

    def matches(self, event: Event) -> Sequence[Hit]:
        """The rules that the event matches."""
        if isinstance(event, Judged):
            return event.hits[self.number] if event.hits else ()
        return self.matcher.matches(event)

    def watches(self, event_type: str) -> bool:
        """Whether an event of that type may match a rule."""
        return self.matcher.watches(event_type)


class Judge:
    """Asks rule sets about events.

    Attributes:
        matchers: one per rule set.
        fields: the names of the fields, at the top of a record, that any rule's match reads; None if that is not known.
    """

    def __init__(self, rule_sets: Sequence[RuleSet]) -> None:
        """Compile the rules."""
        self.matchers = tuple(map(Matcher, rule_sets))
        self.fields = _fields(rule_sets)
        self._asks = [_ask(matcher, rules) for matcher, rules in zip(self.matchers, rule_sets, strict=True)]
        self._positions = [{rule.id: position for position, rule in enumerate(rules)} for rules in rule_sets]
        self._hits = [[Hit(rule) for rule in rules] for rules in rule_sets]

    def given(self, number: int) -> Given:
        """For the pipeline of that rule set."""
        return Given(self.matchers[number], number)

    def positions(self, event: Event) -> Positions | None:
        """The rules that the event matches; nothing if there are none. None: a rule failed, so it must be asked again.

        An error can hold anything, and need not be fit to travel.
        """
        found = [ask(event) for ask in self._asks]
        if not any(found):
            return ()
        if any(hit.error is not None for hits in found for hit in hits):
            return None
        return tuple(
            tuple(positions[hit.rule.id] for hit in hits)
            for hits, positions in zip(found, self._positions, strict=True)
        )

    def judged(self, event: Event, positions: Positions | None) -> Event:
        """The event with its answers."""
        if positions is None:
            return event
        made = Judged(*event)
        if positions:
            made.hits = tuple(
                tuple(hits[place] for place in places) for hits, places in zip(self._hits, positions, strict=True)
            )
        return made


def _ask(matcher: Matcher, rules: RuleSet) -> Callable[[Event], Sequence[Hit]]:
    if not rules.lookups.by_name:
        return matcher.matches
    return lambda event: matcher.matches(rules.lookups.enrich(event))


def _fields(rule_sets: Sequence[RuleSet]) -> frozenset[str] | None:
    names = set()
    for rules in rule_sets:
        if any(_asks_for_all(rule.match) for rule in rules):
            return None
        keys = [lookup.key for lookup in rules.lookups.by_name.values()]
        for path in (*keys, *(path for rule in rules for path in _paths(rule.match))):
            if path.root in (Root.ENVELOPE, Root.LOOKUP):
                continue
            first = path.segments[0] if path.segments else None
            if isinstance(first, str):
                names.add(first)
            elif path.root is Root.EVENT:
                return None
    return frozenset(names)


def _asks_for_all(node: Predicate) -> bool:
    """Whether a test is about the record as a whole."""
    match node:
        case AllOf(parts) | AnyOf(parts):
            return any(map(_asks_for_all, parts))
        case Not(part):
            return _asks_for_all(part)
        case Test(path):
            return not path.segments


def _paths(node: object) -> Iterator[Path]:
    """Every path in a predicate, whatever it is an operand of. Those of elements are among them; they do no harm."""
    if isinstance(node, Path):
        yield node
    elif is_dataclass(node):
        for each in fields(node):
            yield from _paths(getattr(node, each.name))
    elif isinstance(node, tuple) and not isinstance(node, ValueList):
        for item in node:
            yield from _paths(item)
