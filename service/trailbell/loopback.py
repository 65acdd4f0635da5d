"""Which hosts are this machine: what may be spoken to without TLS, and listened on without credentials."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether the host is this machine by its written form; names other than ``localhost`` are not resolved."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
