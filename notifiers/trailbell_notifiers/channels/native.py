"""An alert as a JSON document for programs: the shape of Standard Webhooks, ``{type, timestamp, data}``."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from trailbell_engine.alert import EVENTS_KEPT
from trailbell_engine.event import Event
from trailbell_engine.timestamps import format_time
from trailbell_notifiers import limits
from trailbell_notifiers.message import Member, Message
from trailbell_notifiers.words.namespace import bounded


def native_json(message: Message) -> bytes:
    """The document, UTF-8, keys in a fixed order, at most about ``limits.WEBHOOK_BODY_BYTES``.

    ``timestamp`` is the event time of the newest firing. Where the events would make it too large, ``data`` of the
    older ones is null, then of all; then events, facts and key go, and ``data.truncated`` says so.
    """
    for step in _LADDER:
        body = _encoded(message, step)
        if len(body) <= limits.WEBHOOK_BODY_BYTES:
            break
    return body


class _Step(NamedTuple):
    """How much of the alert is told: the newest events whose record is whole, and whether its own values are."""

    records: int
    values: bool


_LADDER: Final = (_Step(EVENTS_KEPT, values=True), _Step(1, values=True), _Step(0, values=True), _Step(0, values=False))


def _encoded(message: Message, step: _Step) -> bytes:
    document = {
        "type": f"alert.{message.kind}",
        "timestamp": format_time(message.alert.last_at_us),
        "data": _alert(message, step),
    }
    return json_bytes(document)


def json_bytes(document: Any) -> bytes:
    """Any document, compact and in UTF-8; a lone surrogate, which UTF-8 has not, becomes ``?``."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _alert(message: Message, step: _Step) -> dict[str, Any]:
    alert, words = message.alert, message.words
    data: dict[str, Any] = bounded(alert.to_json())
    data |= {
        "title": message.title,
        "summary": message.summary,
        "firings": alert.firings,
        "fields": [{"label": label, "value": value} for label, value in message.fields],
        "why": message.why,
        "facts": bounded(dict(alert.facts)),
        "previous": _previous(message),
        "rule": {
            "id": alert.rule_id,
            "version": alert.rule_version,
            "tags": list(words.tags),
            "owner": words.owner,
            "description": words.description,
            "runbook": words.runbook,
            "references": list(words.references),
        },
        "group": _group(message, step),
        "events": _events(alert.events, step.records),
    }
    if not step.values:
        data |= {"key": {}, "facts": {}, "event_ids": [], "events": []}
    if step != _LADDER[0]:
        data["truncated"] = True
    return data | ({"problems": list(message.problems)} if message.problems else {})


def _events(events: tuple[Event, ...], records: int) -> list[dict[str, Any]]:
    whole_from = len(events) - records
    return [_event(event, whole=position >= whole_from) for position, event in enumerate(events)]


def _group(message: Message, step: _Step) -> dict[str, Any]:
    """The message's place in its episode, and the alerts it tells of, newest first."""
    shown = message.members if step.values else message.members[:10]
    return {
        "thread": message.thread,
        "number": message.number,
        "labels": bounded(dict(message.group)) if step.values else {},
        "change": message.change,
        "alert_count": message.alert_count,
        "alerts": [_member(member) for member in shown],
    }


def _member(member: Member) -> dict[str, Any]:
    alert = member.alert
    return {
        "id": alert.id,
        "rule_id": alert.rule_id,
        "severity": alert.severity,
        "state": alert.state,
        "title": member.presentation.title,
        "opened_at": format_time(alert.opened_at_us),
        "last_at": format_time(alert.last_at_us),
        "count": alert.event_count,
        "new": member.new,
        "acknowledged": member.acknowledged,
    }


def _previous(message: Message) -> dict[str, Any] | None:
    previous = message.alert.previous
    if previous is None:
        return None
    return {"alert_id": previous.alert_id, "firings": previous.firings, "last_at": format_time(previous.last_at_us)}


def _event(event: Event, *, whole: bool) -> dict[str, Any]:
    return {
        "source": event.source,
        "id": bounded(event.id),
        "event_type": bounded(event.event_type),
        "time": format_time(event.time_us),
        "data": bounded(event.data) if whole else None,
    }
