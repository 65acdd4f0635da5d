"""Recorded events as the vendor's specification writes them (https://developer.vonage.com/en/api/audit, 1.0.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from trailbell.testing.vonage_types import EVENT_TYPES
from trailbell_engine.event import Event
from trailbell_engine.timestamps import to_datetime
from trailbell_engine.values import Json

_TEXTS: Final = ("account_id", "user_email", "source_ip", "source_country")


def event_document(event: Event, base_url: str) -> dict[str, Json]:
    """An event, with the link to itself.

    One that is an audit event is given as it came. Any other one is put into that form: the envelope, the fields of the
    same name, and the record itself as ``context``.

    Args:
        event: of any source.
        base_url: the address of the Audit API, without a slash at its end.
    """
    link = {"self": {"href": f"{base_url}/events/{quote(event.id, safe='')}"}}
    if _is_audit_event(event):
        return {**event.data, "_links": link}
    return {
        "id": event.id,
        "event_type": event.event_type,
        "event_type_description": EVENT_TYPES.get(event.event_type, ""),
        "created_at": to_datetime(event.time_us).strftime("%Y-%m-%dT%H:%M:%S"),
        **{name: value for name in _TEXTS if isinstance(value := event.data.get(name), str)},
        "context": event.data,
        "_links": link,
    }


def type_documents(seen: list[str]) -> list[Json]:
    """Event types with their descriptions: the vendor's, if events of the vendor's are there or none at all."""
    known: Mapping[str, str] = EVENT_TYPES if not seen or any(name in EVENT_TYPES for name in seen) else {}
    return [{"type": name, "description": known.get(name, "")} for name in sorted({*seen, *known})]


def _is_audit_event(event: Event) -> bool:
    data = event.data
    created = data.get("created_at")
    return data.get("id") == event.id and data.get("event_type") == event.event_type and isinstance(created, str)
