"""The sockets that syslog is heard on."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress
from typing import Final, Literal, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from trailbell.loopback import is_loopback
from trailbell.sources.errors import SourceError
from trailbell_engine.system_errors import system_words

Transport: TypeAlias = Literal["udp", "tcp", "tls"]
BUFFER_BYTES: Final = 4 * 1024 * 1024
"""What the system is asked to keep of datagrams while we are busy; it may give less."""
SO_RXQ_OVFL: Final = 40
"""Linux, asm-generic/socket.h: each datagram comes with the count of those dropped before it."""
_BACKLOG: Final = 128


class Address(NamedTuple):
    """Where to listen; port 0 takes a free one."""

    transport: Transport
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.transport}://{host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)


def read_address(text: str) -> Address:
    """Such as ``udp://0.0.0.0:514`` or ``tls://[::]:6514``.

    Raises:
        ValueError: saying what is wrong with it.
    """
    parts = urlsplit(text)
    for transport in ("udp", "tcp", "tls"):
        if parts.scheme == transport and parts.hostname and parts.port is not None and not parts.path + parts.query:
            if parts.hostname != "localhost":
                ipaddress.ip_address(parts.hostname)
            return Address(transport, parts.hostname, parts.port)
    raise ValueError(f"{text!r} is not of the form `udp://127.0.0.1:514`")


def listen(address: Address) -> socket.socket:
    """A socket that is bound and does not block.

    Raises:
        SourceError: if it cannot be, with what to do.
    """
    kind = socket.SOCK_DGRAM if address.transport == "udp" else socket.SOCK_STREAM
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, kind)
    try:
        listening.setblocking(False)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if kind == socket.SOCK_STREAM:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            _widen(listening)
        listening.bind((address.host, address.port))
        if kind == socket.SOCK_STREAM:
            listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        help_ = "ports below 1024 need a right: `setcap`, systemd's AmbientCapabilities, or a port above"
        raise SourceError(
            f"cannot listen on {address}: {system_words(error)}",
            help_ if isinstance(error, PermissionError) else "is another program, or another trailbell, there?",
        ) from error
    return listening


def bound(address: Address, listening: socket.socket) -> Address:
    """The address with the port that it has got."""
    return address._replace(port=listening.getsockname()[1])


def _widen(listening: socket.socket) -> None:
    for option, value in ((socket.SO_RCVBUF, BUFFER_BYTES), (SO_RXQ_OVFL, 1)):
        with suppress(OSError):  # not Linux, or not so much
            listening.setsockopt(socket.SOL_SOCKET, option, value)
