"""Where a rule's events go: of all that were read, how many are left after each part of its match, and then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from trailbell.tally import RuleTally, Tally
from trailbell_engine.alert import Duplicate, Output
from trailbell_engine.compile import compile_predicate
from trailbell_engine.event import Event, Input
from trailbell_engine.matching import event_types
from trailbell_engine.phrases import predicate_text
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.predicate import Predicate, Test, to_json
from trailbell_engine.rule import Rule, RuleSet
from trailbell_engine.values import Json

from .messages import Messages
from .versions import conjunction

_TYPES_SAID: Final = 5


class Stage(NamedTuple):
    """One step: how many were left after it, and what it asks, in words."""

    left: int
    text: str


@dataclass(frozen=True, slots=True)
class Funnel:
    """Of one rule: events down to messages.

    Attributes:
        events: from all that were read to those that matched.
        fired: how often the condition was met.
        folded: how many of these were folded into an open alert.
        too_late: matches that came after their window had closed.
        errors: events on which the rule could not be evaluated.
        alerts: what opened.
        held: how many of these were held back when they opened: ``silenced``, ``inhibited``, ``muted``.
        messages: that tell of them, to all receivers; None if that was not looked at.
    """

    events: tuple[Stage, ...]
    fired: int
    folded: int
    too_late: int
    errors: int
    alerts: int
    held: Mapping[str, int]
    messages: int | None

    def to_json(self) -> dict[str, Json]:
        """``funnel`` of a rule's entry."""
        return {
            "events": [{"left": stage.left, "after": stage.text} for stage in self.events],
            "too_late": self.too_late,
            "errors": self.errors,
            "fired": self.fired,
            "folded": self.folded,
            "alerts": self.alerts,
            "held": dict(self.held),
            "messages": self.messages,
        }


class _Rule:
    """One rule's parts and how many events got past each."""

    def __init__(self, rule: Rule) -> None:
        self.types = event_types(rule.match)
        parts = [part for part in conjunction(rule.match) if not _only_types(part, self.types)]
        self.texts = [predicate_text(to_json(part)) for part in parts]
        self._asked = [compile_predicate(part) for part in parts]
        self.left = [0] * (len(parts) + 1)

    def take(self, event: Event) -> None:
        self.left[0] += 1
        for position, holds in enumerate(self._asked, start=1):
            if not _holds(holds, event):
                return
            self.left[position] += 1


class Funnels:
    """A sink that asks every rule about every event once more, part by part."""

    def __init__(self, rules: RuleSet, pipeline: Pipeline, lateness_us: Mapping[str, int]) -> None:
        """Prepare the rules.

        Args:
            rules: those to ask.
            pipeline: the one that runs them, for its watermarks.
            lateness_us: per source; its events are asked when the pipeline has let go of them.
        """
        self._rules = {rule.id: _Rule(rule) for rule in rules}
        self._lookups = rules.lookups
        self._pipeline = pipeline
        self._lateness_us = lateness_us
        self._waiting: list[Event] = []
        self._by_type, self._any_type = _by_type(list(self._rules.values()))
        self._asked = 0

    def take(self, item: Input, outputs: Sequence[Output]) -> None:
        """Ask about an event, unless it is a duplicate."""
        if not isinstance(item, Event) or (outputs and isinstance(outputs[0], Duplicate)):
            return
        if self._lateness_us.get(item.source):
            self._waiting.append(item)
        else:
            self._ask(item)

    def committed(self) -> None:
        """Ask about the events that the pipeline has let go of; what it still holds, no rule has seen."""
        watermarks = self._pipeline.watermarks()
        held = []
        for event in self._waiting:
            if event.time_us < watermarks.get(event.source, event.time_us):
                self._ask(event)
            else:
                held.append(event)
        self._waiting = held

    def of(self, rule: Rule, tally: Tally, messages: Messages | None) -> Funnel:
        """The funnel of a rule.

        Args:
            rule: one of those that were asked.
            tally: of the run.
            messages: of the run, if they were looked at.
        """
        parts, counts = self._rules[rule.id], tally.of(rule.id)
        stages = [Stage(tally.read, "read"), Stage(self._asked, "neither malformed, duplicate nor held for order")]
        if parts.types is not None:
            stages.append(Stage(parts.left[0], f"of type {_listed(sorted(parts.types))}"))
        stages += [Stage(left, text) for left, text in zip(parts.left[1:], parts.texts, strict=True)]
        told = None if messages is None else messages.per_rule.get(rule.id, 0)
        held = {} if messages is None else messages.held_per_rule
        of_rule = {what: number for (name, what), number in sorted(held.items()) if name == rule.id}
        return Funnel(tuple(stages), *_after_match(counts), of_rule, told)

    def _ask(self, event: Event) -> None:
        self._asked += 1
        event = self._lookups.enrich(event)
        for rule in self._by_type.get(event.event_type, self._any_type):
            rule.take(event)


def _listed(names: Sequence[str]) -> str:
    """Some names, and how many there are if these are not all."""
    if len(names) <= _TYPES_SAID:
        return ", ".join(names) or "none"
    return f"{', '.join(names[: _TYPES_SAID - 1])}, … ({len(names)} in all)"


def _by_type(rules: list[_Rule]) -> tuple[dict[str, list[_Rule]], list[_Rule]]:
    """The rules to ask about each type that any of them names, and about every other."""
    named = {name for rule in rules for name in rule.types or ()}
    by_type = {name: [rule for rule in rules if rule.types is None or name in rule.types] for name in named}
    return by_type, [rule for rule in rules if rule.types is None]


def _after_match(counts: RuleTally) -> tuple[int, int, int, int, int]:
    folded = sum(counts.suppressed.values())
    return counts.alerts + folded, folded, counts.too_late, sum(counts.errors.values()), counts.alerts


def _only_types(part: Predicate, types: frozenset[str] | None) -> bool:
    """Whether the part says nothing more than the event types do."""
    return isinstance(part, Test) and types is not None and event_types(part) == types


def _holds(holds: Callable[[Event], bool], event: Event) -> bool:
    """A part that cannot be asked does not hold; the run itself counts the error."""
    try:
        return holds(event)
    except Exception:  # noqa: BLE001 - as the pipeline does: one event must not stop the others
        return False
