"""The engine: inputs in, outputs out, state beside it. Live, dry-run and rule tests all run exactly this."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from .alert import IDS_KEPT, Alert, Late, Matched, Opened, Output, RuleError, Severity, TooLate, Updated, alert_id
from .alert import Folded as PreviousAlert
from .compile import compile_predicate
from .conditions.base import Firing
from .event import Event, Tick
from .key import KeyReader, compile_key, key_text
from .matcher import Matcher
from .rule import Rule, RuleSet
from .state import Kept, Slot, State
from .timestamps import DAY_US
from .values import Json
from .watermark import Reorder

PREVIOUS_KEPT_US = 30 * DAY_US
"""For how long after its end an alert's folded count is remembered, so that the next message can mention it."""


class _Compiled(NamedTuple):
    """What of a rule is settled once: how its keys are read, and how severe an alert is."""

    key: KeyReader
    folding_key: KeyReader
    severity: Callable[[Event], Severity]


class Pipeline:
    """A rule set at work.

    It reads no clock: all time is event time, and the clock comes in as recorded ticks. Given the same rules and the
    same sequence of inputs it gives the same outputs, however the sequence is cut into batches or restarts.
    """

    def __init__(self, rules: RuleSet, lateness_us: Mapping[str, int] | None = None) -> None:
        """Compile the rules.

        Args:
            rules: the rules to run.
            lateness_us: per source, how much disorder is put right before rules see it (see ``watermark``).
        """
        self.rules = rules
        self._matcher = Matcher(rules)
        self._compiled = {rule.id: _compiled(rule) for rule in rules}
        self._lateness_us = dict(lateness_us or {})
        self._sources: dict[str, Reorder] = {}

    def resume(self, source: str, watermark_us: int | None, held: Iterable[Event]) -> None:
        """Take up a source where an earlier run left it: its watermark, and its recorded events at or after that."""
        lateness_us = self._lateness_us.get(source, 0)
        self._sources[source] = Reorder(lateness_us, watermark_us, held if lateness_us else ())

    def watermarks(self) -> dict[str, int]:
        """The watermark of every source that has one; saved with each batch."""
        return {name: source.watermark_us for name, source in self._sources.items() if source.watermark_us is not None}

    @property
    def held(self) -> int:
        """How many events wait for their turn."""
        return sum(map(len, self._sources.values()))

    def take(self, item: Event | Tick, state: State) -> list[Output]:
        """Take one input and return what follows from it, in order.

        The caller has already dropped duplicates: the same (source, id) must not come twice.
        """
        source = self._sources.get(item.source)
        if source is None:
            source = self._sources[item.source] = Reorder(self._lateness_us.get(item.source, 0))
        outputs: list[Output] = []
        if isinstance(item, Tick):
            ready = source.advance(item.time_us)
        elif source.is_late(item):
            watermark_us = source.watermark_us or 0
            self._evaluate(item, watermark_us, state, outputs)
            return [Late(item, watermark_us), *outputs]
        else:
            ready = source.push(item)
        for event in ready:
            self._evaluate(event, event.time_us, state, outputs)
        return outputs

    def closing(self) -> list[Tick]:
        """The ticks that release everything that is held, for the end of an input; recorded, they replay it."""
        ends = ((name, source.newest_held_us) for name, source in sorted(self._sources.items()))
        return [Tick(newest_us + 1, name) for name, newest_us in ends if newest_us is not None]

    def _evaluate(self, event: Event, clock_us: int, state: State, outputs: list[Output]) -> None:
        """Ask the rules about one event. State that has expired by ``clock_us`` is not there any more."""
        for rule, matches in self._matcher.candidates(event):
            try:
                if matches(event):
                    outputs.append(Matched(rule.id, event))
                    self._step(rule, event, clock_us, state, outputs)
            except Exception as error:  # noqa: BLE001 - one rule's failure on one event must not stop the others
                outputs.append(RuleError(rule.id, event, f"{type(error).__name__}: {error}"))

    def _step(self, rule: Rule, event: Event, clock_us: int, state: State, outputs: list[Output]) -> None:
        condition = rule.condition
        key = self._compiled[rule.id].key(event)
        slot = Slot(rule.id, rule.version, "when", key_text(key))
        before = _live(state.get(slot), clock_us)
        step = condition.step(before, event)
        if step.too_late:
            outputs.append(TooLate(rule.id, event))
        if step.firing is not None:
            outputs.append(self._fire(rule, key, event, clock_us, step.firing, state))
        if step.state is not before:
            state.put(slot, step.state, None if step.state is None else condition.expires_us(step.state))

    def _fire(
        self, rule: Rule, key: dict[str, Json], event: Event, clock_us: int, firing: Firing, state: State
    ) -> Output:
        """Open an alert, or fold the firing into the one that is open."""
        span_us = rule.condition.default_suppress_us if rule.suppress.for_us is None else rule.suppress.for_us
        if not span_us:
            return Opened(self._open(rule, key, event, firing, None))
        folding_key = key if rule.suppress.by is None else self._compiled[rule.id].folding_key(event)
        slot = Slot(rule.id, rule.version, "suppress", key_text(folding_key))
        before = _live(state.get(slot), clock_us)
        if before is not None and event.time_us < before["until_us"]:
            after = {**before, "firings": before["firings"] + 1, "last_us": max(before["last_us"], event.time_us)}
            state.put(slot, after, before["until_us"] + PREVIOUS_KEPT_US)
            return Updated(before["alert"], rule.id, event, firing.event_ids, before["until_us"])
        alert = self._open(rule, key, event, firing, before)
        until_us = event.time_us + span_us
        opened = {"alert": alert.id, "until_us": until_us, "firings": 1, "last_us": event.time_us}
        state.put(slot, opened, until_us)
        return Opened(alert)

    def _open(self, rule: Rule, key: dict[str, Json], event: Event, firing: Firing, before: Json) -> Alert:
        previous = None
        if before is not None and before["firings"] > 1:
            previous = PreviousAlert(before["alert"], before["firings"] - 1, before["last_us"])
        return Alert(
            id=alert_id(rule.id, key, event.id),
            rule_id=rule.id,
            rule_version=rule.version,
            severity=self._compiled[rule.id].severity(event),
            key=key,
            opened_at_us=event.time_us,
            last_at_us=event.time_us,
            event_count=len(firing.event_ids),
            event_ids=firing.event_ids[:IDS_KEPT],
            events=(event,),
            opener=event,
            facts=firing.facts,
            why=firing.why,
            previous=previous,
        )


def _compiled(rule: Rule) -> _Compiled:
    cases = [(compile_predicate(case.test), case.severity) for case in rule.severity_cases]
    return _Compiled(
        compile_key(rule.condition.by),
        compile_key(rule.suppress.by or ()),
        lambda event: next((severity for holds, severity in cases if holds(event)), rule.severity),
    )


def _live(kept: Kept | None, clock_us: int) -> Json:
    """What is kept, unless it has expired. Asked here, so that it makes no difference when a store sweeps."""
    if kept is None or (kept.expires_us is not None and kept.expires_us <= clock_us):
        return None
    return kept.value
