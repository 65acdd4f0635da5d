"""``ratio``: the share of the matches that meet one more predicate crosses a bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trailbell_engine.compile import compile_predicate
from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.path import Path
from trailbell_engine.predicate import Predicate, to_json
from trailbell_engine.timestamps import SECOND_US, format_time
from trailbell_engine.values import Json

from .base import NOTED, TOO_LATE, ConditionSpec, EventDriven, Firing, Flaw, Parameter, Step
from .bounds import beyond, check_bounds
from .window import Entry, contributors, insert, surplus


@dataclass(frozen=True, slots=True)
class Ratio(EventDriven):
    """Configuration of ``ratio``. Its memory is ``[parts, window]``: the window is ``[[time_us, event id, 1 or 0], …]``
    in event order, and the parts are its ones.

    Looked at on every match; the window is ``(newest - within, newest]``. The share is of 1: ``above: 0.2`` and
    ``above: 20%`` are the same. The bounds themselves do not fire. A firing consumes the window.
    """

    of: Predicate
    within: int
    above: float | None = None
    below: float | None = None
    min_events: int = 1
    by: tuple[Path, ...] = ()
    _meets: Callable[[Event], bool] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_meets", compile_predicate(self.of))

    @property
    def default_suppress_us(self) -> int:
        """What follows within the same span is the same story."""
        return self.within

    def begin(self, event: Event) -> list[Any]:  # noqa: ARG002 - the protocol's signature
        """An empty window."""
        return [0, []]

    def step(self, memory: list[Any], event: Event) -> Step:
        """Put the event into the window, and compare the share with the bounds."""
        part = int(self._meets(event))
        window: list[Entry] = memory[1]
        if window and event.time_us <= window[-1][0] - self.within:
            return TOO_LATE
        insert(window, [event.time_us, event.id, part])
        gone, overflow = surplus(window, self.within)
        parts = memory[0] + part
        if gone:
            parts -= sum(entry[2] for entry in window[:gone])
            del window[:gone]
        memory[0] = parts
        total = len(window)
        crossed = beyond(parts / total, self.above, self.below) if total >= self.min_events else ""
        if crossed:
            return Step(self._firing(parts, window, crossed), forget=True, overflow=overflow)
        return Step(overflow=overflow) if overflow else NOTED

    def _firing(self, parts: int, window: list[Entry], crossed: str) -> Firing:
        total = len(window)
        facts = {
            "count": total,
            "part": parts,
            "ratio": round(parts / total, 6),
            "percent": round(100 * parts / total, 2),
            "above": self.above,
            "below": self.below,
            "within": format_duration(self.within),
            "span_s": (window[-1][0] - window[0][0]) / SECOND_US,
        }
        why = f"{parts} of {counted(total, 'event')} in {facts['within']}, a share of {facts['ratio']}, {crossed}"
        events = contributors(window)
        return Firing(events.ids, facts, why, times_us=events.times_us)

    def expires_us(self, memory: list[Any]) -> int:
        """The instant at which the newest entry leaves the window."""
        return int(memory[1][-1][0]) + self.within

    def describe_state(self, state: Json) -> str:
        """The share as it was at the last event."""
        parts, window = state
        last = format_time(window[-1][0])
        return f"{parts} of {counted(len(window), 'event')} in {format_duration(self.within)}, last {last}"

    def to_json(self) -> Json:
        """The configuration as written, the duration in microseconds."""
        return {
            "ratio": {
                "of": to_json(self.of),
                "within": self.within,
                "above": self.above,
                "below": self.below,
                "min_events": self.min_events,
                "by": [str(path) for path in self.by],
            }
        }


def _check(arguments: Mapping[str, Any]) -> Flaw | None:
    flaw = check_bounds(arguments)
    if flaw is None and arguments.get("above") == 1 and arguments.get("below") is None:
        return Flaw("no share is above 1", ("above",), "all of them is `above: 0.99`, with `min_events`")
    if flaw is None and arguments.get("below") == 0 and arguments.get("above") is None:
        return Flaw("no share is below 0", ("below",), "none of them is `below: 0.01`, with `min_events`")
    return flaw


RATIO: Final = ConditionSpec(
    "ratio",
    "the share of the matches in the window that also meet `of` is beyond the bound",
    Ratio,
    (
        Parameter("of", "predicate", "what the counted part of the matches meets", required=True),
        Parameter("within", "duration", "the length of the sliding window, in event time", required=True),
        Parameter("above", "share", "fires when the share is greater: `0.2` or `20%`"),
        Parameter("below", "share", "fires when the share is less: `0.9` or `90%`"),
        Parameter("min_events", "count", "of fewer matches no share is taken; 1 by default", default=1),
    ),
    facts=("count", "part", "ratio", "percent", "above", "below", "within", "span_s"),
    check=_check,
)
