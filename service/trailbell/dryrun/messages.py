"""The whole way: who would have been told, in how many messages, and would the receivers have kept up."""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from trailbell.wiring import Receivers
from trailbell_engine.alert import Alert, Opened, Output, Resolved
from trailbell_engine.event import Input
from trailbell_engine.rule import RuleSet
from trailbell_engine.timestamps import HOUR_US, SECOND_US
from trailbell_engine.values import Json
from trailbell_notifiers.channel import Channel
from trailbell_notifiers.message import Kind, Message, compose
from trailbell_notifiers.outbox import Delivery, deliveries
from trailbell_notifiers.pace import Bucket, Rate, full, take
from trailbell_notifiers.render import Presentation
from trailbell_notifiers.routing import decide, labels_of
from trailbell_notifiers.text import ELLIPSIS

from .alert_log import AlertLog

_NOUNS: Final[Mapping[str, tuple[str, str]]] = {
    "slack": ("Slack message", "Slack messages"),
    "email": ("e-mail", "e-mails"),
    "webhook": ("webhook call", "webhook calls"),
}
_CUT: Final = re.compile(f"{ELLIPSIS}`?$", re.MULTILINE)


@dataclass(slots=True)
class ReceiverMessages:
    """What one receiver would have got.

    Attributes:
        name: as routes call it.
        kind: ``slack``, ``email``, ``webhook``.
        messages: all of them; an e-mail to two addresses is two.
        resolved: those of them that say that something is over.
        cut: those whose text was shortened to fit the channel's limits.
        per_hour: messages by hour since the epoch (UTC).
        longest_queue: the most messages that were waiting for the channel's pace at once.
        longest_wait_us: the longest that one of them waited.
    """

    name: str
    kind: str
    messages: int = 0
    resolved: int = 0
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

    def to_json(self) -> dict[str, Json]:
        """One entry of ``messages.receivers``."""
        return {
            "name": self.name,
            "kind": self.kind,
            "messages": self.messages,
            "resolved": self.resolved,
            "cut": self.cut,
            "busiest_hour": self.busiest_hour,
            "longest_queue": self.longest_queue,
            "longest_wait_s": round(self.longest_wait_us / SECOND_US, 3),
        }


@dataclass(frozen=True, slots=True)
class Messages:
    """What all receivers would have got.

    Attributes:
        configured: by a configuration; else as one Slack channel would have shown everything.
        receivers: every one that is defined, in order.
        per_rule: messages by rule id.
        untold: alerts that no receiver is told of, by the reason.
    """

    configured: bool
    receivers: tuple[ReceiverMessages, ...]
    per_rule: Mapping[str, int]
    untold: Mapping[str, int]

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
        }


class MessagePreview:
    """A sink that routes and renders every alert as a live run does, and counts instead of sending.

    The virtual clock is the alerts' own: a message is decided when its alert opens or ends.
    """

    def __init__(
        self, rules: RuleSet, who: Receivers, kinds: Mapping[str, str], alerts: AlertLog, *, configured: bool
    ) -> None:
        """Wire the preview.

        Args:
            rules: the rules that run.
            who: channels and routes.
            kinds: what each receiver is.
            alerts: of the recorder that takes before this sink does.
            configured: whether a configuration named the receivers.
        """
        self._rules = rules
        self._who = who
        self._alerts = alerts
        self._configured = configured
        self._counts = {name: ReceiverMessages(name, kinds.get(name, "")) for name in who.channels}
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._per_rule: Counter[str] = Counter()
        self._untold: Counter[str] = Counter()
        self._lasting: dict[str, list[str]] = {}

    def take(self, item: Input, outputs: Sequence[Output]) -> None:  # noqa: ARG002 - the protocol's signature
        """Count the messages that follow from one input."""
        for output in outputs:
            if isinstance(output, Opened):
                self._open(output.alert)
            elif isinstance(output, Resolved):
                self._resolve(output)

    def committed(self) -> None:
        """Nobody waits for a preview."""

    def messages(self) -> Messages:
        """What was counted."""
        return Messages(self._configured, tuple(self._counts.values()), self._per_rule, self._untold)

    def _open(self, alert: Alert) -> None:
        rule = self._rules[alert.rule_id]
        if rule.status == "experimental":
            self._untold["the rule is experimental"] += 1
            return
        told = [decision.receiver for decision in decide(self._who.route, labels_of(alert, rule.words), rule.notify)]
        known = [name for name in told if name in self._who.channels]
        if not known:
            self._untold["no receiver of that name" if told else "no route takes it"] += 1
            return
        self._lasting[alert.id] = known
        self._send(alert, known, alert.opened_at_us, "opened")

    def _resolve(self, resolved: Resolved) -> None:
        stored = self._alerts.get(resolved.alert_id)
        if stored is not None:
            self._send(stored.alert, self._lasting.get(stored.alert.id, []), resolved.time_us, "resolved")

    def _send(self, alert: Alert, names: list[str], at_us: int, kind: Kind) -> None:
        stored = self._alerts.get(alert.id)
        assert stored is not None
        message = compose(alert, self._rules[alert.rule_id].words, presentation(stored.wording), kind)
        for name in names:
            channel, counts = self._who.channels[name], self._counts[name]
            for delivery in deliveries(message, channel, at_us):
                counts.messages += 1
                counts.resolved += kind == "resolved"
                counts.cut += is_cut(delivery.body, message, counts.kind)
                counts.per_hour[at_us // HOUR_US] += 1
                self._per_rule[alert.rule_id] += 1
                self._pace(channel, delivery, counts)

    def _pace(self, channel: Channel, delivery: Delivery, counts: ReceiverMessages) -> None:
        if channel.rate is None:
            return
        lane = self._lanes.setdefault((channel.name, delivery.target), _Lane(channel.rate))
        wait_us = lane.send(delivery.created_us)
        counts.longest_wait_us = max(counts.longest_wait_us, wait_us)
        counts.longest_queue = max(counts.longest_queue, lane.waiting)


class _Lane:
    """Messages to one target in order, each as soon as the pace lets it go."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._bucket: Bucket | None = None
        self._sent_us: deque[int] = deque()

    @property
    def waiting(self) -> int:
        """Messages that were waiting when the last one came, itself included."""
        return len(self._sent_us)

    def send(self, at_us: int) -> int:
        """Hand over a message; how long it waits."""
        while self._sent_us and self._sent_us[0] <= at_us:
            self._sent_us.popleft()
        free_us = max(at_us, self._sent_us[-1] if self._sent_us else 0)
        bucket, wait_us = take(self._bucket or full(self._rate, free_us), self._rate, free_us)
        while wait_us:
            free_us += wait_us
            bucket, wait_us = take(bucket, self._rate, free_us)
        self._bucket = bucket
        if free_us > at_us:
            self._sent_us.append(free_us)
        return free_us - at_us


def presentation(wording: Mapping[str, Any]) -> Presentation:
    """The words of a stored alert, as they were made when it opened."""
    fields = tuple((label, value) for label, value in wording["fields"])
    return Presentation(wording["title"], wording["summary"], fields, tuple(wording["problems"]))


def is_cut(body: bytes, message: Message, kind: str) -> bool:
    """Whether a channel's limits, or those of every message, shortened what the alert has to say."""
    if kind == "slack":
        payload = json.loads(body)
        blocks = payload.get("blocks", [])
        events = any(block["type"] == "rich_text" for block in blocks) or not message.events
        fields = any("fields" in block for block in blocks) or not message.fields
        return not (blocks and events and fields) or any(map(_CUT.search, _texts(blocks)))
    if kind == "webhook":
        return json.loads(body)["data"].get("truncated") is True
    parts = (message.title, message.summary, message.why, *(field.value for field in message.fields))
    return any(map(_CUT.search, parts))


def _texts(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["text"]] if isinstance(node.get("text"), str) else []
        return own + [text for value in node.values() for text in _texts(value)]
    return [text for item in node for text in _texts(item)] if isinstance(node, list) else []
