"""The whole way: who would have been told, in how many messages, what would have been held back, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from trailbell_engine.counted import counted
from trailbell_engine.timestamps import SECOND_US, format_time
from trailbell_engine.values import Json

_NOUNS: Final[Mapping[str, tuple[str, str]]] = {
    "slack": ("Slack message", "Slack messages"),
    "email": ("e-mail", "e-mails"),
    "webhook": ("webhook call", "webhook calls"),
    "pagerduty": ("page", "pages"),
    "teams": ("Teams message", "Teams messages"),
    "discord": ("Discord message", "Discord messages"),
    "alertmanager": ("post to Alertmanager", "posts to Alertmanager"),
    "command": ("run of the command", "runs of the command"),
}


@dataclass(slots=True)
class ReceiverMessages:
    """What one receiver would have got.

    Attributes:
        name: as routes call it.
        kind: of channel: ``slack``, ``email``, ``webhook``, …
        messages: all of them; an e-mail to two addresses is two.
        resolved: those of them that say that something is over.
        reminders: those that say that something goes on.
        cut: those whose text was shortened to fit the channel's limits.
        per_hour: messages by hour since the epoch (UTC).
        longest_queue: the most messages that were waiting for the channel's pace at once.
        longest_wait_us: the longest that one of them waited.
    """

    name: str
    kind: str
    messages: int = 0
    resolved: int = 0
    reminders: int = 0
    cut: int = 0
    per_hour: Counter[int] = field(default_factory=Counter)
    longest_queue: int = 0
    longest_wait_us: int = 0

    @property
    def busiest_hour(self) -> int:
        """The most messages within one clock hour."""
        return max(self.per_hour.values(), default=0)

    @property
    def noun(self) -> str:
        """``1 Slack message``, ``3 e-mails``."""
        one, many = _NOUNS.get(self.kind, ("message", "messages"))
        return f"{self.messages:,} {one if self.messages == 1 else many}"

    @property
    def repeats(self) -> str:
        """Those of them that tell of no new alert: ``102 reminders, 1 end``; empty without any."""
        kinds = ((self.reminders, "reminder"), (self.resolved, "end"))
        return ", ".join(counted(number, name) for number, name in kinds if number)

    @property
    def told(self) -> str:
        """``135 Slack messages (102 reminders)``: there may be more messages than alerts, and this is why."""
        return f"{self.noun} ({self.repeats})" if self.repeats else self.noun

    def to_json(self) -> dict[str, Json]:
        """One entry of ``messages.receivers``."""
        return {
            "name": self.name,
            "kind": self.kind,
            "messages": self.messages,
            "resolved": self.resolved,
            "reminders": self.reminders,
            "cut": self.cut,
            "busiest_hour": self.busiest_hour,
            "longest_queue": self.longest_queue,
            "longest_wait_s": round(self.longest_wait_us / SECOND_US, 3),
        }


class Held(NamedTuple):
    """Alerts that somebody was not told of when they opened.

    Attributes:
        what: ``silenced``, ``inhibited`` or ``muted``.
        why: in words.
        alerts: how many.
        until_us: the latest end of it that is known; microseconds.
    """

    what: str
    why: str
    alerts: int
    until_us: int | None

    def to_json(self) -> dict[str, Json]:
        """One entry of ``messages.held``."""
        until = None if self.until_us is None else format_time(self.until_us)
        return {"what": self.what, "why": self.why, "alerts": self.alerts, "until": until}

    def __str__(self) -> str:
        until = "" if self.until_us is None else f" until {format_time(self.until_us)}"
        return f"{self.why}{until}"


@dataclass(frozen=True, slots=True)
class Messages:
    """What all receivers would have got.

    Attributes:
        configured: by a configuration; else as one Slack channel would have shown everything.
        receivers: every one that is defined, in order.
        per_rule: messages by the id of a rule of whose alerts they tell; one may tell of several.
        untold: alerts that no receiver is told of, by the reason.
        held: what was held back.
        held_per_rule: alerts that were held back at least once, by rule id and ``Held.what``.
    """

    configured: bool
    receivers: tuple[ReceiverMessages, ...]
    per_rule: Mapping[str, int]
    untold: Mapping[str, int]
    held: tuple[Held, ...] = ()
    held_per_rule: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Messages to all receivers."""
        return sum(receiver.messages for receiver in self.receivers)

    def to_json(self) -> dict[str, Json]:
        """``messages`` of the document."""
        return {
            "configured": self.configured,
            "total": self.total,
            "receivers": [receiver.to_json() for receiver in self.receivers],
            "untold": dict(sorted(self.untold.items())),
            "held": [held.to_json() for held in self.held],
        }
