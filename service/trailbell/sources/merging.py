"""Several files as one history: their events by time, as they would have come live.

Files that overlap in time (one per region, per account, per day with its edges) are read side by side. Each is opened
when its first event is due and closed at its end, so only those that overlap are open, and of each only a few events
are in memory. The order within a file is its own: what a file has out of order is for the engine's lateness to mend.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Sequence
from typing import Final, NamedTuple

from trailbell_engine.event import Event, Input

from .base import HISTORY_BATCH
from .errors import SourceError
from .reader import Read

OPEN_LIMIT: Final = 100
"""Files that are open at once. What overlaps beyond that waits, and comes late: so it is counted and said."""
_NEVER_US: Final = 2**62


class Part(NamedTuple):
    """One of the files.

    Attributes:
        start_us: the time of its first event.
        place: among the files; of events at one instant the one of the earlier file comes first.
        open: starts reading; what an event at its beginning that has no time borrows is handed in.
    """

    start_us: int
    place: int
    open: Callable[[int], Generator[Read, None, None]]


class Merging:
    """A merge under way.

    Attributes:
        kept_waiting: parts that could not be opened when they were due, because too many others were.
    """

    def __init__(self, parts: Sequence[Part], open_limit: int = OPEN_LIMIT, *, batch: int = HISTORY_BATCH) -> None:
        """Prepare; nothing is opened yet.

        Args:
            parts: the files.
            open_limit: how many may be open at once.
            batch: inputs that are handed out together.
        """
        self.kept_waiting = 0
        self._waiting = sorted(parts, key=lambda part: (part.start_us, part.place), reverse=True)
        self._limit = open_limit
        self._batch = batch
        self._open: list[_Cursor] = []

    def inputs(self) -> Generator[list[Input], None, None]:
        """The inputs of all parts, a batch at a time.

        Raises:
            SourceError: if a part cannot be read, or not to its end; what stood before has been given.
        """
        batch: list[Input] = []
        last_us = 0
        try:
            while self._open or self._waiting:
                self._open_those_due(last_us)
                if not self._open:
                    continue
                cursor = heapq.heappop(self._open)
                cursor.give(self._next_due(), batch, self._batch)
                last_us = cursor.time_us
                if cursor.more():
                    heapq.heappush(self._open, cursor)
                if len(batch) >= self._batch:
                    yield batch
                    batch = []
            yield batch
        except SourceError:
            yield batch
            raise
        finally:
            for cursor in self._open:
                cursor.close()

    def _open_those_due(self, last_us: int) -> None:
        while self._waiting and len(self._open) < self._limit:
            part = self._waiting[-1]
            if self._open and self._open[0].due < part[:2]:
                return
            self._waiting.pop()
            self.kept_waiting += last_us > part.start_us > -_NEVER_US
            cursor = _Cursor(part, last_us)
            if cursor.more():
                heapq.heappush(self._open, cursor)

    def _next_due(self) -> tuple[int, int]:
        """When, and for which part, the present one must stop."""
        others = [self._open[0].due] if self._open else []
        # The present one counts among those that are open.
        waits = self._waiting and len(self._open) + 1 < self._limit
        return min([*others, *([self._waiting[-1][:2]] if waits else [])], default=(_NEVER_US, 0))


class _Cursor:
    """A place in an open part.

    Attributes:
        time_us: of its next input; a malformed record has that of the event before it.
    """

    def __init__(self, part: Part, last_us: int) -> None:
        self._place = part.place
        self._reads = part.open(last_us)
        self._inputs: Sequence[Input] = ()
        self._at = 0
        self.time_us = last_us

    def __lt__(self, other: _Cursor) -> bool:
        return self.due < other.due

    @property
    def due(self) -> tuple[int, int]:
        """When it is its turn."""
        return self.time_us, self._place

    def more(self) -> bool:
        """Whether it has another input; if so, ``time_us`` is that one's."""
        while self._at >= len(self._inputs):
            read = next(self._reads, None)
            if read is None:
                return False
            self._inputs, self._at = read.inputs, 0
        item = self._inputs[self._at]
        if isinstance(item, Event):
            self.time_us = item.time_us
        return True

    def give(self, until: tuple[int, int], batch: list[Input], size: int) -> None:
        """Append inputs to a batch: the next one, and more as long as they are due, at hand and the batch not full."""
        until_us = until[0] + (self._place < until[1])
        first = self._at
        while self._at < len(self._inputs) and (self._at == first or len(batch) < size):
            item = self._inputs[self._at]
            if isinstance(item, Event):
                if item.time_us >= until_us and self._at > first:
                    return
                self.time_us = item.time_us
            batch.append(item)
            self._at += 1

    def close(self) -> None:
        """Close the part."""
        self._reads.close()
