"""What the engine remembers between events: a small JSON value per rule version, part and key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from .values import Json


class Slot(NamedTuple):
    """The name of one piece of state.

    Attributes:
        rule_id: the rule.
        version: the rule's version; a change of what decides starts afresh, a change of words does not.
        part: ``when`` for the condition, ``suppress`` for the open alert.
        key: canonical JSON of the key's values.
    """

    rule_id: str
    version: str
    part: str
    key: str


class Wake(NamedTuple):
    """A call that a piece of state asks for: a condition may fire because nothing came.

    Attributes:
        at_us: the instant, in event time.
        source: whose watermark must have passed it.
    """

    at_us: int
    source: str


class Kept(NamedTuple):
    """A value, the event time from which it can change nothing any more (None: never), and the call it asks for."""

    value: Json
    expires_us: int | None = None
    wake: Wake | None = None


def live(kept: Kept | None, clock_us: int) -> Json:
    """What is kept, unless it has expired; None if there is nothing.

    Whoever reads asks this, so that it makes no difference when a store sweeps.
    """
    if kept is None or (kept.expires_us is not None and kept.expires_us <= clock_us):
        return None
    return kept.value


class State(Protocol):
    """Keyed state. The live store writes it in the same transaction as the events that changed it."""

    def get(self, slot: Slot) -> Kept | None:
        """What is kept there. It may have expired: the pipeline does not look at it then, so a store may drop it."""

    def put(self, slot: Slot, kept: Kept | None) -> None:
        """Keep a value (JSON; never changed by the caller afterwards); None forgets what is there."""

    def waking(self) -> Iterable[tuple[Slot, Wake]]:
        """The calls that are asked for, for a pipeline that takes up where another stopped."""

    def expire(self, clock_us: int) -> None:
        """Drop all that has expired by an instant: a source joins whose events may be older."""


class MemoryState:
    """State in a dictionary: for dry-runs and rule tests."""

    def __init__(self) -> None:
        self._values: dict[Slot, Kept] = {}
        self._swept_at_len = 1_024

    def get(self, slot: Slot) -> Kept | None:
        """What is kept there, or None."""
        return self._values.get(slot)

    def put(self, slot: Slot, kept: Kept | None) -> None:
        """Keep a value, or forget what is there."""
        if kept is None:
            self._values.pop(slot, None)
        else:
            self._values[slot] = kept

    def waking(self) -> Iterable[tuple[Slot, Wake]]:
        """The calls that are asked for."""
        return [(slot, kept.wake) for slot, kept in self._values.items() if kept.wake is not None]

    def items(self) -> Iterable[tuple[Slot, Kept]]:
        """Everything that is kept."""
        return self._values.items()

    def sweep(self, watermark_us: int) -> None:
        """Drop what has expired, at a cost that is a constant share of the puts since the last sweep."""
        if len(self._values) >= self._swept_at_len:
            self.expire(watermark_us)

    def expire(self, clock_us: int) -> None:
        """Drop all that has expired by an instant."""
        self._values = {
            slot: kept for slot, kept in self._values.items() if kept.expires_us is None or kept.expires_us > clock_us
        }
        self._swept_at_len = max(1_024, 2 * len(self._values))

    def __len__(self) -> int:
        return len(self._values)
