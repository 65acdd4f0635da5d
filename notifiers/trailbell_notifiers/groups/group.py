"""A group of alerts on its way to one receiver: plain values that a store keeps as JSON between two steps."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

from trailbell_engine.alert import SEVERITIES, Severity
from trailbell_engine.values import canonical
from trailbell_notifiers.message import Kind
from trailbell_notifiers.policy.matchers import Labels
from trailbell_notifiers.policy.plan import Escalation, Plan, plan_of_json

VERSION: Final = 1
HELD: Final = ("silenced", "inhibited", "muted")
"""Of ``Note.what``: what keeps an alert from being told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """An alert as its group knows it. Times in microseconds of event time.

    Attributes:
        labels: what matchers look at.
        severity: as escalation has raised it, if it has.
        since_us: when it joined.
        last_us: of its newest firing.
        firings: how often it fired.
        lasting: it has an end of its own, which will be told.
        told_us: when the receiver was told of it; None if it has not been.
        told_firings: as many as the last message knew of.
        over_us: since when it is over.
        over_told: the receiver knows that.
        acknowledged: somebody looks after it: no reminders, no escalation.
        steps: of escalation that were taken.
        hidden: why it is not told now; empty if nothing hides it.
        hidden_until_us: when to look again; None until something changes.
    """

    alert_id: str
    labels: Labels
    severity: Severity
    since_us: int
    last_us: int
    firings: int = 1
    lasting: bool = False
    told_us: int | None = None
    told_firings: int = 0
    over_us: int | None = None
    over_told: bool = False
    acknowledged: bool = False
    steps: int = 0
    hidden: str = ""
    hidden_until_us: int | None = None

    @property
    def is_news(self) -> bool:
        """Whether the receiver has yet to hear that it is open, or that it is over."""
        return self.told_us is None or (self.over_us is not None and not self.over_told)

    @property
    def is_open(self) -> bool:
        """Whether it was told of and goes on."""
        return self.told_us is not None and self.over_us is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The state of one group.

    Attributes:
        receiver: who is told.
        path: of the route, as ``routing`` names it.
        labels: the values they share of the labels of ``group_by``.
        plan: of the route, when the newest alert joined.
        thread: stable id of this episode.
        number: messages that went out.
        flushed_us: when the last news went out.
        spoken_us: when the last message of any kind did.
        held_until_us: nothing is told before, because of a mute interval.
        held_by: that interval, in words.
        tracked: alerts, the longest here first.
        left_out: alerts that are not tracked any more because there were too many, and that were never told.
    """

    receiver: str
    path: str
    labels: Mapping[str, str]
    plan: Plan
    thread: str
    number: int = 0
    flushed_us: int | None = None
    spoken_us: int | None = None
    held_until_us: int | None = None
    held_by: str = ""
    tracked: tuple[Tracked, ...] = ()
    left_out: int = 0

    @property
    def waits(self) -> bool:
        """Whether there is something left to tell, now or later: news, or what is held back."""
        return self.held_until_us is not None or any(alert.is_news or alert.hidden for alert in self.tracked)


class Joined(NamedTuple):
    """An alert of the group has opened."""

    alert: Tracked
    plan: Plan


class Grew(NamedTuple):
    """An alert has fired again."""

    alert_id: str
    firings: int
    last_us: int


class Ended(NamedTuple):
    """An alert is over."""

    alert_id: str
    at_us: int


class Acknowledged(NamedTuple):
    """Somebody looks after an alert, or does not any more."""

    alert_id: str
    yes: bool = True


class Woken(NamedTuple):
    """The time the group asked for has come.

    Attributes:
        now_us: how far the clock has gone: of several reminders that fell due while nobody looked, one is sent.
        look_again: what hides alerts has changed.
        last: nothing will come any more, so that there is nothing to wait for.
    """

    now_us: int
    look_again: bool = False
    last: bool = False


Change: TypeAlias = Joined | Grew | Ended | Acknowledged | Woken


class Notification(NamedTuple):
    """A message to be written: what it tells, and where it stands in its thread.

    Attributes:
        lead: the alert it is about first: the most severe of the open ones, of several the newest.
        alert_ids: of all that it tells of, newest first.
        new_ids: those the receiver has not heard of.
        acknowledged_ids: those somebody looks after.
        severities: alerts whose severity was raised.
        alert_count: of the group; more than ``alert_ids`` where some were left out.
        group: its labels.
        change: what is new, in words.
        reason: why this receiver, in words.
        at_us: event time of the decision.
    """

    kind: Kind
    receiver: str
    thread: str
    number: int
    lead: str
    alert_ids: tuple[str, ...]
    new_ids: frozenset[str]
    acknowledged_ids: frozenset[str]
    severities: Mapping[str, Severity]
    alert_count: int
    group: Mapping[str, str]
    change: str
    reason: str
    at_us: int


class Note(NamedTuple):
    """Why something was or was not done about an alert, to be read later.

    Attributes:
        what: ``routed``, ``grouped``, ``silenced``, ``inhibited``, ``muted``, ``told``, ``escalated``, ``dropped``, …
        detail: in words.
        receiver: whom it concerns; may be empty.
        until_us: as long as it holds, if that is known.
        thread: of the message, where it was told; and ``number`` in it.
        severity: as which it was told, by this message; escalation may have raised it.
    """

    alert_id: str
    what: str
    detail: str
    receiver: str = ""
    at_us: int = 0
    until_us: int | None = None
    thread: str = ""
    number: int = 0
    severity: str = ""


class Raised(NamedTuple):
    """An alert takes a step of escalation."""

    alert: Tracked
    escalation: Escalation
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from a step.

    Attributes:
        group: its new state; None if it is over.
        wake_us: when it wants to be looked at again; None if only news can change it.
    """

    group: Group | None
    wake_us: int | None = None
    notifications: Sequence[Notification] = ()
    notes: Sequence[Note] = ()
    raised: Sequence[Raised] = field(default_factory=tuple)


def group_key(receiver: str, path: str, labels: Mapping[str, str], alert_id: str = "") -> str:
    """The identity of a group. An alert by itself has its own id in it."""
    return canonical([receiver, path, dict(labels), alert_id])


def thread_id(key: str, alert_id: str) -> str:
    """32 hex digits: the episode of a group that an alert began."""
    return hashlib.sha256(canonical([key, alert_id]).encode()).hexdigest()[:32]


def rank(severity: Severity) -> int:
    """From 0, the least urgent."""
    return SEVERITIES.index(severity)


def encode_group(group: Group) -> dict[str, Any]:
    """The group as a JSON object."""
    alerts = [
        {name: value for name, value in asdict(alert).items() if value != _TRACKED.get(name)} for alert in group.tracked
    ]
    record = {name: getattr(group, name) for name in Group.__slots__ if name not in ("plan", "tracked")}
    return {"v": VERSION, **record, "labels": dict(group.labels), "plan": group.plan.to_json(), "tracked": alerts}


def decode_group(record: Mapping[str, Any]) -> Group:
    """The group that ``encode_group`` wrote.

    Raises:
        ValueError: if a later version wrote it.
    """
    if record["v"] != VERSION:
        raise ValueError(f"a group record of version {record['v']}; this program reads version {VERSION}")
    values = {name: value for name, value in record.items() if name != "v"}
    tracked = tuple(_tracked(entry) for entry in record["tracked"])
    return Group(**values | {"plan": plan_of_json(record["plan"]), "tracked": tracked})


def _tracked(entry: Mapping[str, Any]) -> Tracked:
    labels = {name: tuple(values) for name, values in entry["labels"].items()}
    return Tracked(**{**entry, "labels": labels})


_TRACKED: Final[Mapping[str, Any]] = {
    name: value.default for name, value in Tracked.__dataclass_fields__.items() if name not in ("alert_id", "labels")
}
