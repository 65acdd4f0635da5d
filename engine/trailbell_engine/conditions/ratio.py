"""``ratio``: the share of the matches that meet one more predicate crosses a bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from trailbell_engine.compile import compile_predicate
from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.path import Path
from trailbell_engine.predicate import Predicate, to_json
from trailbell_engine.timestamps import SECOND_US, format_time
from trailbell_engine.values import Json

from .base import ConditionSpec, EventDriven, Firing, Flaw, Parameter, Step
from .bounds import beyond, check_bounds
from .window import contributors, slide


@dataclass(frozen=True, slots=True)
class Ratio(EventDriven):
    """Configuration of ``ratio``. Its state is the window: ``[[time_us, event id, 1 or 0], …]`` in event order.

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

    def step(self, state: Json, event: Event) -> Step:
        """Put the event into the window, and compare the share with the bounds."""
        window = slide(state, [[event.time_us, event.id, int(self._meets(event))]], self.within)
        entries, total = window.entries, len(window.entries)
        if window.too_late or total < self.min_events:
            return Step(entries, too_late=window.too_late, overflow=window.overflow)
        parts = sum(entry[2] for entry in entries)
        crossed = beyond(parts / total, self.above, self.below)
        if not crossed:
            return Step(entries, overflow=window.overflow)
        facts = {
            "count": total,
            "part": parts,
            "ratio": round(parts / total, 6),
            "percent": round(100 * parts / total, 2),
            "above": self.above,
            "below": self.below,
            "within": format_duration(self.within),
            "span_s": (window.newest_us - entries[0][0]) / SECOND_US,
        }
        why = f"{parts} of {total} events in {facts['within']}, a share of {facts['ratio']}, {crossed}"
        events = contributors(entries)
        return Step(None, Firing(events.ids, facts, why, times_us=events.times_us), overflow=window.overflow)

    def expires_us(self, state: Json) -> int | None:
        """The instant at which the newest entry leaves the window."""
        return int(state[-1][0]) + self.within

    def describe_state(self, state: Json) -> str:
        """The share as it was at the last event."""
        parts, last = sum(entry[2] for entry in state), format_time(state[-1][0])
        return f"{parts} of {len(state)} events in {format_duration(self.within)}, last {last}"

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
