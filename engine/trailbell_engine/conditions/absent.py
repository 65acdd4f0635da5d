"""``absent``: a key that was there has gone quiet."""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass
from typing import Any, Final, TypedDict

from trailbell_engine.counted import counted
from trailbell_engine.durations import format_duration
from trailbell_engine.event import Event
from trailbell_engine.path import Path
from trailbell_engine.timestamps import format_time
from trailbell_engine.values import Json

from .base import NOTED, TOO_LATE, ConditionSpec, Firing, Flaw, Parameter, Remembering, Step
from .window import ENTRIES_KEPT


class _Watch(TypedDict):
    """The memory of one key.

    Attributes:
        since_us: the first event.
        times: the newest ``fewer_than`` event times, oldest first.
        absent_us: since when the key is absent; None while it is not.
    """

    since_us: int
    times: list[int]
    absent_us: int | None


@dataclass(frozen=True, slots=True)
class Absent(Remembering):
    """Configuration of ``absent``.

    A key is watched from its first event on. It is absent at the first instant ``t``, at least ``span`` after that
    event, at which ``(t - span, t]`` holds fewer than ``fewer_than`` events: an event exactly ``span`` after the last
    one is in time. It fires once, and is over when an event brings the number back, be it a late one. Nothing fires
    for a key that was never seen. A key that stays away for good stays absent; its memory is kept for ever.
    """

    span: int
    fewer_than: int = 1
    by: tuple[Path, ...] = ()

    @property
    def default_suppress_us(self) -> int:
        """An absence has an end; the one after it is another."""
        return 0

    def begin(self, event: Event) -> _Watch:
        """Watched from this event on."""
        return {"since_us": event.time_us, "times": [], "absent_us": None}

    def step(self, memory: _Watch, event: Event) -> Step:
        """Note the event; an absence ends when it makes enough of them."""
        times, absent_us = memory["times"], memory["absent_us"]
        time_us = event.time_us
        if times and time_us <= max(times[-1], absent_us or 0) - self.span:
            return TOO_LATE
        insort(times, time_us)
        memory["since_us"] = min(memory["since_us"], time_us)
        resolved = absent_us is not None and self._within(times, max(times[-1], absent_us)) >= self.fewer_than
        if len(times) > self.fewer_than:
            del times[: -self.fewer_than]
        if not resolved:
            return NOTED
        memory["absent_us"] = None
        return Step(resolved=True)

    def _within(self, times: list[int], instant_us: int) -> int:
        return len(times) - bisect_right(times, instant_us - self.span)

    def wakes_us(self, memory: _Watch) -> int | None:
        """The first instant at which too few are left; None once that has been told."""
        if memory["absent_us"] is not None:
            return None
        full = len(memory["times"]) == self.fewer_than
        return (memory["times"][0] if full else memory["since_us"]) + self.span

    def wake(self, memory: _Watch, time_us: int) -> Step:
        """Too few are left."""
        memory["absent_us"] = time_us
        return Step(self._firing(memory, time_us))

    def _firing(self, watch: _Watch, time_us: int) -> Firing:
        count, last_us = self._within(watch["times"], time_us), watch["times"][-1]
        facts: dict[str, Any] = {
            "count": count,
            "fewer_than": self.fewer_than,
            "for": format_duration(self.span),
            "last": format_time(last_us),
        }
        what = "no event" if not count else counted(count, "event")
        threshold = "" if self.fewer_than == 1 else f", fewer than {self.fewer_than}"
        why = f"{what} in {facts['for']}{threshold}; the last was at {facts['last']}"
        return Firing((), facts, why, lasting=True)

    def expires_us(self, memory: _Watch) -> int | None:  # noqa: ARG002 - the protocol's signature
        """A key is waited for as long as it takes."""
        return None

    def describe_state(self, state: Json) -> str:
        """Whether it is there, when it was seen last, and when it would be missed."""
        watch: _Watch = state
        last = f"last seen {format_time(watch['times'][-1])}"
        if watch["absent_us"] is not None:
            return f"absent since {format_time(watch['absent_us'])}, {last}"
        return f"{last}; absent at {format_time(self.wakes_us(state) or 0)} unless more come"

    def to_json(self) -> Json:
        """The configuration as written, the duration in microseconds."""
        return {
            "absent": {"for": self.span, "fewer_than": self.fewer_than, "by": [str(path) for path in self.by]},
        }


def _absent(**arguments: Any) -> Absent:
    """``for`` is a word of Python's own, so the field is called ``span``."""
    return Absent(arguments.pop("for"), **arguments)


def _check(arguments: Any) -> Flaw | None:
    if arguments.get("fewer_than", 1) > ENTRIES_KEPT:
        return Flaw(f"a key keeps at most {ENTRIES_KEPT:,} events", ("fewer_than",), "ask for fewer")
    return None


ABSENT: Final = ConditionSpec(
    "absent",
    "a key that was seen before has had too few matches for a time; the alert is resolved when it is back",
    _absent,
    (
        Parameter("for", "duration", "how long, in event time", required=True),
        Parameter("fewer_than", "count", "how many matches in that time would do; 1 by default", default=1),
    ),
    facts=("count", "fewer_than", "for", "last"),
    check=_check,
    silent=lambda _: True,
    lasting=True,
)
