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
    """The identities of the newest events, in two generations, so that memory is bounded."""

    def __init__(self, horizon: int = DUPLICATE_HORIZON) -> None:
        self._horizon = horizon
        self._young: set[tuple[str, str]] = set()
        self._old: set[tuple[str, str]] = set()

    def is_new(self, identity: tuple[str, str]) -> bool:
        """Whether the identity has not been asked about before, within the horizon."""
        if identity in self._young or identity in self._old:
            return False
        self._young.add(identity)
        if len(self._young) >= self._horizon:
            self._old, self._young = self._young, set()
        return True


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
        is_new = self._seen.is_new
        return [not isinstance(item, Event) or is_new((item.source, item.id)) for item in inputs]

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
