"""The compiled rules of a set: which of them an event matches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from trailbell_engine.compile import Compiled, Compiler
from trailbell_engine.event import Event
from trailbell_engine.operators.memo import Memory
from trailbell_engine.path import Path
from trailbell_engine.predicate import Test
from trailbell_engine.rule import RuleSet

from .anchors import Anchors
from .cases import Cases
from .field import Field
from .plan import plans
from .postings import Candidate, Case, Hit


class Matches(Protocol):
    """Something that knows which rules of a set an event matches."""

    def matches(self, event: Event) -> Sequence[Hit]:
        """The rules that the event matches, in rule order, and among them those that could not be evaluated on it."""

    def watches(self, event_type: str) -> bool:
        """Whether an event of that type may match a rule; if not, nobody need look into it."""


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
        self._cases: list[Case] = []
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
        data, before = event.data, None
        hits = []
        for case in sorted(found) if len(found) > 1 else found:
            if case is before:
                continue
            before = case
            holds = case[2]
            try:
                if holds is None or holds(data, event, case):
                    hits.append(case[1])
            except Exception as error:  # noqa: BLE001 - one rule's failure on one event must not stop the others
                hits.append(Hit(case[1].rule, error))
        return hits

    def watches(self, event_type: str) -> bool:
        """Whether an event of that type may match a rule; if not, nobody need look into it."""
        return not self._plans.get(event_type, self._others).is_idle

    def close(self) -> None:
        """Let go of everything: nothing will be asked any more. Much of it refers to itself, and would stay for long.

        It goes bit by bit, so that another thread need not wait for all of it.
        """
        for plan in (self._others, *self._plans.values()):
            plan.close()
        while self._cases:
            self._cases.pop()
        self._matches.clear()
        self._rules = RuleSet()

    def _register(self) -> dict[Path, list[tuple[Test, Candidate]]]:
        """The tests that rules are registered under, by field; rules that have none are ``_loose``."""
        choices = Anchors(rule.match for rule in self._rules).chosen()
        cases = Cases(self._compiler)
        registered: dict[Path, list[tuple[Test, Candidate]]] = {}
        for position, (rule, (types, anchor, left_open)) in enumerate(zip(self._rules, choices, strict=True)):
            case = cases.of(position, Hit(rule), left_open)
            self._cases.append(case)
            candidate = Candidate(case, types)
            if anchor is None:
                self._loose.append(candidate)
            for test in anchor.tests if anchor is not None else ():
                registered.setdefault(test.path, []).append((test, candidate))
        return registered

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
