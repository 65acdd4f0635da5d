"""Who causes the alerts of a rule: the values that their opening events have most in common."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from trailbell_engine.alert import Alert
from trailbell_engine.event import Event
from trailbell_engine.path import Path, resolve
from trailbell_engine.values import Json
from trailbell_notifiers.words.subjects import ACTOR, ADDRESS, COUNTRY, TARGET
from trailbell_notifiers.words.text import one_line

PLACES: Final[Mapping[str, Sequence[Path]]] = {"user": ACTOR, "address": ADDRESS, "country": COUNTRY, "target": TARGET}
"""What is looked at, and where sources keep it; the first place that holds a text or a number counts."""

_TOO_BROAD: Final = frozenset(map(str, COUNTRY))
"""As a key, no cause: a country is where events come from, not who makes them."""
SHARE_WORTH_NAMING: Final = 0.5
FEWEST_ALERTS: Final = 3
"""Of one or two alerts everything is most."""


class Culprit(NamedTuple):
    """One value, and how many alerts' opening events have it at that path.

    Attributes:
        kind: of ``PLACES``, or ``key`` for a part of the alerts' key.
        path: where the value stands.
        value: as the event has it.
        alerts: how many.
    """

    kind: str
    path: str
    value: str | int | float
    alerts: int

    @property
    def text(self) -> str:
        """The value on one line."""
        return one_line(str(self.value))


class Culprits:
    """Counts of values per rule and kind."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, Counter[tuple[str, str, str | int | float]]] = defaultdict(Counter)

    def count(self, alert: Alert) -> None:
        """Count an alert that has opened."""
        counts = self._counts[alert.rule_id]
        for kind, paths in PLACES.items():
            found = _first(paths, alert.opener)
            if found is not None:
                counts[kind, *found] += 1
        for path, value in alert.key.items():
            if path not in _TOO_BROAD and _is_plain(value):
                counts["key", path, value] += 1

    def of(self, rule_id: str, kind: str) -> list[Culprit]:
        """The values of one rule and kind, most alerts first."""
        found = (Culprit(*name, alerts) for name, alerts in self._counts[rule_id].items() if name[0] == kind)
        return sorted(found, key=_rank)

    def top(self, kind: str, number: int) -> list[Culprit]:
        """The values of all rules, most alerts first."""
        total: Counter[tuple[str, str, str | int | float]] = Counter()
        for counts in self._counts.values():
            total.update({name: alerts for name, alerts in counts.items() if name[0] == kind})
        return sorted((Culprit(*name, alerts) for name, alerts in total.items()), key=_rank)[:number]

    def main(self, rule_id: str, alerts: int) -> Culprit | None:
        """The value that more than half of a rule's alerts share: a user, else an address, a target, or a key."""
        if alerts < FEWEST_ALERTS:
            return None
        for kind in ("user", "address", "target", "key"):
            first = next(iter(self.of(rule_id, kind)), None)
            if first is not None and first.alerts / alerts > SHARE_WORTH_NAMING:
                return first
        return None


def _rank(culprit: Culprit) -> tuple[int, str, str]:
    return -culprit.alerts, culprit.text, culprit.path


def _first(paths: Sequence[Path], event: Event) -> tuple[str, str | int | float] | None:
    for path in paths:
        for value in resolve(path, event.data, event):
            if _is_plain(value):
                return str(path), value
    return None


def _is_plain(value: Json) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and value != ""
