"""How a source stands: failing, lagging, quiet, or well; and when that is news. Pure: the time is told.

A trouble begins when it has lasted, and ends when it is clearly over, so that a source on the edge is told of once.
One hides the others: of a source that cannot be read nobody knows whether it is quiet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from trailbell_engine.durations import format_duration
from trailbell_engine.timestamps import MINUTE_US, SECOND_US, format_time

from .limits import Limits
from .open_hours import OpenHours

Trouble: TypeAlias = Literal["failing", "lagging", "quiet"]
TROUBLES: Final[tuple[Trouble, ...]] = get_args(Trouble)
CALM_US: Final = MINUTE_US
"""So long a source must have been read without an error to be called well, and must lag to be called lagging."""


class Sight(NamedTuple):
    """What is seen of a source at an instant. Times in microseconds since the epoch, UTC.

    Attributes:
        now_us: the clock.
        error: why it cannot be read now; empty if it can be.
        reached_us: until when its events have been read; None before anything was.
        caught_up: it has been up to date once, so that being behind is news.
        heard_us: when something new came last; None if nothing ever did.
        over: it was read to its end, and the run ends: what is well now is not looked at again for long.
        listening_us: since when all that happened has been read, without a break.
    """

    now_us: int
    error: str = ""
    reached_us: int | None = None
    caught_up: bool = False
    heard_us: int | None = None
    listening_us: int | None = None
    over: bool = False

    @property
    def silent_us(self) -> int | None:
        """Since when it is known that nothing came."""
        return max((at_us for at_us in (self.heard_us, self.listening_us) if at_us is not None), default=None)


class Change(NamedTuple):
    """A trouble that has become news, or that is over.

    Attributes:
        trouble: which.
        begins: it has begun; otherwise it is over.
        since_us: when it began: the same at its beginning and at its end.
        reason: in words.
        lag_us: how far the source was behind.
    """

    trouble: Trouble
    begins: bool
    since_us: int
    reason: str
    lag_us: int


@dataclass(slots=True)
class Standing:
    """One source.

    Attributes:
        limits: its own.
        told: the troubles that people know of, and since when.
        failing_us: since when every attempt has failed; None while it is well.
        well_us: since when it has been well again, while it is not called so yet.
        lagging_us: since when it has been too far behind.
        reason: the last error.
    """

    limits: Limits
    told: dict[Trouble, int] = field(default_factory=dict)
    failing_us: int | None = None
    well_us: int | None = None
    lagging_us: int | None = None
    reason: str = ""
    _hours: OpenHours | None = None

    def look(self, sight: Sight) -> list[Change]:
        """What is news."""
        self._note(sight)
        begun = dict(self._troubles(sight))
        lag_us = 0 if sight.reached_us is None else max(0, sight.now_us - sight.reached_us)
        changes = []
        for trouble in TROUBLES:
            if trouble in self.told and self._over(trouble, sight):
                changes.append(Change(trouble, begins=False, since_us=self.told.pop(trouble), reason="", lag_us=lag_us))
            elif trouble not in self.told and trouble in begun:
                since_us = self.told[trouble] = begun[trouble]
                changes.append(Change(trouble, True, since_us, self._words(trouble, sight), lag_us))
        return changes

    def _note(self, sight: Sight) -> None:
        if sight.error:
            self.reason, self.well_us = sight.error, None
            self.failing_us = sight.now_us if self.failing_us is None else self.failing_us
        elif self.failing_us is not None:
            self.well_us = sight.now_us if self.well_us is None else self.well_us
            if sight.over or sight.now_us >= self.well_us + CALM_US or "failing" not in self.told:
                self.failing_us = self.well_us = None
        limit_us = self.limits.lag_after_us
        behind = limit_us is not None and sight.reached_us is not None and sight.now_us - sight.reached_us > limit_us
        if sight.error or not sight.caught_up or not behind:
            self.lagging_us = None
        elif self.lagging_us is None:
            self.lagging_us = sight.now_us

    def _troubles(self, sight: Sight) -> Iterator[tuple[Trouble, int]]:
        """What is wrong long enough, and since when."""
        limits = self.limits
        if self.failing_us is not None:
            if limits.failing_after_us is not None and sight.now_us >= self.failing_us + limits.failing_after_us:
                yield "failing", self.failing_us
            return
        if self.lagging_us is not None:
            if sight.now_us >= self.lagging_us + CALM_US:
                yield "lagging", self.lagging_us
            return
        silent_us = sight.silent_us
        if limits.quiet_after_us is None or silent_us is None or not sight.caught_up:
            return
        if limits.quiet_during is None:
            quiet_us = sight.now_us - silent_us
        else:
            self._hours = self._hours or OpenHours(limits.quiet_during)
            quiet_us = self._hours.since(silent_us, sight.now_us)
        if quiet_us > limits.quiet_after_us:
            yield "quiet", silent_us

    def _over(self, trouble: Trouble, sight: Sight) -> bool:
        if trouble == "failing":
            return self.failing_us is None
        if sight.error:
            return False  # nobody knows
        if trouble == "lagging":
            limit_us, reached_us = self.limits.lag_after_us, sight.reached_us
            return limit_us is None or (reached_us is not None and sight.now_us - reached_us <= limit_us // 2)
        return self.limits.quiet_after_us is None or (sight.heard_us or 0) > self.told["quiet"]

    def _words(self, trouble: Trouble, sight: Sight) -> str:
        if trouble == "failing":
            return self.reason
        if trouble == "lagging":
            behind_us = sight.now_us - (sight.reached_us or sight.now_us)
            return f"what happened up to {_ago(behind_us)} ago has been read, and no more"
        return f"no new event since {format_time((sight.silent_us or 0) // SECOND_US * SECOND_US)}"


def _ago(span_us: int) -> str:
    unit_us = MINUTE_US if span_us >= 10 * MINUTE_US else SECOND_US
    return format_duration(max(unit_us, span_us // unit_us * unit_us))
