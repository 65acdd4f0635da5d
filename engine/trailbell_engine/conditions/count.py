"""``count``: the key's matches within a sliding window reach a number."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
from typing import Final

from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.path import Path
from trailbell_engine.timestamps import SECOND_US, format_time
from trailbell_engine.values import Json

from .base import NOTED, TOO_LATE, ConditionSpec, EventDriven, Firing, Parameter, Step
from .window import Entry, contributors


@dataclass(frozen=True, slots=True)
class Count(EventDriven):
    """Configuration of ``count``. Its memory is the window: ``[[time_us, event id], …]`` in event order.

    The window is ``(newest - within, newest]``: two events exactly ``within`` apart do not share it. A firing consumes
    the window, so the next one needs the full number again; hence a key never holds more than ``at_least - 1`` entries.
    """

    at_least: int
    within: int
    by: tuple[Path, ...] = ()

    @property
    def default_suppress_us(self) -> int:
        """A burst is one alert: what follows within the same span folds into it."""
        return self.within

    def begin(self, event: Event) -> list[Entry]:  # noqa: ARG002 - the protocol's signature
        """An empty window."""
        return []

    def step(self, memory: list[Entry], event: Event) -> Step:
        """Put the event into its key's window, drop what has left it, and fire when the number is reached."""
        entry = [event.time_us, event.id]
        if not memory or entry > memory[-1]:
            memory.append(entry)
        elif entry[0] <= memory[-1][0] - self.within:
            return TOO_LATE
        else:
            insort(memory, entry)
        edge_us = memory[-1][0] - self.within
        if memory[0][0] <= edge_us:
            del memory[: bisect_left(memory, [edge_us + 1])]
        return NOTED if len(memory) < self.at_least else Step(self._firing(memory), forget=True)

    def _firing(self, window: list[Entry]) -> Firing:
        span_us = window[-1][0] - window[0][0]
        facts = {
            "count": len(window),
            "at_least": self.at_least,
            "within": format_duration(self.within),
            "span_s": span_us / SECOND_US,
        }
        why = f"{counted(len(window), 'event')} in {format_duration(span_us)}"
        why = f"{why}, threshold {self.at_least} in {facts['within']}"
        events = contributors(window)
        return Firing(events.ids, facts, why, times_us=events.times_us)

    def expires_us(self, memory: list[Entry]) -> int:
        """The instant at which the newest entry leaves the window."""
        return int(memory[-1][0]) + self.within

    def describe_state(self, state: Json) -> str:
        """How full the window is, and what would fill it in time: a new event must share it with the oldest one."""
        last, end = format_time(state[-1][0]), format_time(state[0][0] + self.within)
        shown_end = end.split("T")[1] if end[:10] == last[:10] else end
        return (
            f"{len(state)} of {self.at_least} in {format_duration(self.within)}, last {last}; "
            f"needs {self.at_least - len(state)} more before {shown_end}"
        )

    def to_json(self) -> Json:
        """The configuration as written, the duration in microseconds."""
        return {"count": {"at_least": self.at_least, "within": self.within, "by": [str(path) for path in self.by]}}


COUNT: Final = ConditionSpec(
    "count",
    "the key's matches in the window reach the number",
    Count,
    (
        Parameter("at_least", "count", "how many matches fire", required=True),
        Parameter("within", "duration", "the length of the sliding window, in event time", required=True),
    ),
    facts=("count", "at_least", "within", "span_s"),
)
