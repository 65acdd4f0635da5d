"""``changed``: a value differs from the last one its key had."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.path import Path
from trailbell_engine.readers import Reader, Several, reader
from trailbell_engine.timestamps import format_time
from trailbell_engine.values import MISSING, Json, canonical, json_equal

from .base import NOTED, PASSED_OVER, TOO_LATE, ConditionSpec, EventDriven, Firing, Parameter, Step


@dataclass(frozen=True, slots=True)
class Changed(EventDriven):
    """Configuration of ``changed``. Its memory is the last sighting: ``[value, time_us, event id]``.

    The first sighting of a key is no change. A missing or null value neither fires nor is remembered, unless
    ``track_null`` says so; then both count as null. ``0`` and ``""`` are values like any other.
    """

    of: Path
    within: int | None = None
    track_null: bool = False
    by: tuple[Path, ...] = ()
    _read: Reader = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_read", reader(self.of))

    @property
    def default_suppress_us(self) -> int:
        """A change back is news; only with ``within`` is there a span in which changes are one story."""
        return self.within or 0

    def begin(self, event: Event) -> list[Any]:  # noqa: ARG002 - the protocol's signature
        """No sighting yet."""
        return []

    def step(self, memory: list[Any], event: Event) -> Step:
        """Compare with the last sighting, and remember this one."""
        found = self._read(event.data, event)
        value = None if found is MISSING else list(found) if found.__class__ is Several else found
        if value is None and not self.track_null:
            return PASSED_OVER
        if memory and event.time_us < memory[1]:
            return TOO_LATE
        same = not memory or json_equal(memory[0], value) or self._forgotten(memory, event)
        step = NOTED if same else Step(self._firing(memory, value, event))
        memory[:] = value, event.time_us, event.id
        return step

    def _forgotten(self, memory: list[Any], event: Event) -> bool:
        return self.within is not None and event.time_us - memory[1] >= self.within

    def _firing(self, memory: list[Any], value: Json, event: Event) -> Firing:
        old, seen_us, _ = memory
        change = {"field": str(self.of), "old": old, "new": value, "since": format_time(seen_us)}
        after = format_duration(event.time_us - seen_us)
        why = f"{self.of} was {canonical(old)} {after} before and is now {canonical(value)}"
        return Firing((event.id,), {"change": change, "count": 1}, why)

    def expires_us(self, memory: list[Any]) -> int | None:
        """With ``within`` a sighting is forgotten; without it the last value is kept."""
        return None if self.within is None else int(memory[1]) + self.within

    def describe_state(self, state: Json) -> str:
        """The value that the next one is compared with, and for how long."""
        value, seen_us, event_id = state
        text = f"last value {canonical(value)}, seen {format_time(seen_us)} in event {event_id}"
        return text if self.within is None else f"{text}; forgotten at {format_time(seen_us + self.within)}"

    def to_json(self) -> Json:
        """The configuration as written, the duration in microseconds."""
        return {
            "changed": {
                "of": str(self.of),
                "within": self.within,
                "track_null": self.track_null,
                "by": [str(path) for path in self.by],
            }
        }


CHANGED: Final = ConditionSpec(
    "changed",
    "the value differs from the key's last one",
    Changed,
    (
        Parameter("of", "path", "the field whose value is watched", required=True),
        Parameter("within", "duration", "a sighting older than this is forgotten; by default none is"),
        Parameter("track_null", "boolean", "missing and null are a value (null) too", default=False),
    ),
    facts=("count", "change"),
)
