"""Alerts and events as versioned JSON records, for stores and workers. What is written reads back equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .alert import Alert, Folded
from .event import Event
from .values import Json

VERSION: Final = 1


def encode_event(event: Event) -> Json:
    """The event as a JSON object."""
    record = event._asdict()
    if event.lookup:
        return record | {"lookup": dict(event.lookup)}
    del record["lookup"]
    return record


def decode_event(record: Mapping[str, Any]) -> Event:
    """The event that ``encode_event`` wrote."""
    return Event(**record)


def encode_alert(alert: Alert) -> dict[str, Json]:
    """The whole alert, its events included, as a JSON object."""
    return {
        "v": VERSION,
        "id": alert.id,
        "rule_id": alert.rule_id,
        "rule_version": alert.rule_version,
        "severity": alert.severity,
        "key": dict(alert.key),
        "opened_at_us": alert.opened_at_us,
        "last_at_us": alert.last_at_us,
        "event_count": alert.event_count,
        "firings": alert.firings,
        "event_ids": list(alert.event_ids),
        "event_times_us": list(alert.event_times_us),
        "events": [encode_event(event) for event in alert.events],
        "opener": encode_event(alert.opener),
        "facts": dict(alert.facts),
        "why": alert.why,
        "previous": None if alert.previous is None else alert.previous._asdict(),
        "state": alert.state,
    }


def decode_alert(record: Mapping[str, Any]) -> Alert:
    """The alert that ``encode_alert`` wrote.

    Raises:
        ValueError: if a later version wrote it.
    """
    if record["v"] != VERSION:
        raise ValueError(f"an alert record of version {record['v']}; this program reads version {VERSION}")
    fields = {name: value for name, value in record.items() if name != "v"}
    return Alert(
        **fields
        | {
            "event_ids": tuple(record["event_ids"]),
            "event_times_us": tuple(record["event_times_us"]),
            "events": tuple(decode_event(event) for event in record["events"]),
            "opener": decode_event(record["opener"]),
            "previous": None if record["previous"] is None else Folded(**record["previous"]),
        }
    )
