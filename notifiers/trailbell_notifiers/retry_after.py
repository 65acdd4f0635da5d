"""The ``Retry-After`` header: whole seconds, or an HTTP date (RFC 9110, section 10.2.3)."""

from __future__ import annotations

from datetime import UTC
from email.utils import parsedate_to_datetime


def retry_after_s(value: str | None, now_s: float) -> float | None:
    """Seconds to wait, never negative; None if the header is missing or unreadable.

    Args:
        value: the header.
        now_s: seconds since the epoch, UTC, which a date is measured against.
    """
    if not value:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:12])
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:  # the form of asctime has none, and means GMT (section 5.6.7)
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now_s)
    except (ValueError, TypeError, OverflowError):
        return None
