"""A ledger in memory, for dry-runs and rule tests: nothing is written, and memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

from trailbell_engine.event import Event, Input
from trailbell_engine.state import MemoryState
from trailbell_engine.values import Json

from .spill import Spilling

DUPLICATE_HORIZON: Final = 200_000
"""A duplicate is recognised among at least this many events before it; the store recognises every one."""

STATE_BYTES: Final = 512 * 2**20
"""Some five million keys of a `count`."""


class Seen:
    """The identities of the newest events, in two generations, so that memory is bounded.

    A set of ids for each source: a pair of the two for every event would take 72 bytes more, and be walked by each
    search for garbage.
    """

    def __init__(self, horizon: int = DUPLICATE_HORIZON) -> None:
        self._horizon = horizon
        self._left = horizon  # so many more are remembered until the older generation is forgotten
        self._young: dict[str, set[str]] = {}
        self._old: dict[str, set[str]] = {}

    def news(self, inputs: Sequence[Input]) -> list[bool]:
        """Which inputs are no events whose identity has been asked about before, within the horizon."""
        news: list[bool] = []
        source: str | None = None
        young, old = set[str](), set[str]()
        for item in inputs:
            if not isinstance(item, Event):
                news.append(True)
                continue
            if item.source != source:
                source = item.source
                young, old = self._generations(source)
            is_new = item.id not in young and item.id not in old
            news.append(is_new)
            if is_new:
                young.add(item.id)
                self._left -= 1
                if not self._left:
                    self._old, self._young, self._left = self._young, {}, self._horizon
                    young, old = self._generations(source)
        return news

    def _generations(self, source: str) -> tuple[set[str], set[str]]:
        return self._young.setdefault(source, set()), self._old.get(source, set())


class MemoryLedger(MemoryState):
    """State, identities and nothing else. A failed batch ends the run, so there is nothing to roll back."""

    def __init__(self, limit_bytes: int = STATE_BYTES) -> None:
        """Begin with nothing.

        Args:
            limit_bytes: what rules may remember in memory, packed; beyond that it goes to a temporary file.
        """
        super().__init__(backing=Spilling(limit_bytes))
        self._seen = Seen()

    def checkpoint(self, source: str) -> Json | None:  # noqa: ARG002 - the protocol's signature
        """A dry-run starts at the beginning."""
        return None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Nothing to begin or commit."""
        yield

    def record(self, inputs: Sequence[Input]) -> list[bool]:
        """Which of the events are new; everything else is."""
        return self._seen.news(inputs)

    def complete(
        self,
        source: str,  # noqa: ARG002 - the protocol's signature
        watermarks: Mapping[str, int],
        checkpoint: Json | None,  # noqa: ARG002 - as above
        left: Mapping[str, int] = MappingProxyType({}),  # noqa: ARG002 - as above
    ) -> None:
        """Forget what no event can ask for any more."""
        if watermarks:
            self.sweep(min(watermarks.values()))
