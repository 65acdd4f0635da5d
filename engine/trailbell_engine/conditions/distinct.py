"""``distinct``: the distinct values of a field within a sliding window reach a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.path import Path
from trailbell_engine.timestamps import SECOND_US, format_time
from trailbell_engine.values import Json

from .base import NOTED, PASSED_OVER, TOO_LATE, ConditionSpec, EventDriven, Firing, Flaw, Parameter, Step
from .sightings import compile_sightings, drop_first, shown
from .window import ENTRIES_KEPT, contributors, order

VALUES_SHOWN: Final = 20
"""How many of the values a firing names."""


@dataclass(frozen=True, slots=True)
class Distinct(EventDriven):
    """Configuration of ``distinct``. Its memory is ``[newest_us, {value: newest sighting}]``, and a sighting is
    ``[time_us, event id]``.

    The window is ``(newest - within, newest]`` of the newest sighting. A missing or null value is none. A firing
    names one event per value, the newest, and consumes the window: the next one needs the full number again. Hence a
    key never holds more than ``at_least - 1`` values, and what has been seen of a value before its newest sighting
    cannot matter. The values are in the order of their sightings, so that those that leave are the first.
    """

    of: tuple[Path, ...]
    at_least: int
    within: int
    by: tuple[Path, ...] = ()
    _sighted: Callable[[Event], Sequence[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_sighted", compile_sightings(self.of))

    @property
    def default_suppress_us(self) -> int:
        """A burst is one alert: what follows within the same span folds into it."""
        return self.within

    def begin(self, event: Event) -> list[Any]:
        """No value yet."""
        return [event.time_us, {}]

    def step(self, memory: list[Any], event: Event) -> Step:
        """Note the event's values, and fire when enough of them are in the window."""
        values = self._sighted(event)
        if not values:
            return PASSED_OVER
        newest_us: int = memory[0]
        seen: dict[str, list[Any]] = memory[1]
        time_us = event.time_us
        if time_us <= newest_us - self.within:
            return TOO_LATE
        sighting = [time_us, event.id]
        for value in values:
            seen[value] = max(sighting, seen.pop(value, sighting))  # the last now, in their order
        if time_us < newest_us:
            memory[1] = seen = dict(sorted(seen.items(), key=lambda item: order(item[1])))
        else:
            memory[0] = newest_us = time_us
        if len(seen) >= self.at_least:  # before, it makes no difference which of them have left the window
            drop_first(seen, lambda sighting: sighting[0] <= newest_us - self.within)
        return NOTED if len(seen) < self.at_least else Step(self._firing(seen, newest_us), forget=True)

    def _firing(self, inside: dict[str, list[Any]], newest_us: int) -> Firing:
        ordered = sorted(inside.items(), key=lambda item: (order(item[1]), item[0]))
        events = contributors(seen for _, seen in ordered)
        span_us = newest_us - ordered[0][1][0]
        facts = {
            "count": len(events.ids),
            "distinct": len(ordered),
            "values": [shown(value) for value, _ in ordered[:VALUES_SHOWN]],
            "at_least": self.at_least,
            "within": format_duration(self.within),
            "span_s": span_us / SECOND_US,
        }
        what = ", ".join(map(str, self.of))
        why = f"{counted(len(ordered), 'distinct value')} of {what} in {format_duration(span_us)}"
        why = f"{why}, threshold {self.at_least} in {facts['within']}"
        return Firing(events.ids, facts, why, times_us=events.times_us)

    def expires_us(self, memory: list[Any]) -> int:
        """The instant at which the newest sighting leaves the window."""
        return int(memory[0]) + self.within

    def describe_state(self, state: Json) -> str:
        """How many values the window has, and which came last."""
        newest_us, seen = state
        inside = {value: sighting for value, sighting in seen.items() if sighting[0] > newest_us - self.within}
        last_us, _, value = max((*sighting, value) for value, sighting in inside.items())
        within = format_duration(self.within)
        return (
            f"{len(inside)} of {self.at_least} distinct values in {within}, last {shown(value)} {format_time(last_us)}"
        )

    def to_json(self) -> Json:
        """The configuration as written, the duration in microseconds."""
        return {
            "distinct": {
                "of": [str(path) for path in self.of],
                "at_least": self.at_least,
                "within": self.within,
                "by": [str(path) for path in self.by],
            }
        }


def _check(arguments: Mapping[str, Any]) -> Flaw | None:
    if arguments["at_least"] > ENTRIES_KEPT:
        return Flaw(f"a key keeps at most {ENTRIES_KEPT:,} distinct values", ("at_least",), "ask for fewer")
    return None


DISTINCT: Final = ConditionSpec(
    "distinct",
    "the distinct values of a field in the window reach the number",
    Distinct,
    (
        Parameter("of", "paths", "the field whose values are told apart; of several, their combination", required=True),
        Parameter("at_least", "count", "how many distinct values fire", required=True),
        Parameter("within", "duration", "the length of the sliding window, in event time", required=True),
    ),
    facts=("count", "distinct", "values", "at_least", "within", "span_s"),
    check=_check,
)
