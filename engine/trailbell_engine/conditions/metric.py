"""``metric``: a figure over the numbers of a sliding window crosses a bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.operators.ordering import number
from trailbell_engine.path import Path, elements, resolve
from trailbell_engine.readers import Reader, reader
from trailbell_engine.timestamps import SECOND_US, format_time
from trailbell_engine.values import Json, canonical

from .base import NOTED, PASSED_OVER, TOO_LATE, ConditionSpec, EventDriven, Firing, Parameter, Step
from .bounds import beyond, check_bounds
from .figures import FIGURES, GREATEST, Figure, Number
from .window import Entry, contributors, insert, surplus


class _Numbers:
    """The memory of one key.

    Attributes:
        entries: ``[time_us, event id, number]`` of the window, in event order; as JSON it is these alone.
        events: how many events they are of; one may bring several numbers.
        figure: over the numbers.
    """

    __slots__ = ("entries", "events", "figure")

    def __init__(self, figure: Figure, entries: list[Entry]) -> None:
        self.entries = entries
        self.figure = figure
        self.events = len({entry[1] for entry in entries})
        for entry in entries:
            figure.add(entry[2])

    def add(self, time_us: int, event_id: str, numbers: Sequence[Number]) -> None:
        """Put in the numbers of one more event; the figure first, which may refuse one."""
        for each in numbers:
            self.figure.add(each)
        for each in numbers:
            insert(self.entries, [time_us, event_id, each])
        self.events += 1

    def drop(self, number: int) -> None:
        """Drop so many of the oldest entries."""
        if not number:
            return
        gone = self.entries[:number]
        del self.entries[:number]
        split = bool(self.entries) and self.entries[0][1] == gone[-1][1]
        self.events -= len({entry[1] for entry in gone}) - split
        for entry in gone:
            self.figure.remove(entry[2])


@dataclass(frozen=True, slots=True)
class Metric(EventDriven):
    """Configuration of ``metric``. Its memory is the window: ``[[time_us, event id, number], …]`` in event order.

    Looked at when an event brings a number; the window is ``(newest - within, newest]``. What is no number, nor a
    string that is wholly a decimal number, is passed over and does not count for ``min_events``; so is what no double
    can hold, as no store could give it back. Each element of an array is a number of its own. The bounds themselves
    do not fire. A firing consumes the window.
    """

    function: str
    of: Path
    within: int
    above: Number | None = None
    below: Number | None = None
    min_events: int = 1
    by: tuple[Path, ...] = ()
    _read: Reader = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_read", reader(self.of))

    @property
    def default_suppress_us(self) -> int:
        """What follows within the same span is the same story."""
        return self.within

    def begin(self, event: Event) -> _Numbers:  # noqa: ARG002 - the protocol's signature
        """An empty window."""
        return self.thaw([])

    def freeze(self, memory: _Numbers) -> Json:
        """The window."""
        return memory.entries

    def thaw(self, state: Json) -> _Numbers:
        """The window, and the figure over it."""
        return _Numbers(FIGURES[self.function](), state)

    def step(self, memory: _Numbers, event: Event) -> Step:
        """Put the event's numbers into the window, and compare the figure with the bounds."""
        value = self._read(event.data, event)
        numbers = (value,) if value.__class__ is int else self._numbers(event)
        if not numbers:
            return PASSED_OVER
        window, time_us = memory.entries, event.time_us
        if window and time_us <= window[-1][0] - self.within:
            return TOO_LATE
        memory.add(time_us, event.id, numbers)
        gone, overflow = surplus(window, self.within)
        memory.drop(gone)
        if memory.events >= self.min_events:
            value = memory.figure.value()
            crossed = beyond(value, self.above, self.below)
            if crossed:
                return Step(self._firing(window, value, crossed), forget=True, overflow=overflow)
        return Step(overflow=overflow) if overflow else NOTED

    def _numbers(self, event: Event) -> Sequence[Number]:
        reached = (item for value in resolve(self.of, event.data, event) for item in elements(value))
        return [found for found in map(number, reached) if found is not None and abs(found) <= GREATEST]

    def _firing(self, entries: list[Entry], value: Number, crossed: str) -> Firing:
        events, span_us = contributors(entries), entries[-1][0] - entries[0][0]
        facts = {
            "count": len(events.ids),
            "value": value,
            "function": self.function,
            "above": self.above,
            "below": self.below,
            "within": format_duration(self.within),
            "span_s": span_us / SECOND_US,
        }
        figure = f"{self.function} of {self.of} over {counted(len(events.ids), 'event')} is {canonical(value)}"
        why = f"{figure}, {crossed} in {facts['within']}"
        return Firing(events.ids, facts, why, times_us=events.times_us)

    def expires_us(self, memory: _Numbers) -> int:
        """The instant at which the newest number leaves the window."""
        return int(memory.entries[-1][0]) + self.within

    def describe_state(self, state: Json) -> str:
        """The figure as it was at the last event."""
        memory = self.thaw(state)
        value, last = canonical(memory.figure.value()), format_time(state[-1][0])
        events, within = counted(memory.events, "event"), format_duration(self.within)
        return f"{self.function} {value} over {events} in {within}, last {last}"

    def to_json(self) -> Json:
        """The configuration as written, the duration in microseconds."""
        return {
            "metric": {
                "function": self.function,
                "of": str(self.of),
                "within": self.within,
                "above": self.above,
                "below": self.below,
                "min_events": self.min_events,
                "by": [str(path) for path in self.by],
            }
        }


METRIC: Final = ConditionSpec(
    "metric",
    "a figure over the numbers in the window is beyond the bound",
    Metric,
    (
        Parameter("function", "choice", "which figure", required=True, choices=tuple(FIGURES)),
        Parameter("of", "path", "the field that holds the numbers", required=True),
        Parameter("within", "duration", "the length of the sliding window, in event time", required=True),
        Parameter("above", "number", "fires when the figure is greater"),
        Parameter("below", "number", "fires when the figure is less"),
        Parameter("min_events", "count", "fewer events with a number say nothing; 1 by default", default=1),
    ),
    facts=("count", "value", "function", "above", "below", "within", "span_s"),
    check=check_bounds,
)
