"""Who may send: networks that are allowed, so many connections at a time; the others are counted, and told of."""

from __future__ import annotations

import ipaddress
import logging
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypeAlias, get_args

log: Final = logging.getLogger("trailbell")

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK: Final[tuple[Network, ...]] = (ipaddress.IPv4Network("127.0.0.0/8"), ipaddress.IPv6Network("::1/128"))
_WORDS_EVERY_S: Final = 60.0
Reason: TypeAlias = Literal["network", "room", "tls", "system", "overflow"]
"""Why something was not heard: not allowed, too many connections, no TLS, no descriptors, or dropped by the system."""


class Door:
    """Lets peers in or not, and counts those it does not let in.

    Attributes:
        refused: datagrams and connections by reason in words, since the start.
        lost: the same and the datagrams that the system dropped, by reason in a word.
    """

    def __init__(self, source: str, networks: Iterable[Network], max_connections: int) -> None:
        self.refused: Counter[str] = Counter()
        self.lost: Counter[Reason] = Counter(dict.fromkeys(get_args(Reason), 0))
        self._source = source
        self._networks = tuple(networks)
        self._max_connections = max_connections
        self._told: Counter[str] = Counter()
        self._told_s = float("-inf")
        self._latest = ""

    def admits(self, peer: str) -> bool:
        """Whether an address is in an allowed network."""
        address = ipaddress.ip_address(peer)
        if any(address.version == network.version and address in network for network in self._networks):
            return True
        self.refuse("network", "from a network that `allow` does not name", peer)
        return False

    def has_room(self, peer: str, open_connections: int) -> bool:
        """Whether one more connection may be open."""
        if open_connections < self._max_connections:
            return True
        self.refuse("room", "because `max_connections` are open", peer)
        return False

    def refuse(self, reason: Reason, words: str, peer: str) -> None:
        """Count a datagram or connection that is not heard."""
        self.lost[reason] += 1
        self.refused[words] += 1
        self._latest = peer

    def dropped(self, datagrams: int) -> None:
        """Count what the system dropped; that is told elsewhere."""
        self.lost["overflow"] += datagrams

    def speak(self) -> None:
        """Log what was refused since the last word about it, once a minute at most."""
        if self.refused == self._told or time.monotonic() < self._told_s + _WORDS_EVERY_S:
            return
        fresh = self.refused - self._told
        words = ", ".join(f"{count} {reason}" for reason, count in sorted(fresh.items()))
        log.warning("the source %s refused %s; the latest was %s", self._source, words, self._latest)
        self._told, self._told_s = self.refused.copy(), time.monotonic()


def plain_address(host: str) -> str:
    """An IP address as people write it: IPv4 that comes over an IPv6 socket as IPv4, without an interface."""
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def networks_of(texts: Sequence[str]) -> tuple[Network, ...]:
    """Networks and single addresses.

    Raises:
        ValueError: naming the first that is none.
    """
    return tuple(ipaddress.ip_network(text) for text in texts)
