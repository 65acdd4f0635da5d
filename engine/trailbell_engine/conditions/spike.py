"""``spike``: a window holds many more matches, or many fewer, than the time before it."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, TypedDict

from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.path import Path
from trailbell_engine.timestamps import DAY_US, format_time
from trailbell_engine.values import Json

from .base import NOTED, TOO_LATE, ConditionSpec, Firing, Flaw, Parameter, Remembering, Step
from .window import ENTRIES_KEPT, Entry, contributors, insert, leaving

Direction: TypeAlias = Literal["up", "down"]

KNOWN_FOR_US: Final = 30 * DAY_US
"""A key that was silent for so long, or for twice its windows if that is more, is unknown again and learns afresh."""


class _Watch(TypedDict):
    """The memory of one key.

    Attributes:
        since_us: the first event; before ``since_us + baseline + within`` there is nothing to compare with.
        at_us: the latest instant that was looked at.
        now: ``[time_us, event id]`` of the window, in event order.
        before: ``[time_us, number of events]`` of the baseline, oldest first.
        total: how many events that are.
        held: the direction that has fired and still holds; None if none does.
    """

    since_us: int
    at_us: int
    now: list[list[Any]]
    before: list[list[int]]
    total: int
    held: Direction | None


@dataclass(frozen=True, slots=True)
class Spike(Remembering):
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

    def begin(self, event: Event) -> _Watch:
        """Known from this event on."""
        time_us = event.time_us
        return {"since_us": time_us, "at_us": time_us, "now": [], "before": [], "total": 0, "held": None}

    def step(self, memory: _Watch, event: Event) -> Step:
        """Put the event into its window, and compare."""
        time_us, at_us = event.time_us, max(memory["at_us"], event.time_us)
        if time_us <= at_us - self.within - self._baseline_us:
            return TOO_LATE
        if time_us > at_us - self.within:
            insert(memory["now"], [time_us, event.id])
        else:
            insort(memory["before"], [time_us, 1])
            memory["total"] += 1
        memory["since_us"] = min(memory["since_us"], time_us)
        return self._look(memory, at_us, [time_us, event.id])

    def wakes_us(self, memory: _Watch) -> int | None:
        """When the oldest event leaves the window: only then can a fall begin, or a rise end, without an event."""
        if not memory["now"] or (self.direction == "up" and memory["held"] is None):
            return None
        return int(memory["now"][0][0]) + self.within

    def wake(self, memory: _Watch, time_us: int) -> Step:
        """Compare again, with one event less in the window."""
        return self._look(memory, time_us, None)

    def _look(self, watch: _Watch, time_us: int, event: Entry | None) -> Step:
        """Move the windows to an instant, compare, and say what has begun to hold."""
        overflow = self._move(watch, time_us)
        count, normal = len(watch["now"]), watch["total"] * self.within / self._baseline_us
        dropped = max(0, count - ENTRIES_KEPT)
        del watch["now"][:dropped]
        known = time_us >= watch["since_us"] + self.within + self._baseline_us
        held = self._held(count, normal) if known else None
        began = held is not None and held != watch["held"]
        watch["held"] = held
        if began or overflow or dropped:
            firing = self._firing(watch, count, normal, event) if began else None
            return Step(firing, overflow=overflow + dropped)
        return NOTED

    def _move(self, watch: _Watch, time_us: int) -> int:
        """What leaves the window is of the baseline now, and what leaves that is gone; returns how much got coarser."""
        now, before = watch["now"], watch["before"]
        watch["at_us"] = time_us
        cut = leaving(now, time_us - self.within)
        if cut:
            before += ([left[0], 1] for left in now[:cut])
            watch["total"] += cut
            del now[:cut]
        gone = leaving(before, time_us - self.within - self._baseline_us)
        if gone:
            watch["total"] -= sum(entry[1] for entry in before[:gone])
            del before[:gone]
        return _bound(before)

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
        now = f"{counted(count, 'event')} in {facts['within']}"
        why = f"{now}, {normal:g} in the {before} before{scaled}; factor {self.factor:g}"
        events = contributors([*watch["now"], *([] if event is None else [event])])
        return Firing(events.ids, facts, why, times_us=events.times_us)

    def expires_us(self, memory: _Watch) -> int:
        """When the key is unknown again."""
        return memory["at_us"] + max(KNOWN_FOR_US, 2 * (self.within + self._baseline_us))

    def describe_state(self, state: Json) -> str:
        """The two windows as they were when they were last looked at."""
        watch: _Watch = state
        counts = f"{len(watch['now'])} in {format_duration(self.within)}"
        counts += f", {watch['total']} in the {format_duration(self._baseline_us)} before"
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


def _bound(before: list[list[int]]) -> int:
    """Make the older half of a baseline coarser that is too long: pairs become one entry, at the later time."""
    if len(before) <= ENTRIES_KEPT:
        return 0
    half = len(before) // 4 * 2
    pairs = zip(before[:half:2], before[1:half:2], strict=True)
    before[:half] = [[later[0], earlier[1] + later[1]] for earlier, later in pairs]
    return half // 2


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
