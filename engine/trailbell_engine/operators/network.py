"""``cidr``: is it an address inside a network."""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from trailbell_engine.value_list import ValueList
from trailbell_engine.values import Json

from .addresses import Span, complement, place, span, union
from .base import Check, Names, OperandError, Operator
from .checks import describe, named_list

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

WELL_KNOWN: Final[dict[str, tuple[str, ...]]] = {
    "private": ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"),
    "loopback": ("127.0.0.0/8", "::1/128"),
    "link_local": ("169.254.0.0/16", "fe80::/10"),
}
"""RFC 1918 and RFC 4193; RFC 1122 and RFC 4291; RFC 3927 and RFC 4291."""

PUBLIC: Final = "public"

_NOT_PUBLIC: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            # IANA special-purpose registries (RFC 6890 and its updates): blocks that are not globally reachable.
            # Python's `is_global` is not asked: its answers changed, and it calls 64:ff9b::/96 and multicast global.
            *(
                "0.0.0.0/8",
                "10.0.0.0/8",
                "100.64.0.0/10",
                "127.0.0.0/8",
                "169.254.0.0/16",
                "172.16.0.0/12",
                "192.0.0.0/24",
            ),
            *("192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4"),
            *(
                "::/127",
                "64:ff9b::/96",
                "64:ff9b:1::/48",
                "100::/64",
                "2001::/23",
                "2001:db8::/32",
                "2002::/16",
                "3fff::/20",
            ),
            *("5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
        ),
    )
)

_PUBLIC_SPANS: Final = complement(span(str(network)) for network in _NOT_PUBLIC)


def parse_address(value: Json) -> Address | None:
    """The address that the string is, IPv4 in IPv6 (``::ffff:192.0.2.1``) unwrapped; None if it is none."""
    if not isinstance(value, str):
        return None
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _inside(address: Address, name: str) -> bool:
    if name == PUBLIC:
        return not any(address in network for network in _NOT_PUBLIC)
    return any(address in ipaddress.ip_network(network) for network in WELL_KNOWN.get(name, (name,)))


def _holds(value: Json, operand: tuple[str, ...], _fold: bool) -> bool:
    if isinstance(operand, ValueList):  # an explanation should not take a walk over a million networks
        return _compile(operand, _fold)(value)
    address = parse_address(value)
    return address is not None and any(_inside(address, name) for name in operand)


def _compile(operand: tuple[str, ...], _fold: bool) -> Check:
    turns = operand.derived(_TURNS, list) if isinstance(operand, ValueList) else _turns(spans(operand))

    def holds(value: Json) -> bool:
        if value.__class__ is not str:
            return False
        where = place(value)
        return where is not None and bisect_right(turns, where) % 2 == 1

    return holds


def spans(operand: tuple[str, ...]) -> list[Span]:
    """The addresses of the networks as spans of ``addresses.place``, sorted, none touching another."""
    if isinstance(operand, ValueList):
        turns: list[int] = operand.derived(_TURNS, list)
        return list(zip(turns[::2], turns[1::2], strict=True))
    named = (name for name in operand if name != PUBLIC)
    networks = [span(network) for name in named for network in WELL_KNOWN.get(name, (name,))]
    return union(networks + (_PUBLIC_SPANS if PUBLIC in operand else []))


def _prepare(operand: Json, names: Names) -> tuple[Any, ...]:
    if isinstance(operand, str) and (operand in WELL_KNOWN or operand == PUBLIC):
        return (operand,)
    if isinstance(operand, str):
        if operand in names.lists or not _looks_like_network(operand):
            return _named_networks(operand, named_list(operand, names))
        return (_network(operand, ()),)
    if not isinstance(operand, list) or not operand:
        raise OperandError(
            f"expected a network, a list of networks or the name of a list, found {describe(operand)}", _HELP
        )
    return tuple(
        entry if isinstance(entry, str) and (entry in WELL_KNOWN or entry == PUBLIC) else _network(entry, (position,))
        for position, entry in enumerate(operand)
    )


_TURNS: Final = "turns"


def _turns(spans: Iterable[Span]) -> list[int]:
    """Where a span begins the answer turns to yes, where it ends to no: an odd number of turns so far means yes."""
    return [edge for pair in spans for edge in pair]


def _named_networks(name: str, entries: tuple[Json, ...]) -> tuple[Json, ...]:
    where = f" in the list {name!r}"
    if not isinstance(entries, ValueList):
        return tuple(_network(entry, (), where) for entry in entries)
    entries.derived(_TURNS, lambda: _turns(union(_named_span(entry, where) for entry in entries)))
    return entries


def _named_span(entry: Json, where: str) -> Span:
    try:
        if ":" not in entry:
            return span(entry)
    except (TypeError, ValueError):
        pass  # what is wrong with it is said below
    return span(_network(entry, (), where))


_HELP: Final = "write 203.0.113.0/24, 2001:db8::/32, private, public, loopback or link_local"


def _looks_like_network(text: str) -> bool:
    return ":" in text or "/" in text or text.replace(".", "").isdigit()


def _network(entry: Json, at: tuple[int, ...], where: str = "") -> str:
    if not isinstance(entry, str):
        raise OperandError(f"expected a network{where}, found {describe(entry)}", _HELP, at)
    try:
        return str(_unmapped(ipaddress.ip_network(entry)))
    except ValueError as error:
        try:
            meant = str(ipaddress.ip_network(entry, strict=False))
        except ValueError:
            raise OperandError(f"{entry!r}{where} is no network", _HELP, at, "bad-network") from error
        raise OperandError(
            f"{entry!r}{where} has bits set beyond its mask", f"write {meant}", at, "bad-network"
        ) from error


def _unmapped(network: Network) -> Network:
    """IPv4 in IPv6 (``::ffff:192.0.2.0/120``) as the IPv4 network, because addresses are unwrapped likewise."""
    if network.prefixlen < 96 or not isinstance(network, ipaddress.IPv6Network):
        return network
    address = network.network_address.ipv4_mapped
    return network if address is None else ipaddress.ip_network((address, network.prefixlen - 96))


CIDR: Final = Operator(
    name="cidr",
    summary="the string is an IP address (v4 or v6) inside one of the networks",
    schema={"type": ["string", "array"], "items": {"type": "string"}, "minItems": 1},
    prepare=_prepare,
    holds=_holds,
    compile=_compile,
    costly=True,
    negative="not_cidr",
    example="203.0.113.0/24",
)
