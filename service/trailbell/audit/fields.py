"""The fields of an Audit API event, from the vendor's specification 1.0.4."""

from __future__ import annotations

from typing import Final

EVENT_FIELDS: Final = (
    *("id", "event_type", "event_type_description", "created_at", "user_email", "user_id", "account_id"),
    *("source", "source_ip", "source_description", "source_country", "context", "_links"),
)
"""Events made through the developer API can lack the user's."""
