"""``ongoing``: something has begun, and goes on until an event says that it is over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from trailbell_engine.compile import compile_predicate
from trailbell_engine.event import Event
from trailbell_engine.path import Path
from trailbell_engine.predicate import Predicate, to_json
from trailbell_engine.timestamps import DAY_US, format_time
from trailbell_engine.values import Json

from .base import NOTED, PASSED_OVER, TOO_LATE, ConditionSpec, EventDriven, Firing, Parameter, Step

ENDED_KEPT_US: Final = DAY_US
"""For how long it is remembered that a key's last story is over: a beginning that comes late, and is older than that
end, must not open what nobody would ever close."""


@dataclass(frozen=True, slots=True)
class Ongoing(EventDriven):
    """Configuration of ``ongoing``. Its memory is ``[is it going on, time_us]``: how it stands, and since when.

    A match that does not meet ``until`` begins it, and is the only one that fires; a match that meets ``until`` ends
    it. What else matches meanwhile belongs to it. An end without a beginning says nothing.
    """

    until: Predicate
    by: tuple[Path, ...] = ()
    _ends: Callable[[Event], bool] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_ends", compile_predicate(self.until))

    @property
    def default_suppress_us(self) -> int:
        """It has an end; what begins after that is another story."""
        return 0

    def begin(self, event: Event) -> list[Any]:
        """Nothing is going on."""
        return [False, event.time_us]

    def step(self, memory: list[Any], event: Event) -> Step:
        """Begin, go on, or end."""
        going_on, since_us = memory
        if event.time_us < since_us:
            return TOO_LATE
        ends = self._ends(event)
        if going_on != ends:
            return NOTED if going_on else PASSED_OVER
        memory[:] = not ends, event.time_us
        return Step(resolved=True) if ends else Step(Firing((event.id,), {"count": 1}, lasting=True))

    def expires_us(self, memory: list[Any]) -> int | None:
        """What goes on is remembered until it ends."""
        return None if memory[0] else int(memory[1]) + ENDED_KEPT_US

    def describe_state(self, state: Json) -> str:
        """Whether it goes on, and since when."""
        going_on, since_us = state
        return f"going on since {format_time(since_us)}" if going_on else f"over since {format_time(since_us)}"

    def to_json(self) -> Json:
        """The configuration as written."""
        return {"ongoing": {"until": to_json(self.until), "by": [str(path) for path in self.by]}}


ONGOING: Final = ConditionSpec(
    "ongoing",
    "something begins that goes on until a match meets `until`; the alert is resolved then",
    Ongoing,
    (Parameter("until", "predicate", "what the match meets that ends it", required=True),),
    lasting=True,
)
