"""The names a template sees: the opening event's own fields, and what the engine knows about the alert."""

from __future__ import annotations

from typing import Final

from trailbell_engine.alert import Alert
from trailbell_engine.rule import Words
from trailbell_engine.timestamps import format_time
from trailbell_engine.values import Json

from .text import clean, fit

OWN_NAMES: Final = ("event", "event_type", "time", "count", "key", "alert", "rule")
"""Always there. They hide an event's field of the same name, which stays reachable as ``event.NAME``."""

_STRING_LIMIT: Final = 4 * 1024


def namespace(alert: Alert, words: Words) -> dict[str, Json]:
    """Name -> JSON value. Strings are cleaned and cut at 4096 characters, so that no template can multiply a large one.

    Precedence, from the last to the first: the event's fields, the condition's facts, ``OWN_NAMES``.
    """
    record = bounded(alert.opener.data)
    facts = {"count": alert.event_count, **bounded(dict(alert.facts))}
    rows = {"lookup": {name: bounded(row or {}) for name, row in alert.opener.lookup.items()}}
    return {
        **record,
        **(rows if alert.opener.lookup else {}),
        **facts,
        "event": record,
        "event_type": bounded(alert.opener.event_type),
        "time": format_time(alert.opener.time_us),
        "key": bounded(dict(alert.key)),
        "alert": {
            "id": alert.id,
            "severity": alert.severity,
            "state": alert.state,
            "count": alert.event_count,
            "firings": alert.firings,
            "opened_at": format_time(alert.opened_at_us),
            "last_at": format_time(alert.last_at_us),
            "why": bounded(alert.why),
        },
        "rule": {
            "id": alert.rule_id,
            "version": alert.rule_version,
            "severity": alert.severity,
            "tags": list(words.tags),
            "owner": words.owner,
            "runbook": words.runbook,
            "references": list(words.references),
            "description": words.description,
        },
    }


def bounded(value: Json) -> Json:
    """A copy of a JSON value with every string cleaned and cut."""
    if isinstance(value, str):
        return fit(clean(value), _STRING_LIMIT)
    if isinstance(value, dict):
        return {name: bounded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [bounded(item) for item in value]
    return value
