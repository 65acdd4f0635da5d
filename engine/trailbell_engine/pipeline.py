"""The engine: inputs in, outputs out, state beside it. Live, dry-run and rule tests all run exactly this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .alert import Late, Matched, Output, Overflow, RuleError, TooLate
from .alerting import Alerting
from .conditions.base import Step
from .event import LEAVES_US, Event, Tick
from .key import KeyReader, compile_key, instant_of, key_of_text, key_text
from .matching import Matcher, Matches
from .rule import Rule, RuleSet
from .state import Kept, Slot, State, Wake, live
from .timers import Timers
from .values import Json
from .watermark import Reorder


class _Running(NamedTuple):
    """A rule with what is settled once: how its key is read, and what happens when it fires."""

    rule: Rule
    key: KeyReader
    alerting: Alerting


class Pipeline:
    """A rule set at work.

    It reads no clock: all time is event time, and the clock comes in as recorded ticks. Given the same rules and the
    same sequence of inputs it gives the same outputs, however the sequence is cut into batches or restarts.
    """

    def __init__(
        self, rules: RuleSet, lateness_us: Mapping[str, int] | None = None, matcher: Matches | None = None
    ) -> None:
        """Compile the rules.

        Args:
            rules: the rules to run.
            lateness_us: per source, how much disorder is put right before rules see it (see ``watermark``).
            matcher: knows already which of the rules an event matches; by default they are indexed here.
        """
        self.rules = rules
        self._matcher: Matches = matcher or Matcher(rules)
        self._running = {rule.id: _Running(rule, compile_key(rule.condition.by), Alerting(rule)) for rule in rules}
        self._enrich = rules.lookups.enrich if rules.lookups.by_name else None
        self._lateness_us = dict(lateness_us or {})
        self._sources: dict[str, Reorder] = {}
        self._left: set[str] = set()
        self._timers = Timers()

    def resume(self, source: str, watermark_us: int | None, held: Iterable[Event], *, left: bool = False) -> None:
        """Take up a source where an earlier run left it.

        Args:
            source: its name.
            watermark_us: its watermark at the last commit.
            held: if it ran with a lateness, its recorded events at or after that watermark.
            left: it had left by then (see ``event.LEAVES_US``).
        """
        if left:
            self._left.add(source)
        self._sources[source] = Reorder(self._lateness_us.get(source, 0), watermark_us, held)

    def succeed(self, before: Pipeline, learned: Iterable[tuple[Slot, Wake]] = ()) -> None:
        """Take over where another one is, between two inputs: its sources with what they hold, and its timers.

        Args:
            before: which takes nothing any more.
            learned: the calls that the state of rules asks for which are new here.
        """
        self._lateness_us, self._sources, self._left = before._lateness_us, before._sources, before._left
        self._timers = before._timers
        self._timers.extend(learned)

    def resume_timers(self, state: State) -> None:
        """Take up the calls that an earlier run's state asks for."""
        versions = {rule.id: rule.version for rule in self.rules}
        self._timers.extend(call for call in state.waking() if versions.get(call[0].rule_id) == call[0].version)

    def watermarks(self) -> dict[str, int]:
        """The watermark of every source that is there and has one; saved with each batch.

        What has expired by the lowest of them, no event can ask for any more.
        """
        return {
            name: source.watermark_us
            for name, source in self._sources.items()
            if source.watermark_us is not None and name not in self._left
        }

    def matching_counters(self) -> Mapping[str, int]:
        """What the matcher's memory of answers holds and has done (``operators.memo.Memory.counters``).

        Callable from any thread. Empty if the matching is done elsewhere.
        """
        return self._matcher.memory.counters() if isinstance(self._matcher, Matcher) else {}

    @property
    def held(self) -> int:
        """How many events wait for their turn."""
        return sum(map(len, self._sources.values()))

    def take(self, item: Event | Tick, state: State) -> list[Output]:
        """Take one input and return what follows from it, in order.

        The caller has already dropped duplicates: the same (source, id) must not come twice.
        """
        if isinstance(item, Tick) and item.time_us == LEAVES_US:
            self._left.add(item.source)
            return []
        source = self._sources.get(item.source)
        if source is None or item.source in self._left:
            source = self._join(item.source, state)
        outputs: list[Output] = []
        if not isinstance(item, Tick) and source.is_late(item):
            watermark_us = source.watermark_us or 0
            outputs.append(Late(item, watermark_us))
            self._evaluate(item, watermark_us, state, outputs)
            self._wake(item.source, watermark_us, watermark_us, state, outputs)
            return outputs
        swept_us = source.watermark_us  # so far a store may have dropped what has expired
        for event in source.advance(item.time_us) if isinstance(item, Tick) else source.push(item):
            self._wake(item.source, event.time_us, swept_us, state, outputs)
            self._evaluate(event, event.time_us, state, outputs)
        if source.watermark_us is not None:
            self._wake(item.source, source.watermark_us, swept_us, state, outputs)
        return outputs

    def _join(self, name: str, state: State) -> Reorder:
        """A source's first input, or its first since it left: what it gives may be older than where the others are.

        Some of what has expired for them, a store has dropped, and some not yet; so now all of that goes.
        """
        watermarks = self.watermarks()
        if watermarks:
            state.expire(min(watermarks.values()))
        self._left.discard(name)
        return self._sources.setdefault(name, Reorder(self._lateness_us.get(name, 0)))

    def closing(self) -> list[Tick]:
        """The ticks that release everything that is held, for the end of an input; recorded, they replay it."""
        ends = ((name, source.newest_held_us) for name, source in sorted(self._sources.items()))
        return [Tick(newest_us + 1, name) for name, newest_us in ends if newest_us is not None]

    def _evaluate(self, event: Event, clock_us: int, state: State, outputs: list[Output]) -> None:
        """Ask the rules about one event. State that has expired by ``clock_us`` is not there any more."""
        event = self._enrich(event) if self._enrich is not None else event
        for rule, failure in self._matcher.matches(event):
            if failure is not None:
                outputs.append(_rule_error(rule, event, failure))
                continue
            try:
                outputs.append(Matched(rule.id, event))
                running = self._running[rule.id]
                key = running.key(event)
                slot = Slot(rule.id, rule.version, "when", key_text(key))
                before = live(state.get(slot), clock_us)
                step = _judged(rule, rule.condition.step(before, event), event, clock_us)
                self._apply(running, key, step, event, clock_us, state, outputs)
                if step.state is not before:
                    self._keep(rule, slot, step.state, event.source, state)
            except Exception as error:  # noqa: BLE001 - one rule's failure on one event must not stop the others
                outputs.append(_rule_error(rule, event, error))

    def _wake(self, source: str, before_us: int, swept_us: int | None, state: State, outputs: list[Output]) -> None:
        """Look at the states that asked for it at an instant before ``before_us``.

        A late event may ask for an instant that the watermark has passed; what has expired since is gone then, too.
        """
        for at_us, slot in self._timers.before(source, before_us):
            clock_us = at_us if swept_us is None else max(at_us, swept_us)
            kept = state.get(slot)
            if kept is None or kept.wake != Wake(at_us, source) or live(kept, clock_us) is None:
                continue  # the state has changed its mind since
            running = self._running.get(slot.rule_id)
            if running is None or running.rule.version != slot.version:
                continue  # the rule was exchanged
            condition = running.rule.condition
            key = key_of_text(condition.by, slot.key)
            event = self.rules.lookups.enrich(instant_of(condition.by, key, source, at_us))
            try:
                step = condition.wake(kept.value, at_us)
                self._apply(running, key, step, event, clock_us, state, outputs)
                self._keep(running.rule, slot, step.state, source, state)
            except Exception as error:  # noqa: BLE001 - one rule's failure on one key must not stop the others
                outputs.append(_rule_error(running.rule, event, error))

    def _apply(
        self,
        running: _Running,
        key: dict[str, Json],
        step: Step,
        event: Event,
        clock_us: int,
        state: State,
        outputs: list[Output],
    ) -> None:
        if step.too_late:
            outputs.append(TooLate(running.rule.id, event))
        if step.overflow:
            outputs.append(Overflow(running.rule.id, event, step.overflow))
        if step.resolved:
            resolved = running.alerting.resolve(key, event.time_us, state)
            if resolved is not None:
                outputs.append(resolved)
        if step.firing is not None:
            outputs.append(running.alerting.fire(key, event, clock_us, step.firing, state))

    def _keep(self, rule: Rule, slot: Slot, value: Json, source: str, state: State) -> None:
        if value is None:
            state.put(slot, None)
            return
        at_us = rule.condition.wakes_us(value)
        wake = None if at_us is None else Wake(at_us, source)
        state.put(slot, Kept(value, rule.condition.expires_us(value), wake))
        if wake is not None:
            self._timers.add(slot, wake)


def _judged(rule: Rule, step: Step, event: Event, clock_us: int) -> Step:
    """A late event whose key is left with what has expired already changed nothing: it is said to be too late."""
    if event.time_us >= clock_us or step.state is None or step.firing is not None or step.too_late or step.resolved:
        return step
    expires_us = rule.condition.expires_us(step.state)
    return step if expires_us is None or expires_us > clock_us else step._replace(too_late=True)


def _rule_error(rule: Rule, event: Event, error: Exception) -> RuleError:
    return RuleError(rule.id, event, f"{type(error).__name__}: {error}")
