"""The engine: inputs in, outputs out, state beside it. Live, dry-run and rule tests all run exactly this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from .alert import Late, Output, RuleError
from .at_work import RuleAtWork
from .census import Census
from .event import LEAVES_US, Event, Tick
from .matching import Matcher, Matches
from .rule import Rule, RuleSet
from .state import Slot, State, Wake
from .timers import Call, Timers
from .watermark import Reorder


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
        self._state: State | None = None
        self._at_work: dict[str, RuleAtWork] = {}
        self._censuses: dict[tuple[str, str], Census] = {}
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
        """Take over where another one is, between two inputs: its sources with what they hold, its state and timers.

        Args:
            before: which takes nothing any more.
            learned: the calls that the state of rules asks for which are new here.
        """
        self._lateness_us, self._sources, self._left = before._lateness_us, before._sources, before._left
        self._state, self._timers, self._at_work = before._state, before._timers, {}
        versions = {(rule.id, rule.version) for rule in self.rules}
        self._censuses = {version: census for version, census in before._censuses.items() if version in versions}
        for census in self._censuses.values():
            census.clock_us = self._clock_us
        fresh = versions - {(rule.id, rule.version) for rule in before.rules}
        if self._state is not None:
            self._state.keep_only(versions)
            self._count(self._state, fresh)
        for slot, wake in learned:
            self._timers.add(wake.source, Call(slot.rule_id, slot.version, slot.key), wake.at_us)

    def close(self) -> None:
        """Let go of the rules: another pipeline has taken over."""
        if isinstance(self._matcher, Matcher):
            self._matcher.close()
        self._at_work, self.rules, self._matcher = {}, RuleSet(), Matcher(RuleSet())

    def resume_timers(self, state: State) -> None:
        """Take up what an earlier run's state asks for: calls, and the number of keys that rules remember."""
        state.refresh()
        self._state, self._timers, self._at_work, self._censuses = state, Timers(), {}, {}
        self._count(state, {(rule.id, rule.version) for rule in self.rules})
        for rule in self.rules:
            if rule.condition.wakes:
                for cell in state.cells(state.shelf(rule.id, rule.version, "when", rule.condition)):
                    if cell.wake_us is not None:
                        self._timers.add(cell.source, Call(rule.id, rule.version, cell.key), cell.wake_us)

    def _count(self, state: State, versions: AbstractSet[tuple[str, str]]) -> None:
        """Find out how many keys these versions of rules remember."""
        for rule_id, version, grain, keys in state.tracked(versions, self._clock_us()):
            self._census(rule_id, version).add(grain, keys)

    def _census(self, rule_id: str, version: str) -> Census:
        return self._censuses.setdefault((rule_id, version), Census(self._clock_us))

    def watermarks(self) -> dict[str, int]:
        """The watermark of every source that is there and has one; saved with each batch.

        What has expired by the lowest of them, no event can ask for any more.
        """
        return {
            name: source.watermark_us
            for name, source in self._sources.items()
            if source.watermark_us is not None and name not in self._left
        }

    def left(self) -> dict[str, int]:
        """The watermark of every source that has left and has one; where it takes up when it returns."""
        return {
            name: source.watermark_us
            for name, source in self._sources.items()
            if source.watermark_us is not None and name in self._left
        }

    def matching_counters(self) -> Mapping[str, int]:
        """Bytes and counts of what the matcher remembers: ``limit_bytes``, ``used_bytes``, ``misses``, ``clears``."""
        return self._matcher.memory.counters() if isinstance(self._matcher, Matcher) else {}

    def watches(self, event_type: str) -> bool:
        """Whether an event of that type may match a rule; if not, its record is not looked into."""
        return self._matcher.watches(event_type)

    @property
    def held(self) -> int:
        """How many events wait for their turn."""
        return sum(map(len, self._sources.values()))

    def take(self, item: Event | Tick, state: State) -> list[Output]:
        """Take one input and return what follows from it, in order.

        The caller has already dropped duplicates: the same (source, id) must not come twice.
        """
        if state is not self._state:
            self.resume_timers(state)
        if isinstance(item, Tick) and item.time_us == LEAVES_US:
            self._left.add(item.source)
            return []
        source = self._sources.get(item.source)
        if source is None or item.source in self._left:
            source = self._join(item.source, state)
        outputs: list[Output] = []
        swept_us = source.watermark_us  # so far a store may have dropped what has expired
        if isinstance(item, Tick):
            self._pass(source.advance(item.time_us), item.source, swept_us, outputs)
        elif source.passes(item.time_us):
            self._wake(item.source, item.time_us, swept_us, outputs)
            self._evaluate(item, item.time_us, outputs)
            if self._timers.next_us >= item.time_us:
                return outputs  # nearly always
        elif source.is_late(item):
            assert swept_us is not None
            outputs.append(Late(item, swept_us))
            self._evaluate(item, swept_us, outputs)
        else:
            self._pass(source.push(item), item.source, swept_us, outputs)
        if source.watermark_us is not None:
            self._wake(item.source, source.watermark_us, swept_us, outputs)
        return outputs

    def _pass(self, events: list[Event], source: str, swept_us: int | None, outputs: list[Output]) -> None:
        """Take the events of a source that are in order now."""
        for event in events:
            self._wake(source, event.time_us, swept_us, outputs)
            self._evaluate(event, event.time_us, outputs)

    def _join(self, name: str, state: State) -> Reorder:
        """A source's first input, or its first since it left: what it gives may be older than where the others are.

        Some of what has expired for them, a store has dropped, and some not yet; so now all of that goes.
        """
        clock_us = self._clock_us()
        if clock_us is not None:
            state.expire(clock_us)
        self._left.discard(name)
        return self._sources.setdefault(name, Reorder(self._lateness_us.get(name, 0)))

    def closing(self) -> list[Tick]:
        """The ticks that release everything that is held, for the end of an input; recorded, they replay it."""
        ends = ((name, source.newest_held_us) for name, source in sorted(self._sources.items()))
        return [Tick(newest_us + 1, name) for name, newest_us in ends if newest_us is not None]

    def _evaluate(self, event: Event, clock_us: int, outputs: list[Output]) -> None:
        """Ask the rules about one event. State that has expired by ``clock_us`` is not there any more."""
        event = self._enrich(event) if self._enrich is not None else event
        at_work = self._at_work
        for rule, failure in self._matcher.matches(event):
            if failure is not None:
                outputs.append(RuleError(rule.id, event, f"{type(failure).__name__}: {failure}"))
                continue
            working = at_work.get(rule.id)
            if working is None:
                if rule.id not in self.rules:
                    continue  # a matcher may be one of more rules
                working = self._working(rule)
            working.take(event, clock_us, outputs)

    def _wake(self, source: str, before_us: int, swept_us: int | None, outputs: list[Output]) -> None:
        """Look at the states that asked for it at an instant before ``before_us``.

        A late event may ask for an instant that the watermark has passed; what has expired since is gone then, too.
        """
        if self._timers.next_us >= before_us:
            return
        for at_us, call in self._timers.before(source, before_us, self._asked):
            clock_us = at_us if swept_us is None else max(at_us, swept_us)
            working = self._working(self.rules[call.rule_id])
            working.wake(call.key, (at_us, source), clock_us, self.rules.lookups, outputs)

    def _asked(self, source: str, call: Call) -> int | None:
        """When a call is due; None if it is not any more, or if its rule has been exchanged."""
        if call.rule_id not in self.rules or self.rules[call.rule_id].version != call.version:
            return None
        return self._working(self.rules[call.rule_id]).asked(call.key, source)

    def _working(self, rule: Rule) -> RuleAtWork:
        working = self._at_work.get(rule.id)
        if working is None:
            assert self._state is not None
            census = self._census(rule.id, rule.version)
            working = self._at_work[rule.id] = RuleAtWork(rule, self._state, self._timers, census)
        return working

    def _clock_us(self) -> int | None:
        """The least of the clocks of all sources that are there."""
        return min(self.watermarks().values(), default=None)
