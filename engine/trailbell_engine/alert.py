"""What comes out: alerts, and the reasons why something is none."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import NoneType
from typing import Final, Literal, NamedTuple, TypeAlias

import orjson

from .event import Event, is_instant
from .timestamps import format_time
from .values import Json, canonical

Severity: TypeAlias = Literal["info", "low", "medium", "high", "critical"]
SEVERITIES: Final[tuple[Severity, ...]] = ("info", "low", "medium", "high", "critical")
"""From the least to the most urgent."""

AlertState: TypeAlias = Literal["open", "resolved"]

IDS_KEPT: Final = 100
"""How many contributing event ids an alert lists; ``event_count`` tells the rest."""
EVENTS_KEPT: Final = 5
"""How many of its newest events an alert carries whole, for people to read."""


class Folded(NamedTuple):
    """What the previous alert of the same rule and key swallowed, so that the next message can say it."""

    alert_id: str
    firings: int
    last_at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing a person should know, as a pure function of the rules and the recorded inputs.

    Attributes:
        id: a hash of rule, key and opening event; the same on every run over the same inputs.
        rule_id: the rule that fired.
        rule_version: hash of the part of the rule that decides.
        severity: after the rule's ``alert.severity`` was applied to the opening event.
        key: the fields of the condition's ``by`` and their values; a missing one is None.
        opened_at_us: event time of the firing that opened it (microseconds, UTC).
        last_at_us: event time of the newest firing folded into it.
        event_count: how many events contributed.
        firings: how often the condition fired: one that opened it, the rest folded.
        event_ids: ids of the contributing events in event order, at most ``IDS_KEPT``, the first ones.
        event_times_us: when each of those happened.
        events: the newest of the events on which the condition fired, oldest first, at most ``EVENTS_KEPT``;
            none where it fired because none came.
        opener: the event on which the condition fired, or the instant (see ``event.instant``).
        facts: what the condition measured, by name: ``{"change": {"old": "sip", "new": "app"}}``,
            ``{"count": 5, "at_least": 5, "within": "10m", "span_s": 252}``.
        why: one sentence, actual against threshold.
        previous: what the alert before it folded, if anything.
        state: ``open``, or ``resolved`` where the condition knows an end.
    """

    id: str
    rule_id: str
    rule_version: str
    severity: Severity
    key: Mapping[str, Json]
    opened_at_us: int
    last_at_us: int
    event_count: int
    firings: int = 1
    event_ids: tuple[str, ...]
    events: tuple[Event, ...]
    opener: Event
    facts: Mapping[str, Json] = field(default_factory=dict)
    why: str = ""
    previous: Folded | None = None
    state: AlertState = "open"
    event_times_us: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Json]:
        """The alert as interfaces promise it, but for ``title`` and ``summary``, which need the rule's words."""
        document: dict[str, Json] = {
            "id": self.id,
            "rule_id": self.rule_id,
            "rule_version": self.rule_version,
            "severity": self.severity,
            "key": dict(self.key),
            "opened_at": format_time(self.opened_at_us),
            "last_at": format_time(self.last_at_us),
            "count": self.event_count,
            "event_ids": list(self.event_ids),
            "state": self.state,
        }
        if self.event_count > len(self.event_ids):
            document["event_count"] = self.event_count
        return document


def alert_id(rule_id: str, key: Mapping[str, Json], opening: Event) -> str:
    """The id of the alert that an event, or the stand-in for an instant at which none came, opens: 32 hex digits.

    Rule, key and the event's identity (source and id) are hashed as canonical JSON, so no part can run into the next.
    """
    parts = [rule_id, dict(key), opening.source, opening.id]
    return hashlib.sha256(_canonical_bytes(parts, key)).hexdigest()[:32]


_ALIKE: Final = frozenset({str, int, bool, NoneType})
"""Types of which orjson makes the text that ``canonical`` does, at a twentieth of the cost; not of fractions."""


def _canonical_bytes(parts: list[Json], key: Mapping[str, Json]) -> bytes:
    """``canonical(parts)`` in UTF-8; of the parts only the key can be anything but text."""
    if not _ALIKE.issuperset(map(type, key.values())):
        return canonical(parts).encode()
    try:
        return orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer beyond 64 bits
        return canonical(parts).encode()


class Opened(NamedTuple):
    """A new alert."""

    alert: Alert


class Updated(NamedTuple):
    """A firing inside ``suppress.for``: it told nobody and was folded into the alert that is open.

    Attributes:
        alert_id: the open alert.
        rule_id: its rule.
        event: the event on which the condition fired, or the instant.
        event_ids: the events that contributed to this firing, in event order.
        until_us: the event time until which firings fold.
        times_us: when each of the events happened; none where all are of the time of the firing.
        lasting: what the alert tells of goes on, again if it was over.
    """

    alert_id: str
    rule_id: str
    event: Event
    event_ids: tuple[str, ...]
    until_us: int
    times_us: tuple[int, ...] = ()
    lasting: bool = False


class Resolved(NamedTuple):
    """What an alert told of is over.

    Attributes:
        alert_id: the alert that was open.
        rule_id: its rule.
        time_us: since when.
    """

    alert_id: str
    rule_id: str
    time_us: int


def resolve(alert: Alert, resolved: Resolved) -> Alert:
    """The alert, over."""
    return replace(alert, state="resolved", last_at_us=max(alert.last_at_us, resolved.time_us))


def fold(alert: Alert, update: Updated) -> Alert:
    """The alert with one more firing: count, last time and newest events grow; id, opener and wording stay.

    A late event takes its place among the ids. An alert that was over is open again if what it tells of has come back.
    """
    new = _not_counted(alert, update)
    ids, times_us = _contributors(alert, new)
    fired = () if is_instant(update.event) else (update.event,)
    events = sorted((*alert.events, *fired), key=lambda event: (event.time_us, event.id))
    return replace(
        alert,
        last_at_us=max(alert.last_at_us, update.event.time_us),
        event_count=alert.event_count + len(new),
        firings=alert.firings + 1,
        event_ids=ids,
        event_times_us=times_us,
        events=tuple(events[-EVENTS_KEPT:]),
        state="open" if update.lasting else alert.state,
    )


def _not_counted(alert: Alert, update: Updated) -> list[tuple[int, str]]:
    """When each event of the firing happened and its id, in event order, but for those known to be in the alert.

    Where a firing does not consume its events the next one shares some: a journey begins where the one before ended.
    Beyond ``IDS_KEPT`` only the events that are kept whole are known.
    """
    new_us = update.times_us or (update.event.time_us,) * len(update.event_ids)
    if {*alert.event_ids, *(event.id for event in alert.events)}.isdisjoint(update.event_ids):
        return sorted(zip(new_us, update.event_ids, strict=True))  # nearly always
    known = {(event.time_us, event.id) for event in alert.events}
    known.update(zip(alert.event_times_us, alert.event_ids, strict=False))
    return sorted(pair for pair in zip(new_us, update.event_ids, strict=True) if pair not in known)


def _contributors(alert: Alert, new: list[tuple[int, str]]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The first ``IDS_KEPT`` events of the alert and the new ones in event order: their ids, and when each happened."""
    ids, times_us = alert.event_ids, alert.event_times_us or (alert.opened_at_us,) * len(alert.event_ids)
    # What has been folded before is in order; and nearly always what is new comes after it.
    ordered = alert.firings > 1 and bool(alert.event_times_us)
    if not ordered or (new and ids and new[0] < (times_us[-1], ids[-1])):
        new = sorted((*zip(times_us, ids, strict=True), *new))
        ids, times_us = (), ()
    room = IDS_KEPT - len(ids)
    return (
        (*ids, *(event_id for _, event_id in new[:room])),
        (*times_us, *(time_us for time_us, _ in new[:room])),
    )


class Matched(NamedTuple):
    """A rule's ``match`` held for an event."""

    rule_id: str
    event: Event


class TooLate(NamedTuple):
    """A late match that changed nothing, because the window of its key had moved on past it."""

    rule_id: str
    event: Event


class Overflow(NamedTuple):
    """A key of a rule held as much as it may: its oldest entries were given up, and what it measures is less exact.

    Attributes:
        rule_id: the rule.
        event: on which it happened.
        entries: how many were given up.
    """

    rule_id: str
    event: Event
    entries: int


class Untracked(NamedTuple):
    """An event of a new key of a rule that remembers as many keys as it may: the rule did not look at it."""

    rule_id: str
    event: Event


class Late(NamedTuple):
    """An event older than its source's watermark when it came. It still counts where a window is open."""

    event: Event
    watermark_us: int


class Duplicate(NamedTuple):
    """An event whose (source, id) was seen before; it counts once."""

    event: Event


class RuleError(NamedTuple):
    """A rule that could not be evaluated on an event. Other rules, and this rule on other events, go on."""

    rule_id: str
    event: Event
    reason: str


Output: TypeAlias = (
    Opened | Updated | Resolved | Matched | Late | TooLate | Overflow | Untracked | Duplicate | RuleError
)
