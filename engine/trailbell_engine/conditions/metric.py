"""``metric``: a figure over the numbers of a sliding window crosses a bound."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.operators.ordering import number
from trailbell_engine.path import Path, elements, resolve
from trailbell_engine.timestamps import SECOND_US, format_time
from trailbell_engine.values import Json, canonical

from .base import ConditionSpec, EventDriven, Firing, Parameter, Step
from .bounds import beyond, check_bounds
from .window import contributors, slide

Number: TypeAlias = int | float


def _total(numbers: Sequence[Number]) -> Number:
    """Exact for whole numbers; for others the nearest to the exact sum, whatever their order."""
    return sum(numbers) if all(each.__class__ is int for each in numbers) else math.fsum(numbers)


def _percentile(percent: int) -> Callable[[Sequence[Number]], Number]:
    """The nearest rank: the least of the numbers that so many per cent do not exceed."""
    return lambda numbers: sorted(numbers)[-(-percent * len(numbers) // 100) - 1]


FUNCTIONS: Final[Mapping[str, Callable[[Sequence[Number]], Number]]] = {
    "sum": _total,
    "avg": lambda numbers: _total(numbers) / len(numbers),
    "min": min,
    "max": max,
    "p50": _percentile(50),
    "p95": _percentile(95),
    "p99": _percentile(99),
}


@dataclass(frozen=True, slots=True)
class Metric(EventDriven):
    """Configuration of ``metric``. Its state is the window: ``[[time_us, event id, number], …]`` in event order.

    Looked at when an event brings a number; the window is ``(newest - within, newest]``. What is no number, nor a
    string that is wholly a decimal number, is passed over and does not count for ``min_events``; each element of an
    array is a number of its own. The bounds themselves do not fire. A firing consumes the window.
    """

    function: str
    of: Path
    within: int
    above: Number | None = None
    below: Number | None = None
    min_events: int = 1
    by: tuple[Path, ...] = ()

    @property
    def default_suppress_us(self) -> int:
        """What follows within the same span is the same story."""
        return self.within

    def step(self, state: Json, event: Event) -> Step:
        """Put the event's numbers into the window, and compare the figure with the bounds."""
        reached = (item for value in resolve(self.of, event.data, event) for item in elements(value))
        numbers = [found for found in map(number, reached) if found is not None]
        if not numbers:
            return Step(state)
        window = slide(state, [[event.time_us, event.id, found] for found in numbers], self.within)
        entries = window.entries
        if window.too_late or len({entry[1] for entry in entries}) < self.min_events:
            return Step(entries, too_late=window.too_late, overflow=window.overflow)
        value = FUNCTIONS[self.function]([entry[2] for entry in entries])
        crossed = beyond(value, self.above, self.below)
        if not crossed:
            return Step(entries, overflow=window.overflow)
        events, span_us = contributors(entries), window.newest_us - entries[0][0]
        facts = {
            "count": len(events.ids),
            "value": value,
            "function": self.function,
            "above": self.above,
            "below": self.below,
            "within": format_duration(self.within),
            "span_s": span_us / SECOND_US,
        }
        figure = f"{self.function} of {self.of} over {len(events.ids)} events is {canonical(value)}"
        why = f"{figure}, {crossed} in {facts['within']}"
        return Step(None, Firing(events.ids, facts, why, times_us=events.times_us), overflow=window.overflow)

    def expires_us(self, state: Json) -> int | None:
        """The instant at which the newest number leaves the window."""
        return int(state[-1][0]) + self.within

    def describe_state(self, state: Json) -> str:
        """The figure as it was at the last event."""
        value = canonical(FUNCTIONS[self.function]([entry[2] for entry in state]))
        last = format_time(state[-1][0])
        over = f"{len(contributors(state).ids)} events in {format_duration(self.within)}"
        return f"{self.function} {value} over {over}, last {last}"

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
        Parameter("function", "choice", "which figure", required=True, choices=tuple(FUNCTIONS)),
        Parameter("of", "path", "the field that holds the numbers", required=True),
        Parameter("within", "duration", "the length of the sliding window, in event time", required=True),
        Parameter("above", "number", "fires when the figure is greater"),
        Parameter("below", "number", "fires when the figure is less"),
        Parameter("min_events", "count", "fewer events with a number say nothing; 1 by default", default=1),
    ),
    facts=("count", "value", "function", "above", "below", "within", "span_s"),
    check=check_bounds,
)
