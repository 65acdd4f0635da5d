"""What a rule made of one event of the history: the answer to ``dry-run --why-not``."""

from __future__ import annotations

from collections.abc import Sequence

from trailbell.explaining import Memory, WhyNot, memory_of, why_not
from trailbell.membership import membership_of, possible_words
from trailbell.store.alerts import StoredAlert
from trailbell_engine.alert import Alert, Duplicate, Matched, Output, Updated
from trailbell_engine.conditions import spec_of
from trailbell_engine.event import Event, Input
from trailbell_engine.lookup import Lookups
from trailbell_engine.rule import Rule
from trailbell_engine.state import State
from trailbell_notifiers.policy.routing import Route


class Witness:
    """A sink that waits for an event, and looks at what the rule remembers when it has taken it."""

    def __init__(self, rule: Rule, event_id: str, lookups: Lookups, state: State) -> None:
        """Wait.

        Args:
            rule: one of those that run.
            event_id: or the beginning of it.
            lookups: of the rule set.
            state: of the run.
        """
        self._rule = rule
        self._wanted = event_id
        self._lookups = lookups
        self._state = state
        self._event: Event | None = None
        self._memory: Memory | None = None
        self._folded: set[str] = set()

    def take(self, item: Input, outputs: Sequence[Output]) -> None:
        """Look whether it is the event, what the event was held back for, or a firing to which it contributed."""
        known = bool(outputs) and isinstance(outputs[0], Duplicate)
        if isinstance(item, Event) and not known and self._is_better(item):
            self._event, self._memory, self._folded = self._lookups.enrich(item), None, set()
        if self._event is not None:
            for output in outputs:
                self._look(output, self._event)

    def _look(self, output: Output, event: Event) -> None:
        if isinstance(output, Updated) and output.rule_id == self._rule.id and event.id in output.event_ids:
            self._folded.add(output.alert_id)  # the alert may have as many events as it lists already
        if self._memory is not None or not isinstance(output, Matched):
            return
        if output.rule_id == self._rule.id and output.event.id == event.id:
            self._memory = memory_of(self._rule, event, self._state, event.time_us)

    def _is_better(self, event: Event) -> bool:
        """Whether it is the event, or the first whose id begins so."""
        if self._event is None:
            return event.id.startswith(self._wanted)
        return event.id == self._wanted != self._event.id

    def committed(self) -> None:
        """Nobody waits for it."""

    def answer(self, alerts: Sequence[StoredAlert], route: Route | None) -> WhyNot | None:
        """What came of the event; None if it is not in the history.

        Args:
            alerts: of the run.
            route: who is told where the rule names nobody.
        """
        if self._event is None:
            return None
        plain, event = why_not(self._rule, self._event, route), self._event
        if not plain.verdict.holds:
            return plain
        listed, possible = membership_of(event, self._rule, alerts)
        found = listed or [stored for stored in alerts if stored.alert.id in self._folded]
        words = self._words(event, found, possible)
        return WhyNot(self._rule, event, words, plain.verdict, plain.severity, self._memory, found, plain.told)

    def _words(self, event: Event, found: Sequence[StoredAlert], possible: Alert | None) -> str:
        if found:
            alert = found[0].alert
            part = "opened" if alert.opener.id == event.id else "is part of"
            return f"it did: the event {part} alert {alert.id[:12]}"
        if self._memory is None:
            return "the event matches, and was not taken: it was held for order, or could not be evaluated"
        if possible is not None:
            return possible_words(possible)
        name = spec_of(self._rule.condition).name
        return f"the event matches, and `{name}` was not met"
