"""An alert as a JSON document for programs: the shape of Standard Webhooks, ``{type, timestamp, data}``."""

from __future__ import annotations

import json
from typing import Any

from trailbell_engine.event import Event
from trailbell_engine.timestamps import format_time

from .message import Message
from .namespace import bounded


def native_json(message: Message) -> bytes:
    """The document, UTF-8, keys in a fixed order. ``timestamp`` is the event time of the newest firing."""
    document = {
        "type": f"alert.{message.kind}",
        "timestamp": format_time(message.alert.last_at_us),
        "data": _alert(message),
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _alert(message: Message) -> dict[str, Any]:
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
        "events": [_event(event) for event in alert.events],
    }
    return data | ({"problems": list(message.problems)} if message.problems else {})


def _previous(message: Message) -> dict[str, Any] | None:
    previous = message.alert.previous
    if previous is None:
        return None
    return {"alert_id": previous.alert_id, "firings": previous.firings, "last_at": format_time(previous.last_at_us)}


def _event(event: Event) -> dict[str, Any]:
    return {
        "source": event.source,
        "id": bounded(event.id),
        "event_type": bounded(event.event_type),
        "time": format_time(event.time_us),
        "data": bounded(event.data),
    }
