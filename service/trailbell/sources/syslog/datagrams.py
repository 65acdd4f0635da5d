"""The datagrams of one socket, and how many of them the system had to drop."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from .listening import SO_RXQ_OVFL, Address

_AT_ONCE: Final = 256
_LARGEST_BYTES: Final = 65_536
_COUNT_BYTES: Final = 4


class Datagram(NamedTuple):
    """One, with the address and port of its sender."""

    raw: bytes
    host: str
    port: int


class Datagrams:
    """Reads a socket that does not block.

    Attributes:
        socket: to wait for and to close.
        address: where it listens.
        dropped: how many the system dropped, as far as it has said.
    """

    def __init__(self, opened: socket.socket, address: Address) -> None:
        self.socket = opened
        self.address = address
        self.dropped = 0
        self._told = 0

    def receive(self) -> Iterator[Datagram]:
        """What is there, up to a number, so that other senders have their turn."""
        for _ in range(_AT_ONCE):
            try:
                raw, notes, _, sender = self.socket.recvmsg(_LARGEST_BYTES, socket.CMSG_SPACE(_COUNT_BYTES))
            except BlockingIOError:
                return
            for note in notes:
                self.dropped = max(self.dropped, _dropped_before(*note))
            yield Datagram(raw, *sender[:2])

    def lost(self) -> int:
        """How many datagrams were dropped since this was asked last."""
        lost, self._told = self.dropped - self._told, self.dropped
        return lost


def _dropped_before(level: int, kind: int, content: bytes) -> int:
    """What Linux says with a datagram: how many were dropped before it, since the socket was opened."""
    if (level, kind) != (socket.SOL_SOCKET, SO_RXQ_OVFL) or len(content) < _COUNT_BYTES:
        return 0
    count: int = struct.unpack_from("=I", content)[0]
    return count
