"""Which sources of a run are there: who is being read, who is away, who has ended, and for whom the clock must tick."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from trailbell.sources.errors import SourceError
from trailbell_engine.event import Input, Tick
from trailbell_engine.timestamps import SECOND_US

from .reader import Reader
from .steady import SteadyClock

TICK_EVERY_S: Final = 5.0
"""How long a source that lives by the wall clock may be silent before the clock stands for it."""
WELL_AFTER_S: Final = 60.0
_MARGIN_US: Final = SECOND_US
"""What happened just now may still be on its way."""


@dataclass(slots=True)
class _Present:
    """One source, as the engine sees it.

    Attributes:
        up: it is being read, or will be as soon as what keeps it away passes.
        done: it gives no more.
        error: why it is not up, or was not at its end.
        names: under which its events go: its own name, and those of maps.
        heard_s: when it last gave something (monotonic).
        began_s: since when it is being read without an error; None while it is not (monotonic).
    """

    up: bool = True
    done: bool = False
    error: Exception | None = None
    names: set[str] = field(default_factory=set)
    heard_s: float = 0.0
    began_s: float | None = None


class Attendance:
    """All sources of a run."""

    def __init__(self, readers: Iterable[Reader]) -> None:
        self._present = {reader: _Present(heard_s=time.monotonic()) for reader in readers}
        self._clock = SteadyClock()

    @property
    def over(self) -> bool:
        """Whether every source has ended."""
        return all(present.done for present in self._present.values())

    @property
    def lost(self) -> Exception | None:
        """With nobody there who could go on: the last error; None while there is somebody, or nothing was wrong."""
        if any(present.up and not present.done for present in self._present.values()):
            return None
        errors = [present.error for present in self._present.values() if present.error is not None]
        return errors[-1] if errors else None

    def running(self) -> list[Reader]:
        """Those that have not ended."""
        return [reader for reader, present in self._present.items() if not present.done]

    def began(self, reader: Reader) -> None:
        """A source is being read, for the first time or again."""
        self._present[reader].up = True
        self._present[reader].began_s = time.monotonic()

    def heard(self, reader: Reader, inputs: Iterable[Input]) -> bool:
        """Note that a source gave something; say whether it had been away."""
        present = self._present[reader]
        was_away, present.error = present.error is not None, None
        present.heard_s = time.monotonic()
        present.names.update({item.source for item in inputs})
        return was_away

    def failed(self, reader: Reader, error: Exception, *, stays: bool) -> None:
        """A source cannot be read now; ``stays``: it counts as there all the same."""
        present = self._present[reader]
        present.up, present.error, present.began_s = stays, error, None

    def errors(self) -> dict[str, str]:
        """Why sources cannot be read now, by their names.

        One that lives by the wall clock need say nothing for long: read for a while without an error, it is well.
        """
        found: dict[str, str] = {}
        for reader, present in self._present.items():
            reads_s = 0.0 if present.began_s is None else time.monotonic() - present.began_s
            if reader.source.wall_clock and reads_s >= WELL_AFTER_S:
                present.error = None
            error = present.error or getattr(reader.source, "trouble", None)
            if error is not None:
                found[reader.source.name] = words_of(error)
        return found

    def ended(self, reader: Reader) -> list[str]:
        """A source has ended; the names of events that come from nobody any more."""
        self._present[reader].done = True
        elsewhere = {name for one in self._present.values() if not one.done for name in one.names}
        return sorted(self._present[reader].names - elsewhere)

    def due_s(self) -> float | None:
        """In how many seconds the next tick is due; None if nobody lives by the wall clock."""
        dues = [present.heard_s + TICK_EVERY_S for _, present in self._by_clock()]
        return max(0.0, min(dues) - time.monotonic()) if dues else None

    def ticks(self, now_us: int) -> Iterator[tuple[Reader, list[Tick]]]:
        """The ticks of those who have been silent for long, which now count as heard.

        Args:
            now_us: the wall clock. Where it has just jumped ahead, ticks do not follow yet (``steady``).
        """
        believed_us = self._clock.read(now_us, time.monotonic_ns() // 1_000)
        for reader, present in self._by_clock():
            if time.monotonic() >= present.heard_s + TICK_EVERY_S:
                present.heard_s = time.monotonic()
                at_us = believed_us - reader.source.lateness_us - _MARGIN_US
                yield reader, [Tick(at_us, name) for name in sorted(present.names | {reader.source.name})]

    def _by_clock(self) -> Iterator[tuple[Reader, _Present]]:
        for reader, present in self._present.items():
            if reader.source.wall_clock and not present.done and present.error is None:
                yield reader, present


def words_of(error: Exception) -> str:
    """An error for people."""
    return error.message if isinstance(error, SourceError) else f"{type(error).__name__}: {error}"
