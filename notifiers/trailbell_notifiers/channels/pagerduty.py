"""PagerDuty by its Events API v2: one incident per episode, triggered, kept up, and resolved by the same key.

Source of fields, limits and answers: PagerDuty/developer-docs, docs/events-API-v2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from trailbell_engine.timestamps import format_time
from trailbell_notifiers import limits
from trailbell_notifiers.channel import Attempt, ChannelError
from trailbell_notifiers.message import Message
from trailbell_notifiers.pace import Rate
from trailbell_notifiers.receipt import Delivered, Receipt, Rejected, Retry
from trailbell_notifiers.secret import Secret, as_secret, redact
from trailbell_notifiers.transport.http_post import Endpoint, Reply, post, probe_endpoint, status_receipt
from trailbell_notifiers.words.text import fit, one_line

from .http_settings import EGRESS_PROPERTIES, read_endpoint
from .native import json_bytes

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A PagerDuty service, by the Events API v2.",
    "properties": {
        "routing_key": {"description": "Integration key of the service; 32 characters, a secret."},
        "region": {"enum": ["us", "eu"], "description": "Where the account is; default `us`."},
        "url": {"type": "string", "description": "Another address of the API, for trying things out."},
        "severities": {
            "type": "object",
            "propertyNames": {"enum": ["info", "low", "medium", "high", "critical"]},
            "additionalProperties": {"enum": ["info", "warning", "error", "critical"]},
            "description": "PagerDuty's severity for ours, where it is not to be the built-in one.",
        },
        **EGRESS_PROPERTIES,
    },
    "required": ["routing_key"],
    "additionalProperties": False,
}
URLS: Final = {
    "us": "https://events.pagerduty.com/v2/enqueue",
    "eu": "https://events.eu.pagerduty.com/v2/enqueue",
}
SEVERITIES: Final = {"critical": "critical", "high": "error", "medium": "warning", "low": "info", "info": "info"}
_LADDER: Final = ((20, True), (3, True), (0, True), (0, False))
"""(alerts listed, details told), from the whole event to its bones."""
_KEY_LENGTHS: Final = range(20, 65)


def build(name: str, settings: Mapping[str, Any]) -> PagerDuty:
    """The channel of these settings (valid against ``SCHEMA``).

    Raises:
        ChannelError: for a key that cannot be one; the message does not hold it.
    """
    key = as_secret(settings["routing_key"])
    text = key.reveal()
    if not (text.isascii() and text.isalnum() and len(text) in _KEY_LENGTHS):
        raise ChannelError(
            f"the routing_key of pagerduty `{name}` is no integration key",
            "it is the 32 characters of an Events API v2 integration",
        )
    url = settings.get("url") or URLS[settings.get("region", "us")]
    endpoint = read_endpoint("pagerduty", name, url, settings, [key])
    return PagerDuty(name, key, endpoint, {**SEVERITIES, **settings.get("severities", {})})


class PagerDuty:
    """One service."""

    targets = ("",)
    rate: Rate | None = None

    def __init__(self, name: str, routing_key: Secret, endpoint: Endpoint, severities: Mapping[str, str]) -> None:
        self.name = name
        self._routing_key = routing_key
        self._endpoint = endpoint
        self._severities = severities

    def __repr__(self) -> str:
        return f"PagerDuty(name={self.name!r})"

    def render(self, message: Message, delivery_id: str) -> bytes:
        """The event without the routing key. Pure."""
        for alerts, details in _LADDER:
            body = json_bytes(_event(message, delivery_id, self._severities, alerts, details=details))
            if len(body) <= limits.PAGERDUTY_BUDGET_BYTES:
                break
        return body

    def probe(self) -> Receipt:
        """Whether its address can be reached. Whether the key is right shows only when something is sent."""
        return probe_endpoint(self._endpoint)

    def send(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:  # noqa: ARG002  # the protocol's signature
        """Post once; the same ``dedup_key`` makes a repeat the same incident. Blocks for about ``timeout_s``."""
        event = {"routing_key": self._routing_key.reveal(), **json.loads(body)}
        reply = post(self._endpoint, json_bytes(event), {})
        return self._receipt(reply, now_s) if isinstance(reply, Reply) else reply

    def _receipt(self, reply: Reply, now_s: float) -> Receipt:
        receipt = status_receipt(reply, now_s, "PagerDuty")
        answer = reply.json()
        if isinstance(receipt, Delivered):
            return Delivered(one_line(str(answer.get("dedup_key", "")))[:255])
        if isinstance(receipt, Retry):
            return receipt
        said = self._said(answer)
        kind = "receiver" if "routing" in said.lower() and "key" in said.lower() else receipt.kind  # type: ignore[union-attr]  # a status is never ambiguous
        return Rejected(f"PagerDuty answered {reply.status}{said}", "receiver" if kind == "receiver" else "payload")

    def _said(self, answer: Mapping[str, Any]) -> str:
        errors = answer.get("errors")
        words = [answer.get("message", ""), *(errors if isinstance(errors, list) else [])]
        text = fit(one_line("; ".join(str(word) for word in words if word)), 200)
        return f": {redact(text, [self._routing_key])}" if text else ""


def _event(
    message: Message, delivery_id: str, severities: Mapping[str, str], alerts: int, *, details: bool
) -> dict[str, Any]:
    action = _action(message)
    event: dict[str, Any] = {"event_action": action, "dedup_key": message.thread[: limits.PAGERDUTY_DEDUP_KEY]}
    if action != "trigger":
        return event
    alert = message.alert
    payload: dict[str, Any] = {
        "summary": fit(message.headline, limits.PAGERDUTY_SUMMARY),
        "source": fit(one_line(alert.opener.source), limits.PAGERDUTY_SOURCE) or "trailbell",
        "severity": "info" if message.kind == "test" else severities[alert.severity],
        "timestamp": format_time(alert.opened_at_us),
        "component": alert.rule_id,
        "class": fit(one_line(alert.opener.event_type), limits.PAGERDUTY_SOURCE),
        "group": fit(message.words.owner, limits.PAGERDUTY_SOURCE),
    }
    payload = {name: value for name, value in payload.items() if value}
    if details:
        payload["custom_details"] = _details(message, delivery_id, alerts)
    links = [{"href": url, "text": label} for label, url in message.links[: limits.PAGERDUTY_LINKS]]
    return event | {"client": "trailbell", "payload": payload} | ({"links": links} if links else {})


def _action(message: Message) -> str:
    """What an incident is to become. News of a group that somebody looks after wakes nobody again."""
    if message.kind == "resolved":
        return "resolve"
    looked_after = all(member.acknowledged and not member.new for member in message.members)
    return "acknowledge" if message.kind == "updated" and looked_after else "trigger"


def _details(message: Message, delivery_id: str, shown: int) -> dict[str, Any]:
    details: dict[str, Any] = {
        "what": message.summary,
        "why it fired": message.why,
        **{label: value for label, value in message.fields if value},
        "newest events": [str(line) for line in message.events],
        "alert": message.alert.id,
        "delivery": delivery_id,
        "messages before": message.number,
        "what is new": message.change,
        "group": {one_line(name): fit(one_line(value), 600) for name, value in message.group.items()},
    }
    if message.alert_count > 1:
        details["alerts"] = [str(member) for member in message.members[:shown]]
        details["alerts in all"] = message.alert_count
    if message.problems:
        details["trouble with this message"] = list(message.problems)
    return {name: value for name, value in details.items() if value not in ("", [], {}, 0)}
