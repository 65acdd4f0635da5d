"""``distinct``: the distinct values of a field within a sliding window reach a number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.path import Path
from trailbell_engine.timestamps import SECOND_US, format_time
from trailbell_engine.values import Json

from .base import ConditionSpec, EventDriven, Firing, Flaw, Parameter, Step
from .sightings import shown, sighted
from .window import ENTRIES_KEPT, order

VALUES_SHOWN: Final = 20
"""How many of the values a firing names."""


@dataclass(frozen=True, slots=True)
class Distinct(EventDriven):
    """Configuration of ``distinct``. Its state is each value's newest sighting: ``{value: [time_us, event id]}``.

    The window is ``(newest - within, newest]`` of the newest sighting. A missing or null value is none. A firing
    names one event per value, the newest, and consumes the window: the next one needs the full number again. Hence a
    key never holds more than ``at_least - 1`` values, and what has been seen of a value before its newest sighting
    cannot matter.
    """

    of: tuple[Path, ...]
    at_least: int
    within: int
    by: tuple[Path, ...] = ()

    @property
    def default_suppress_us(self) -> int:
        """A burst is one alert: what follows within the same span folds into it."""
        return self.within

    def step(self, state: Json, event: Event) -> Step:
        """Note the event's values, drop what has left the window, and fire when the number is reached."""
        values = sighted(self.of, event)
        if not values:
            return Step(state)
        sightings = dict(state or {})
        for value in values:
            sightings[value] = max([event.time_us, event.id], sightings.get(value, [event.time_us, event.id]))
        newest_us = max(time_us for time_us, _ in sightings.values())
        inside = {value: seen for value, seen in sightings.items() if seen[0] > newest_us - self.within}
        if event.time_us <= newest_us - self.within:
            return Step(inside, too_late=True)
        if len(inside) < self.at_least:
            return Step(inside)
        return Step(None, self._firing(inside, newest_us))

    def _firing(self, inside: dict[str, list[Any]], newest_us: int) -> Firing:
        ordered = sorted(inside.items(), key=lambda item: (order(item[1]), item[0]))
        ids = tuple(dict.fromkeys(seen[1] for _, seen in ordered))
        span_us = newest_us - ordered[0][1][0]
        facts = {
            "count": len(ids),
            "distinct": len(ordered),
            "values": [shown(value) for value, _ in ordered[:VALUES_SHOWN]],
            "at_least": self.at_least,
            "within": format_duration(self.within),
            "span_s": span_us / SECOND_US,
        }
        what = ", ".join(map(str, self.of))
        why = f"{len(ordered)} distinct values of {what} in {format_duration(span_us)}"
        return Firing(ids, facts, f"{why}, threshold {self.at_least} in {facts['within']}")

    def expires_us(self, state: Json) -> int | None:
        """The instant at which the newest sighting leaves the window."""
        return max(int(time_us) for time_us, _ in state.values()) + self.within

    def describe_state(self, state: Json) -> str:
        """How many values the window has, and which came last."""
        last_us, _, value = max((*seen, value) for value, seen in state.items())
        within = format_duration(self.within)
        return (
            f"{len(state)} of {self.at_least} distinct values in {within}, last {shown(value)} {format_time(last_us)}"
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
