"""IP addresses and networks on one line of whole numbers: first IPv4, then IPv6. There a network is a span."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final, TypeAlias

Span: TypeAlias = tuple[int, int]
"""From the first number to the one after the last."""

_IPV6: Final = 1 << 32
_MAPPED: Final = 0xFFFF  # what stands before the last 32 bits of ::ffff:192.0.2.1
_OCTETS: Final = {str(number): number for number in range(256)}
_HOSTS: Final = {str(bits): 1 << (32 - bits) for bits in range(33)} | {"": 1}
"""How many addresses an IPv4 network of so many bits has; without bits it is one address."""
END: Final = _IPV6 + (1 << 128)
"""The number after the last address."""


def place(text: str) -> int | None:
    """The address's place on the line, IPv4 in IPv6 (``::ffff:192.0.2.1``) unwrapped; None if the text is no address.

    Plain addresses are read here, several times as fast as by ``ipaddress`` and by its rules: four decimal numbers
    without leading zeros, of ASCII digits; or groups of one to four hex digits, with or without one gap.
    """
    try:
        first, second, third, fourth = text.split(".")
        return _OCTETS[first] << 24 | _OCTETS[second] << 16 | _OCTETS[third] << 8 | _OCTETS[fourth]
    except (ValueError, KeyError):
        return _place_of_ipv6(text) if ":" in text else None


def _place_of_ipv6(text: str) -> int | None:
    before, gap, after = text.partition("::")
    left, right = before.split(":") if before else [], after.split(":") if after else []
    groups = left + right
    plain = "".join(groups)
    missing = 8 - len(groups)
    # What is not plain (a zone, an IPv4 address at the end, too many groups) and what is wrong, `ipaddress` knows.
    if plain.isascii() and plain.isalnum() and "" not in groups and max(map(len, groups)) <= 4:
        head, tail = ("".join([group.zfill(4) for group in half]) for half in (left, right))
        if missing > 0 if gap else missing == 0:
            try:
                number = int(head.ljust(32 - len(tail), "0") + tail, 16)
            except ValueError:
                return None
            return number + _IPV6 if number >> 32 != _MAPPED else number & (_IPV6 - 1)
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
