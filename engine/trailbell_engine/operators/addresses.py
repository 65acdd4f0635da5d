"""IP addresses and networks on one line of whole numbers: first IPv4, then IPv6. There a network is a span."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from socket import AF_INET, AF_INET6, inet_pton
from typing import Final, TypeAlias

Span: TypeAlias = tuple[int, int]
"""From the first number to the one after the last."""

_IPV6: Final = 1 << 32
_MAPPED: Final = 0xFFFF  # what stands before the last 32 bits of ::ffff:192.0.2.1
_HOSTS: Final = {str(bits): 1 << (32 - bits) for bits in range(33)} | {"": 1}
"""How many addresses an IPv4 network of so many bits has; without bits it is one address."""
END: Final = _IPV6 + (1 << 128)
"""The number after the last address."""


def place(text: str) -> int | None:
    """The address's place on the line, IPv4 in IPv6 (``::ffff:192.0.2.1``) unwrapped; None if the text is no address.

    ``inet_pton`` reads what ``ipaddress`` does, ten times as fast; only zones (``fe80::1%eth0``) it does not know.
    """
    family = AF_INET6 if ":" in text else AF_INET
    try:
        number = int.from_bytes(inet_pton(family, text), "big")
    except (OSError, ValueError):  # ValueError: half a surrogate pair, or NUL
        return _place_in_zone(text) if "%" in text else None
    if family is AF_INET or number >> 32 == _MAPPED:
        return number & (_IPV6 - 1)
    return number + _IPV6


def _place_in_zone(text: str) -> int | None:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped
    return int(address) + _IPV6 if mapped is None else int(mapped)


def span(network: str) -> Span:
    """The span of a network, or of a single address.

    Raises:
        ValueError: if the text is neither.
    """
    address, _, bits = network.partition("/")
    first = place(address) if bits in _HOSTS and ":" not in address else None
    if first is not None and not first & (_HOSTS[bits] - 1):  # nearly all; lists have hundreds of thousands of them
        return first, first + _HOSTS[bits]
    parsed = ipaddress.ip_network(network)
    shift = _IPV6 if parsed.version == 6 else 0
    return int(parsed.network_address) + shift, int(parsed.broadcast_address) + shift + 1


def union(spans: Iterable[Span]) -> list[Span]:
    """The same numbers as sorted spans that do not touch."""
    joined: list[Span] = []
    for low, high in sorted(spans):
        if joined and low <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], high)
        else:
            joined.append((low, high))
    return joined


def complement(spans: Iterable[Span]) -> list[Span]:
    """All numbers of the line that are in none of the spans."""
    edges = [0, *(edge for pair in union(spans) for edge in pair), END]
    return [(low, high) for low, high in zip(edges[::2], edges[1::2], strict=True) if low < high]
