"""Where a webhook may connect to: public addresses, and networks the operator opened; cloud metadata never.

The address is judged when the name is resolved (so that refused hosts are not even knocked at) and once more on the
connected socket before TLS or any byte (so that no trick with names matters).
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from typing import Any, Final, TypeAlias

from requests import Response
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NameResolutionError

from .connecting import Resolver, connect, resolve
from .deadline import Deadline

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(map(ipaddress.ip_network, texts))


_NEVER: Final = _networks(
    "169.254.0.0/16",  # link local: metadata of AWS, Azure, GCP, DigitalOcean
    "fe80::/10",
    "fd00:ec2::/32",  # AWS metadata over IPv6
    "fd20:ce::/64",  # GCP metadata over IPv6
    "100.100.100.200/32",  # Alibaba Cloud metadata
    "168.63.129.16/32",  # Azure's wire server, a public address
    "192.0.0.192/32",  # Oracle Cloud metadata
    "0.0.0.0/8",
    "::/128",
    "224.0.0.0/4",
    "ff00::/8",
)
"""Denied even where ``allow_cidrs`` covers them: nobody receives alerts there."""
EVERYWHERE: Final = _networks("0.0.0.0/0", "::/0")
"""For services whose address is no secret way in: whatever the operator wrote, but for ``_NEVER``."""
_NOT_GLOBAL: Final = _networks(
    "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "192.88.99.0/24", "fec0::/10", "5f00::/16"
)  # fmt: skip
"""Translation and tunnel prefixes that reach other networks; Python 3.11 says ``is_global`` of most."""


_HUSHED: Final = ContextVar("hushed", default=False)
logging.getLogger("urllib3.connectionpool").addFilter(lambda _: not _HUSHED.get())
# At debug level urllib3 logs every path, and a webhook's path is often its password.


class EgressDeniedError(HTTPError):
    """A host's addresses are not allowed as a destination."""


def allowed(text: str, open_networks: Sequence[Network] = ()) -> bool:
    """Whether a connection to this IP address is allowed.

    Args:
        text: an address, perhaps with a zone (``fe80::1%eth0``).
        open_networks: of ``allow_cidrs``.
    """
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    if any(inner in network for inner in (address, *_embedded(address)) for network in _NEVER):
        return False
    if any(address in network for network in open_networks):
        return True
    return address.is_global and not any(address in network for network in _NOT_GLOBAL)


def _denied(addresses: Sequence[str]) -> EgressDeniedError:
    """Why, and what to do about it."""
    named = ", ".join(addresses) or "no address"
    if addresses and not any(allowed(address, EVERYWHERE) for address in addresses):
        return EgressDeniedError(f"{named} is never a destination: link-local, multicast, or a cloud's metadata")
    return EgressDeniedError(f"{named} is not allowed as a destination; open it with allow_cidrs if it is yours")


def _embedded(address: Address) -> Iterable[Address]:
    """IPv4 addresses that an IPv6 address leads to: 6to4, Teredo, NAT64."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.sixtofour is not None:
            yield address.sixtofour
        if address.teredo is not None:
            yield from address.teredo
        if any(address in network for network in _NOT_GLOBAL[:2]):
            yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


class GuardedAdapter(HTTPAdapter):
    """A ``requests`` adapter whose connections keep to ``allowed``.

    Use it on a session with ``trust_env = False`` (no proxies) and without redirects.
    """

    def __init__(self, open_networks: Sequence[Network], resolver: Resolver, deadline: Deadline) -> None:
        """Args:
        open_networks: of ``allow_cidrs``.
        resolver: names to addresses.
        deadline: that everything ends at: resolving, connecting, and every socket.
        """
        self.connected = False
        self._open_networks = open_networks
        self._resolver = resolver
        self._deadline = deadline
        super().__init__(max_retries=0)

    def send(self, *args: Any, **kwargs: Any) -> Response:
        """Send, and keep the URL out of urllib3's log."""
        token = _HUSHED.set(True)
        try:
            return super().send(*args, **kwargs)
        finally:
            _HUSHED.reset(token)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make pools whose connections are guarded."""
        super().init_poolmanager(*args, **kwargs)
        self._guard(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Make pools for a proxy, whose connections are guarded too; only where the session trusts the environment."""
        return self._guard(super().proxy_manager_for(*args, **kwargs))

    def _guard(self, manager: Any) -> Any:
        connect = self._connect

        class Guard:
            def _new_conn(self: Any) -> socket.socket:
                return connect(self)

        plain = type("GuardedHTTP", (Guard, HTTPConnection), {})
        secure = type("GuardedHTTPS", (Guard, HTTPSConnection), {})
        manager.pool_classes_by_scheme = {
            "http": type("GuardedPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("GuardedTLSPool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }
        return manager

    def _connect(self, connection: Any) -> socket.socket:
        """A socket to the first allowed address of a urllib3 connection's host that answers.

        Raises:
            EgressDeniedError: if no address of the host is allowed, or the peer turns out not to be.
            NameResolutionError, OSError: as resolving and connecting do.
        """
        addresses = self._resolved(connection)
        good = [address for address in addresses if allowed(address, self._open_networks)]
        if not good:
            raise _denied(addresses)
        return self._judged(connect(good, connection.port, self._deadline, connection.socket_options))

    def _resolved(self, connection: Any) -> Sequence[str]:
        host, port = connection._dns_host, connection.port  # noqa: SLF001  # urllib3 offers no public hook here
        try:
            return resolve(host, port, self._resolver, self._deadline)
        except socket.gaierror as error:
            raise NameResolutionError(connection.host, connection, error) from error

    def _judged(self, sock: socket.socket) -> socket.socket:
        peer = str(sock.getpeername()[0])
        if not allowed(peer, self._open_networks):
            sock.close()
            raise _denied([peer])
        self.connected = True
        return sock
