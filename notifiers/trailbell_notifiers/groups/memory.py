"""A desk's memory that lasts as long as the process: for dry-runs and tests. It defines what a store must do."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from trailbell_notifiers.policy.inhibition import Source

from .group import Group


class MemoryGroups:
    """A ``desk.Memory`` in dictionaries."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}
        self._wakes: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []
        self._of_alert: dict[str, set[str]] = {}
        self._sources: dict[str, Source] = {}

    def clear(self) -> None:
        """Forget everything."""
        for part in (self._groups, self._wakes, self._heap, self._of_alert, self._sources):
            part.clear()

    def group(self, key: str) -> Group | None:
        """The group of that key."""
        return self._groups.get(key)

    def keep(self, key: str, group: Group | None, wake_us: int | None) -> None:
        """Keep a group, or forget it."""
        before = self._groups.pop(key, None)
        for alert in before.tracked if before is not None else ():
            keys = self._of_alert[alert.alert_id]
            keys.discard(key)
            if not keys:
                del self._of_alert[alert.alert_id]
        self._wakes.pop(key, None)
        if group is None:
            return
        self._groups[key] = group
        for alert in group.tracked:
            self._of_alert.setdefault(alert.alert_id, set()).add(key)
        if wake_us is not None:
            self._wakes[key] = wake_us
            heapq.heappush(self._heap, (wake_us, key))

    def groups_of(self, alert_id: str) -> Sequence[str]:
        """Keys of the groups that track an alert."""
        return sorted(self._of_alert.get(alert_id, ()))

    def due(self, time_us: int) -> tuple[int, str] | None:
        """The first group to be woken by then."""
        while self._heap and self._heap[0][0] <= time_us:
            at_us, key = self._heap[0]
            if self._wakes.get(key) == at_us:
                return at_us, key
            heapq.heappop(self._heap)
        return None

    def waiting(self) -> Sequence[str]:
        """Keys of the groups with something left to tell."""
        return sorted(key for key, group in self._groups.items() if group.waits)

    def sources(self) -> Sequence[Source]:
        """The open alerts that inhibit others."""
        return list(self._sources.values())

    def inhibit(self, source: Source) -> None:
        """Remember one."""
        self._sources[source.alert_id] = source

    def release(self, alert_id: str) -> None:
        """Forget it."""
        self._sources.pop(alert_id, None)
