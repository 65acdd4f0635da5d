"""``sequence``: several things happen, or do not, within a span."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trailbell_engine.compile import compile_predicate
from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.path import Path
from trailbell_engine.predicate import Predicate, to_json
from trailbell_engine.timestamps import SECOND_US, format_time
from trailbell_engine.values import Json

from .base import NOTED, PASSED_OVER, TOO_LATE, ConditionSpec, Firing, Flaw, Parameter, Remembering, Step
from .sequence_scan import Stage, Taken, find_ordered, find_unordered, matching, stages_of
from .window import ENTRIES_KEPT, Entry, contributors, insert, order, surplus

EVENTS_AT_MOST: Final = 1_000
"""What the steps of one sequence may take together; a longer run of one kind of event is a ``count``."""


@dataclass(frozen=True, slots=True)
class SequenceStep:
    """One step: which of the rule's events, how many of them, or that there must be none."""

    name: str
    match: Predicate
    at_least: int = 1
    absent: bool = False


class _Memory:
    """The memory of one key.

    Attributes:
        entries: of the window: ``[time_us, event id, [positions of the steps it matches]]``, in event order.
        pending: what waits; see ``Sequence``.
        done_us: the last deadline at which something fired.
        counts: how many entries of the window match each step; as JSON it is left out.
    """

    __slots__ = ("counts", "done_us", "entries", "pending")

    def __init__(self, steps: int, entries: list[Entry], pending: list[list[Any]], done_us: int | None) -> None:
        self.pending = pending
        self.done_us = done_us
        self.counts = [0] * steps
        self.entries: list[Entry] = []
        self.replace(entries)

    @property
    def is_empty(self) -> bool:
        """Nothing of it matters."""
        return not self.entries and not self.pending

    def add(self, entry: Entry, within_us: int) -> int:
        """Put an entry into the window; say how many were given up because there are too many."""
        insert(self.entries, entry)
        for position in entry[2]:
            self.counts[position] += 1
        gone, overflow = surplus(self.entries, within_us)
        for left in self.entries[:gone]:
            for position in left[2]:
                self.counts[position] -= 1
        del self.entries[:gone]
        return overflow

    def replace(self, entries: list[Entry]) -> None:
        """Other entries instead of those that are there."""
        self.entries = entries
        self.counts[:] = [0] * len(self.counts)
        for entry in entries:
            for position in entry[2]:
                self.counts[position] += 1


@dataclass(frozen=True, slots=True)
class Sequence(Remembering):
    """Configuration of ``sequence``. Its memory is ``{"entries": […], "pending": […], "done_us": …}``.

    The steps' events lie within less than ``within``. Ordered, each step begins after the one before is complete, and
    an absent step must not occur between its neighbours: as the first not in the window before, as the last not until
    ``within`` after the first event. Unordered, the steps come in any order, one event may count for several, and an
    absent step must not occur less than ``within`` before the last or after the first of them. What waits for an
    absence is *pending*: ``[from_us, deadline_us, [[time_us, id, step]…]]``; at the deadline it fires, and ``done_us``
    is the last deadline that did. A completion consumes the events of the window, so the next one needs all steps
    again; events of absent steps stay.
    """

    steps: tuple[SequenceStep, ...]
    within: int
    ordered: bool = True
    by: tuple[Path, ...] = ()
    _tests: tuple[Callable[[Event], bool], ...] = field(init=False, repr=False, compare=False)
    _stages: tuple[Stage, ...] = field(init=False, repr=False, compare=False)
    _awaited: frozenset[int] = field(init=False, repr=False, compare=False)
    """The absent steps of which only the end of the window tells that they did not occur."""

    def __post_init__(self) -> None:
        stages, awaited = stages_of(self.steps)
        if not self.ordered:
            awaited = frozenset(position for position, step in enumerate(self.steps) if step.absent)
        object.__setattr__(self, "_tests", tuple(compile_predicate(step.match) for step in self.steps))
        object.__setattr__(self, "_stages", stages)
        object.__setattr__(self, "_awaited", awaited)

    @property
    def default_suppress_us(self) -> int:
        """What repeats within the same span is one story."""
        return self.within

    @property
    def waits(self) -> bool:
        """Whether it ends with waiting for what must not come."""
        return bool(self._awaited)

    def begin(self, event: Event) -> _Memory:  # noqa: ARG002 - the protocol's signature
        """No event yet."""
        return _Memory(len(self.steps), [], [], None)

    def freeze(self, memory: _Memory) -> Json:
        """Window and what waits."""
        return {"entries": memory.entries, "pending": memory.pending, "done_us": memory.done_us}

    def thaw(self, state: Json) -> _Memory:
        """The same, with its counts."""
        return _Memory(len(self.steps), **state)

    def step(self, memory: _Memory, event: Event) -> Step:
        """Note the steps that the event matches; fire, or begin to wait, when all that must occur have occurred."""
        positions = [position for position, holds in enumerate(self._tests) if holds(event)]
        if not positions:
            return PASSED_OVER
        entries, pending = memory.entries, memory.pending
        spared = [attempt for attempt in pending if not self._breaks(attempt, event, positions)] if pending else pending
        if entries and event.time_us <= entries[-1][0] - self.within:
            memory.pending = spared
            return NOTED if len(spared) < len(pending) else TOO_LATE
        entry: Entry = [event.time_us, event.id, positions]
        overflow = memory.add(entry, self.within)
        memory.pending = spared
        taken = self._find(memory, entry)
        if taken is None:
            return Step(overflow=overflow) if overflow else NOTED
        attempt = self._attempt(taken, entries) if self.waits else None
        memory.replace(self._consumed(entries))
        if not self.waits:
            return Step(self._firing(taken), forget=memory.is_empty, overflow=overflow)
        return self._begun(memory, attempt, overflow)

    def _begun(self, memory: _Memory, attempt: list[Any] | None, overflow: int) -> Step:
        """What must occur has occurred, and an attempt now waits for what must not."""
        done_us, waiting = memory.done_us, memory.pending
        if attempt is not None and done_us is not None and attempt[1] <= done_us:
            return Step(forget=memory.is_empty, too_late=True, overflow=overflow)
        waiting = waiting if attempt is None else [*waiting, attempt]
        too_many = max(0, len(waiting) - ENTRIES_KEPT)
        memory.pending = waiting[too_many:]
        return Step(forget=memory.is_empty, overflow=overflow + too_many)

    def _find(self, memory: _Memory, new: Entry) -> tuple[Taken, ...] | None:
        if any(memory.counts[stage.step] < stage.at_least for stage in self._stages):
            return None  # nearly always: too few events of a step, usually of the first, which is the rare one
        entries = memory.entries
        if not self.ordered:
            return find_unordered(self._stages, entries)
        newest = entries[-1] is new and (len(entries) == 1 or entries[-2][0] < new[0])
        if newest and self._stages[-1].step not in new[2]:
            return None  # what came last does not complete it, so nothing need be looked through
        return find_ordered(self._stages, entries, new)

    def _consumed(self, entries: list[Entry]) -> list[Entry]:
        """What is left after a completion: the events of absent steps, as such."""
        absent = {position for position, step in enumerate(self.steps) if step.absent}
        return [
            [time_us, event_id, [position for position in positions if position in absent]]
            for time_us, event_id, positions in entries
            if not absent.isdisjoint(positions)
        ]

    def _attempt(self, taken: tuple[Taken, ...], entries: list[Entry]) -> list[Any] | None:
        """What now waits for the end of its window; None if what must not come has come already."""
        used = [entry for entry, _ in taken]
        first_us, last_us = min(used, key=order)[0], max(used, key=order)[0]
        from_us = last_us if self.ordered else last_us - self.within + 1
        if any(entry[0] >= from_us and entry not in used for entry in matching(entries, self._awaited)):
            return None
        return [from_us, first_us + self.within, [[entry[0], entry[1], step] for entry, step in taken]]

    def _breaks(self, attempt: list[Any], event: Event, positions: list[int]) -> bool:
        from_us, deadline_us, _ = attempt
        return from_us <= event.time_us < deadline_us and not self._awaited.isdisjoint(positions)

    @property
    def wakes(self) -> bool:
        """Only what waits has a deadline."""
        return self.waits

    def wakes_us(self, memory: _Memory) -> int | None:
        """The first deadline of what waits."""
        return min((int(attempt[1]) for attempt in memory.pending), default=None)

    def wake(self, memory: _Memory, time_us: int) -> Step:
        """What has waited until its deadline fires; attempts with one deadline are one firing."""
        due = [attempt for attempt in memory.pending if attempt[1] <= time_us]
        memory.pending = [attempt for attempt in memory.pending if attempt[1] > time_us]
        memory.done_us = time_us
        taken = tuple(Taken(item[:2], item[2]) for attempt in due for item in attempt[2])
        return Step(self._firing(taken) if due else None, forget=memory.is_empty)

    def _firing(self, taken: tuple[Taken, ...]) -> Firing:
        entries = sorted((entry for entry, _ in taken), key=order)
        events = contributors(entries)
        span_us = entries[-1][0] - entries[0][0]
        per_step = Counter(step for _, step in taken)
        facts = {
            "count": len(events.ids),
            "steps": {step.name: per_step[position] for position, step in enumerate(self.steps)},
            "within": format_duration(self.within),
            "span_s": span_us / SECOND_US,
        }
        names = [f"no {step.name}" if step.absent else step.name for step in self.steps]
        joined = (", then " if self.ordered else " and ").join(names)
        took = "" if self.waits else f"in {format_duration(span_us)}, "
        why = f"{joined}: {took}within {facts['within']}"
        return Firing(events.ids, facts, why, times_us=events.times_us)

    def expires_us(self, memory: _Memory) -> int:
        """When the newest event has left the window and nothing waits any more: just after the last deadline."""
        entries, pending = memory.entries, memory.pending
        newest_us = int(entries[-1][0]) + self.within if entries else None
        if not pending and newest_us is not None:
            return newest_us
        return max([*([] if newest_us is None else [newest_us]), *(int(attempt[1]) + 1 for attempt in pending)])

    def describe_state(self, state: Json) -> str:
        """What of each step is in the window, and what waits."""
        seen = Counter(position for _, _, positions in state["entries"] for position in positions)
        steps = ", ".join(
            f"{step.name} {seen[position]}{'' if step.absent else f' of {step.at_least}'}"
            for position, step in enumerate(self.steps)
        )
        due_us = self.wakes_us(self.thaw(state))
        return steps if due_us is None else f"{steps}; complete at {format_time(due_us)} unless what must not come does"

    def to_json(self) -> Json:
        """The configuration as written, the duration in microseconds."""
        return {
            "sequence": {
                "steps": [
                    {"name": step.name, "match": to_json(step.match), "at_least": step.at_least, "absent": step.absent}
                    for step in self.steps
                ],
                "within": self.within,
                "ordered": self.ordered,
                "by": [str(path) for path in self.by],
            }
        }


def _check(arguments: Mapping[str, Any]) -> Flaw | None:
    steps: tuple[SequenceStep, ...] = arguments["steps"]
    names: set[str] = set()
    for position, step in enumerate(steps):
        if step.name in names:
            return Flaw(f'two steps are called "{step.name}"', ("steps", position, "name"), "names tell steps apart")
        names.add(step.name)
        if step.absent and step.at_least > 1:
            summary = f'"{step.name}" is absent, which is none at all, and "at_least" asks for some'
            return Flaw(summary, ("steps", position, "at_least"), 'leave "at_least" out')
    if all(step.absent for step in steps):
        return Flaw("every step is absent: nothing begins the sequence", ("steps",), "for silence there is `absent`")
    if len(steps) < 2:
        return Flaw("a sequence has at least two steps", ("steps",), "for one there are `each` and `count`")
    if sum(step.at_least for step in steps) > EVENTS_AT_MOST:
        return Flaw(f"the steps take more than {EVENTS_AT_MOST:,} events together", ("steps",), "ask for fewer")
    return None


SEQUENCE: Final = ConditionSpec(
    "sequence",
    "the steps occur, or do not occur where they are absent, within the span",
    Sequence,
    (
        Parameter("steps", "steps", "what happens: `{name, match, at_least, absent}` each", required=True),
        Parameter("within", "duration", "from the first event of the steps to the last, in event time", required=True),
        Parameter("ordered", "boolean", "one after the other, as written; true by default", default=True),
    ),
    facts=("count", "steps", "within", "span_s"),
    check=_check,
    silent=lambda condition: condition.waits,
)
