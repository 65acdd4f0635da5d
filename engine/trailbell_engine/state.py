"""What the engine remembers between events: a small JSON value per rule version, part and key."""

from __future__ import annotations

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


class Kept(NamedTuple):
    """A value and the event time from which it can change nothing any more (None: never)."""

    value: Json
    expires_us: int | None


class State(Protocol):
    """Keyed state. The live store writes it in the same transaction as the events that changed it."""

    def get(self, slot: Slot) -> Kept | None:
        """What is kept there. It may have expired: the pipeline does not look at it then, so a store may drop it."""

    def put(self, slot: Slot, value: Json, expires_us: int | None) -> None:
        """Keep a value (JSON; never changed by the caller afterwards); None forgets it."""


class MemoryState:
    """State in a dictionary: for dry-runs and rule tests."""

    def __init__(self) -> None:
        self._values: dict[Slot, Kept] = {}
        self._swept_at_len = 1_024

    def get(self, slot: Slot) -> Kept | None:
        """What is kept there, or None."""
        return self._values.get(slot)

    def put(self, slot: Slot, value: Json, expires_us: int | None) -> None:
        """Keep a value, or forget it if it is None."""
        if value is None:
            self._values.pop(slot, None)
        else:
            self._values[slot] = Kept(value, expires_us)

    def sweep(self, watermark_us: int) -> None:
        """Drop what has expired, at a cost that is a constant share of the puts since the last sweep."""
        if len(self._values) < self._swept_at_len:
            return
        self._values = {
            slot: kept
            for slot, kept in self._values.items()
            if kept.expires_us is None or kept.expires_us > watermark_us
        }
        self._swept_at_len = max(1_024, 2 * len(self._values))

    def __len__(self) -> int:
        return len(self._values)
