"""The ``Retry-After`` header: whole seconds, or an HTTP date (RFC 9110, section 10.2.3); and HTTP dates."""

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
    until_s = http_date_s(value)
    return None if until_s is None else max(0.0, until_s - now_s)


def http_date_s(value: str) -> float | None:
    """Seconds since the epoch of a date in any of HTTP's three forms (section 5.6.7); None if it is none."""
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:  # the form of asctime has none, and means GMT
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
