"""``first_seen``: a value is new for its key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.path import Path
from trailbell_engine.timestamps import DAY_US, format_time
from trailbell_engine.values import Json, canonical

from .base import NOTED, PASSED_OVER, TOO_LATE, ConditionSpec, EventDriven, Firing, Parameter, Step
from .sightings import compile_sightings, drop_first, shown
from .window import ENTRIES_KEPT

MEMORY_US: Final = 30 * DAY_US
VALUES_SHOWN: Final = 20
"""How many of the new values of one event a firing names."""


@dataclass(frozen=True, slots=True)
class FirstSeen(EventDriven):
    """Configuration of ``first_seen``. Its memory is ``[since_us, newest_us, {value: time_us}]``, with the times of the
    newest sightings.

    A value is new if its key has not shown it in ``(t - within, t)``; each sighting renews the memory. The very first
    value of a key is new like any other. With ``learn`` the key's first span is only learned from: nothing fires
    before ``since_us + learn``. A key that was silent for ``within`` is forgotten, and learns again. A missing or
    null value is none. The values are in the order of their sightings, so that those that are forgotten are the first.
    """

    of: tuple[Path, ...]
    within: int = MEMORY_US
    learn: int | None = None
    by: tuple[Path, ...] = ()
    _sighted: Callable[[Event], Sequence[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_sighted", compile_sightings(self.of))

    @property
    def default_suppress_us(self) -> int:
        """A value is new once; another new value is news."""
        return 0

    def begin(self, event: Event) -> list[Any]:
        """No value yet."""
        return [event.time_us, event.time_us, {}]

    def step(self, memory: list[Any], event: Event) -> Step:
        """Fire if one of the event's values is not remembered; remember them all."""
        values = self._sighted(event)
        if not values:
            return PASSED_OVER
        time_us = event.time_us
        since_us, newest_us, seen = min(memory[0], time_us), max(memory[1], time_us), memory[2]
        if time_us <= newest_us - self.within:
            return TOO_LATE
        forgotten_us = time_us - self.within
        new = [value for value in values if seen.get(value, forgotten_us) <= forgotten_us]
        if new:  # only now does the memory grow; what has left it need not be looked for at other times
            drop_first(seen, lambda sighted_us: sighted_us <= newest_us - self.within)
        known = len(seen)
        for value in values:
            seen[value] = max(time_us, seen.pop(value, time_us))
        if time_us < newest_us:
            seen = dict(sorted(seen.items(), key=lambda item: item[1]))
        overflow = _bound(seen)
        memory[:] = since_us, newest_us, seen
        learning = self.learn is not None and time_us < since_us + self.learn
        firing = None if learning or not new else self._firing(new, known, event)
        return NOTED if firing is None and not overflow else Step(firing, overflow=overflow)

    def _firing(self, new: Sequence[str], known: int, event: Event) -> Firing:
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

    def expires_us(self, memory: list[Any]) -> int:
        """The instant at which the newest sighting is forgotten."""
        return int(memory[1]) + self.within

    def describe_state(self, state: Json) -> str:
        """How many values are known, and until when it only learns."""
        since_us, newest_us, seen = state
        text = f"{counted(len(seen), 'value')} known, last seen {format_time(newest_us)}"
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


def _bound(seen: dict[str, int]) -> int:
    """Give up the oldest sightings beyond the bound, and say how many. Such a value will count as new again."""
    overflow = max(0, len(seen) - ENTRIES_KEPT)
    for value in list(islice(seen, overflow)):
        del seen[value]
    return overflow


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
