"""``spike``: a window holds many more matches, or many fewer, than the time before it."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, TypedDict

from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.path import Path
from trailbell_engine.timestamps import DAY_US, format_time
from trailbell_engine.values import Json

from .base import ConditionSpec, Firing, Flaw, Parameter, Step
from .window import ENTRIES_KEPT, Entry, contributors, order

Direction: TypeAlias = Literal["up", "down"]

KNOWN_FOR_US: Final = 30 * DAY_US
"""A key that was silent for so long, or for twice its windows if that is more, is unknown again and learns afresh."""


class _Watch(TypedDict):
    """The state of one key.

    Attributes:
        since_us: the first event; before ``since_us + baseline + within`` there is nothing to compare with.
        at_us: the latest instant that was looked at.
        now: ``[time_us, event id]`` of the window, in event order.
        before: ``[time_us, number of events]`` of the baseline, oldest first.
        held: the direction that has fired and still holds; None if none does.
    """

    since_us: int
    at_us: int
    now: list[list[Any]]
    before: list[list[int]]
    held: Direction | None


@dataclass(frozen=True, slots=True)
class Spike:
    """Configuration of ``spike``.

    At an instant ``t`` the window ``(t - within, t]`` is compared with the baseline, ``(t - within - baseline, t -
    within]``, scaled to the length of the window. Up holds when the window has ``factor`` times as many or more; down
    when it has so many times fewer; what is empty counts as one event, since no factor leads away from nothing.
    ``min_events`` must be in the busier of the two, ``min_baseline`` in the scaled baseline. It fires when a
    direction begins to hold, and again only after it has ceased to. Nothing fires before the key is known for
    ``baseline + within``. A rise shows when an event comes; a fall shows also when none does.
    """

    factor: float
    within: int
    baseline: int | None = None
    direction: Literal["up", "down", "both"] = "up"
    min_events: int = 1
    min_baseline: int = 0
    by: tuple[Path, ...] = ()

    @property
    def default_suppress_us(self) -> int:
        """Up and down within the same span are one story."""
        return self.within

    @property
    def _baseline_us(self) -> int:
        return self.baseline or self.within

    def step(self, state: Json, event: Event) -> Step:
        """Put the event into its window, and compare."""
        watch: _Watch = state or {
            "since_us": event.time_us,
            "at_us": event.time_us,
            "now": [],
            "before": [],
            "held": None,
        }
        at_us = max(watch["at_us"], event.time_us)
        if event.time_us <= at_us - self.within - self._baseline_us:
            return Step(state, too_late=True)
        now, before = [*watch["now"]], [*watch["before"]]
        if event.time_us > at_us - self.within:
            insort(now, [event.time_us, event.id], key=order)
        else:
            insort(before, [event.time_us, 1])
        since_us = min(watch["since_us"], event.time_us)
        after: _Watch = {**watch, "since_us": since_us, "now": now, "before": before}
        return self._look(after, at_us, [event.time_us, event.id])

    def wakes_us(self, state: Json) -> int | None:
        """When the oldest event leaves the window: only then can a fall begin, or a rise end, without an event."""
        watch: _Watch = state
        if not watch["now"] or (self.direction == "up" and watch["held"] is None):
            return None
        return int(watch["now"][0][0]) + self.within

    def wake(self, state: Json, time_us: int) -> Step:
        """Compare again, with one event less in the window."""
        return self._look(state, time_us, None)

    def _look(self, watch: _Watch, time_us: int, event: Entry | None) -> Step:
        """Move the windows to an instant, compare, and say what has begun to hold."""
        cut = bisect_right(watch["now"], time_us - self.within, key=lambda entry: int(entry[0]))
        before = sorted([*watch["before"], *([left[0], 1] for left in watch["now"][:cut])])
        edge_us = time_us - self.within - self._baseline_us
        before = before[bisect_right(before, edge_us, key=lambda entry: entry[0]) :]
        before, coarsened = _bounded(before)
        now, dropped = watch["now"][cut:], max(0, len(watch["now"]) - cut - ENTRIES_KEPT)
        after: _Watch = {**watch, "at_us": time_us, "now": now[dropped:], "before": before}
        count = len(now)
        normal = sum(entry[1] for entry in before) * self.within / self._baseline_us
        known = time_us >= watch["since_us"] + self.within + self._baseline_us
        after["held"] = self._held(count, normal) if known else None
        began = after["held"] is not None and after["held"] != watch["held"]
        firing = self._firing(after, count, normal, event) if began else None
        return Step(after, firing, overflow=coarsened + dropped)

    def _held(self, count: int, normal: float) -> Direction | None:
        if normal < self.min_baseline:
            return None
        if self.direction != "down" and count >= max(self.min_events, self.factor * max(normal, 1)):
            return "up"
        if self.direction != "up" and normal >= max(self.min_events, self.factor * max(count, 1)):
            return "down"
        return None

    def _firing(self, watch: _Watch, count: int, normal: float, event: Entry | None) -> Firing:
        facts = {
            "count": count,
            "baseline": round(normal, 3),
            "factor": self.factor,
            "direction": watch["held"],
            "within": format_duration(self.within),
        }
        before = format_duration(self._baseline_us)
        scaled = "" if self._baseline_us == self.within else ", scaled to the same length"
        why = f"{count} events in {facts['within']}, {normal:g} in the {before} before{scaled}; factor {self.factor:g}"
        events = contributors([*watch["now"], *([] if event is None else [event])])
        return Firing(events.ids, facts, why, times_us=events.times_us)

    def expires_us(self, state: Json) -> int | None:
        """When the key is unknown again."""
        watch: _Watch = state
        return watch["at_us"] + max(KNOWN_FOR_US, 2 * (self.within + self._baseline_us))

    def describe_state(self, state: Json) -> str:
        """The two windows as they were when they were last looked at."""
        watch: _Watch = state
        before = sum(number for _, number in watch["before"])
        counts = f"{len(watch['now'])} in {format_duration(self.within)}"
        counts += f", {before} in the {format_duration(self._baseline_us)} before"
        text = f"{counts}, at {format_time(watch['at_us'])}"
        known_us = watch["since_us"] + self.within + self._baseline_us
        return text if watch["at_us"] >= known_us else f"{text}; nothing fires before {format_time(known_us)}"

    def to_json(self) -> Json:
        """The configuration as written, durations in microseconds."""
        return {
            "spike": {
                "factor": self.factor,
                "within": self.within,
                "baseline": self.baseline,
                "direction": self.direction,
                "min_events": self.min_events,
                "min_baseline": self.min_baseline,
                "by": [str(path) for path in self.by],
            }
        }


def _bounded(before: list[list[int]]) -> tuple[list[list[int]], int]:
    """The baseline with its older half made coarser if it is too long: pairs become one entry, at the later time."""
    if len(before) <= ENTRIES_KEPT:
        return before, 0
    half = len(before) // 4 * 2
    pairs = zip(before[:half:2], before[1:half:2], strict=True)
    return [*([later[0], earlier[1] + later[1]] for earlier, later in pairs), *before[half:]], half // 2


def _check(arguments: Mapping[str, Any]) -> Flaw | None:
    if arguments["factor"] <= 1:
        help_ = "3 is three times as many; for three times fewer add `direction: down`"
        return Flaw(f"a factor is more than 1, not {arguments['factor']}", ("factor",), help_)
    return None


SPIKE: Final = ConditionSpec(
    "spike",
    "the window holds so many times more (or fewer) matches than the time before it",
    Spike,
    (
        Parameter("factor", "number", "how many times more, or fewer", required=True),
        Parameter("within", "duration", "the length of the sliding window, in event time", required=True),
        Parameter("baseline", "duration", "the length of the time before it; as long as `within` by default"),
        Parameter("direction", "choice", "`up` by default", default="up", choices=("up", "down", "both")),
        Parameter("min_events", "count", "fewer in the busier of the two say nothing; 1 by default", default=1),
        Parameter("min_baseline", "count", "fewer in the baseline, scaled to the window, say nothing to compare with"),
    ),
    facts=("count", "baseline", "factor", "direction", "within"),
    check=_check,
    silent=lambda condition: condition.direction != "up",
)
