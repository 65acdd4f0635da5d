"""``first_seen``: a value is new for its key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.path import Path
from trailbell_engine.timestamps import DAY_US, format_time
from trailbell_engine.values import Json, canonical

from .base import ConditionSpec, EventDriven, Firing, Parameter, Step
from .sightings import shown, sighted
from .window import ENTRIES_KEPT

MEMORY_US: Final = 30 * DAY_US
VALUES_SHOWN: Final = 20
"""How many of the new values of one event a firing names."""


@dataclass(frozen=True, slots=True)
class FirstSeen(EventDriven):
    """Configuration of ``first_seen``. Its state is ``[since_us, newest_us, {value: time_us of its newest sighting}]``.

    A value is new if its key has not shown it in ``(t - within, t)``; each sighting renews the memory. The very first
    value of a key is new like any other. With ``learn`` the key's first span is only learned from: nothing fires
    before ``since_us + learn``. A key that was silent for ``within`` is forgotten, and learns again. A missing or
    null value is none.
    """

    of: tuple[Path, ...]
    within: int = MEMORY_US
    learn: int | None = None
    by: tuple[Path, ...] = ()

    @property
    def default_suppress_us(self) -> int:
        """A value is new once; another new value is news."""
        return 0

    def step(self, state: Json, event: Event) -> Step:
        """Fire if one of the event's values is not remembered; remember them all."""
        values = sighted(self.of, event)
        if not values:
            return Step(state)
        since_us, newest_us, seen = _memory(state, event)
        if event.time_us <= newest_us - self.within:
            return Step(state, too_late=True)
        since_us, newest_us = min(since_us, event.time_us), max(newest_us, event.time_us)
        forgotten_us = event.time_us - self.within
        new = [value for value in values if seen.get(value, forgotten_us) <= forgotten_us]
        if new:  # only now does the memory grow; what has left it need not be looked for at other times
            seen = {value: time_us for value, time_us in seen.items() if time_us > newest_us - self.within}
        known = len(seen)
        seen = seen | {value: max(event.time_us, seen.get(value, event.time_us)) for value in values}
        seen, overflow = _bounded(seen)
        learning = self.learn is not None and event.time_us < since_us + self.learn
        firing = None if learning or not new else self._firing(new, known, event)
        return Step([since_us, newest_us, seen], firing, overflow=overflow)

    def _firing(self, new: list[str], known: int, event: Event) -> Firing:
        values = [shown(value) for value in new[:VALUES_SHOWN]]
        facts = {
            "count": 1,
            "value": values[0],
            "values": values,
            "known": known,
            "within": format_duration(self.within),
        }
        what = ", ".join(map(str, self.of))
        names = ", ".join(map(canonical, values[:3])) + (", …" if len(values) > 3 else "")
        why = f"{what} {names} was not seen in the {facts['within']} before ({known} known)"
        return Firing((event.id,), facts, why)

    def expires_us(self, state: Json) -> int | None:
        """The instant at which the newest sighting is forgotten."""
        return int(state[1]) + self.within

    def describe_state(self, state: Json) -> str:
        """How many values are known, and until when it only learns."""
        since_us, newest_us, seen = state
        text = f"{len(seen)} values known, last seen {format_time(newest_us)}"
        return text if self.learn is None else f"{text}; learns until {format_time(since_us + self.learn)}"

    def to_json(self) -> Json:
        """The configuration as written, durations in microseconds."""
        return {
            "first_seen": {
                "of": [str(path) for path in self.of],
                "within": self.within,
                "learn": self.learn,
                "by": [str(path) for path in self.by],
            }
        }


def _memory(state: Json, event: Event) -> tuple[int, int, dict[str, int]]:
    return tuple(state) if state else (event.time_us, event.time_us, {})


def _bounded(seen: dict[str, int]) -> tuple[dict[str, int], int]:
    """The newest sightings, and how many values were given up. A value that is given up will count as new again."""
    overflow = len(seen) - ENTRIES_KEPT
    if overflow <= 0:
        return seen, 0
    newest = sorted(seen, key=lambda value: (seen[value], value))[overflow:]
    return {value: seen[value] for value in newest}, overflow


FIRST_SEEN: Final = ConditionSpec(
    "first_seen",
    "the value is new for the key",
    FirstSeen,
    (
        Parameter("of", "paths", "the field whose values are remembered; of several, their combination", required=True),
        Parameter("within", "duration", "how long a value is remembered after it was last seen; `30d` by default"),
        Parameter("learn", "duration", "nothing fires for so long after the key's first event; by default at once"),
    ),
    facts=("count", "value", "values", "known", "within"),
)
