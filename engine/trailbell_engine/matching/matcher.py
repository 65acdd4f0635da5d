"""The compiled rules of a set: which of them an event matches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from trailbell_engine.compile import Compiled, Compiler
from trailbell_engine.event import Event
from trailbell_engine.one_of import Holds
from trailbell_engine.operators.memo import Memory
from trailbell_engine.path import Path
from trailbell_engine.predicate import Test
from trailbell_engine.rule import RuleSet
from trailbell_engine.values import Json

from .anchors import Anchors, conjuncts
from .event_types import event_types
from .field import Field
from .plan import plans
from .postings import Candidate, Hit
from .rests import Rest, Rests


class Matches(Protocol):
    """Something that knows which rules of a set an event matches."""

    def matches(self, event: Event) -> Sequence[Hit]:
        """The rules that the event matches, in rule order, and among them those that could not be evaluated on it."""


class Matcher:
    """The rules of a set, indexed.

    Attributes:
        memory: what remembered answers take, with its counters.
    """

    def __init__(self, rules: RuleSet, memory: Memory | None = None) -> None:
        """Index the rules. What few events ask for is compiled when the first one does."""
        self.memory = memory or Memory()
        self._rules = rules
        self._compiler = Compiler(self.memory)
        self._matches: dict[str, Compiled] = {}
        self._loose: list[Candidate] = []
        self._hits = [Hit(rule) for rule in rules]
        self._compiled_rests = Rests(self._compiler)
        self._rests: list[Rest | None] = [None] * len(self._hits)  # what their anchors leave open
        registered = self._register()
        self._others, self._plans = plans(
            {path: Field(tests, self.memory) for path, tests in registered.items()},
            {path: {candidate for _, candidate in tests} for path, tests in registered.items()},
            self._loose,
        )

    def matches(self, event: Event) -> Sequence[Hit]:
        """The rules that the event matches, in rule order, and among them those that could not be evaluated on it.

        A rule that another test rules out already may not have been evaluated at all.
        """
        try:
            found = self._plans.get(event.event_type, self._others).find(event)
        except Exception:  # noqa: BLE001 - a value that an index cannot take must not stop the rules that never look at it
            return self._one_by_one(event)
        if not found:
            return ()
        if len(found) > 1:
            found.sort()
        data, rests, before = event.data, self._rests, -1
        hits = []
        for position in found:
            if position == before:
                continue
            before = position
            try:
                rest = rests[position]
                if rest is None or rest[0](data, event, rest):
                    hits.append(self._hits[position])
            except Exception as error:  # noqa: BLE001 - one rule's failure on one event must not stop the others
                hits.append(Hit(self._hits[position].rule, error))
        return hits

    def close(self) -> None:
        """Let go of everything: nothing will be asked any more. Much of it refers to itself, and would stay for long.

        It goes bit by bit, so that another thread need not wait for all of it.
        """
        while self._rests:
            self._rests.pop()
        for plan in (self._others, *self._plans.values()):
            plan.close()
        self._matches.clear()
        self._hits.clear()
        self._rules = RuleSet()

    def _register(self) -> dict[Path, list[tuple[Test, Candidate]]]:
        """The tests that rules are registered under, by field; rules that have none are ``_loose``."""
        anchors = Anchors(rule.match for rule in self._rules)
        registered: dict[Path, list[tuple[Test, Candidate]]] = {}
        for position, rule in enumerate(self._rules):
            types = event_types(rule.match)
            anchor, rest = anchors.choose(conjuncts(rule.match))
            candidate = Candidate(position, types)
            if rest:
                self._rests[position] = (self._asked_first, position, rest)
            if anchor is None:
                self._loose.append(candidate)
            for test in anchor.tests if anchor is not None else ():
                registered.setdefault(test.path, []).append((test, candidate))
        return registered

    def _asked_first(self, here: Json, event: Event, rest: Rest) -> bool:
        _, position, parts = rest
        self._rests[position] = compiled = self._compiled_rests.of(parts)
        holds: Holds = compiled[0]
        return holds(here, event, compiled)

    def _one_by_one(self, event: Event) -> list[Hit]:
        hits = []
        for rule in self._rules:
            if rule.id not in self._matches:
                self._matches[rule.id] = self._compiler.predicate(rule.match)
            try:
                if self._matches[rule.id](event.data, event):
                    hits.append(Hit(rule))
            except Exception as error:  # noqa: BLE001 - as above
                hits.append(Hit(rule, error))
        return hits
