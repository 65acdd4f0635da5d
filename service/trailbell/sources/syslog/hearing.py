"""All sockets of a source, heard on one thread, everybody in turn."""

from __future__ import annotations

import logging
import selectors
import socket
import ssl
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, NamedTuple, Self, TypeAlias

from trailbell_engine.counted import counted
from trailbell_engine.event import Event, Malformed
from trailbell_engine.system_errors import system_words

from .connection import MESSAGE_S, Connection
from .datagrams import Datagrams
from .door import Door, plain_address
from .events import EventReader, Heard
from .framing import Frame
from .listening import Address, bound, listen

log: Final = logging.getLogger("trailbell")

_ACCEPTED_AT_ONCE: Final = 64
_PAUSE_S: Final = 0.05
"""Without descriptors a connection that waits would be tried, and fail, without end."""

Found: TypeAlias = list[Event | Malformed]


class Terms(NamedTuple):
    """On which messages are taken.

    Attributes:
        limit_bytes: of one message.
        tls: for addresses of that transport.
        message_s: in which a message must be whole, from its first byte.
    """

    limit_bytes: int
    tls: ssl.SSLContext | None = None
    message_s: float = MESSAGE_S


class _Entrance(NamedTuple):
    """A socket that takes connections."""

    socket: socket.socket
    address: Address


class Hearing:
    """Open sockets, from ``with`` to its end.

    Attributes:
        addresses: where it listens.
    """

    def __init__(self, name: str, addresses: Sequence[Address], reader: EventReader, door: Door, terms: Terms) -> None:
        self.addresses: tuple[Address, ...] = ()
        self._name = name
        self._wanted = addresses
        self._reader = reader
        self._door = door
        self._terms = terms
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Self:
        """Listen.

        Raises:
            SourceError: if one of the addresses cannot be listened on.
        """
        try:
            self.addresses = tuple(map(self._listen, self._wanted))
        except BaseException:
            self._close_all()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_all()

    def hear(self, wait_s: float) -> Found:
        """What comes next; nothing if it takes longer."""
        found: Found = []
        ready = self._selector.select(wait_s)
        ready.sort(key=lambda one: isinstance(one[0].data, _Entrance))  # who goes makes room for who comes
        for key, _ in ready:
            if isinstance(key.data, Connection):
                found += self._read(key.data)
            elif isinstance(key.data, Datagrams):
                found += self._datagrams(key.data)
            else:
                self._accept(key.data)
        now_s = time.monotonic()
        for connection in self._connections():
            left = connection.overdue(now_s)
            if left is not None:
                found += self._events(connection, left)
                self._close(connection)
        self._door.speak()
        return found

    @property
    def connected(self) -> bool:
        """Whether a sender may still say something over a connection."""
        return bool(self._connections())

    def take_leave(self) -> None:
        """Take no more connections, and tell those that are there; what they still send is heard."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.data, _Entrance):
                self._selector.unregister(key.fileobj)
                key.data.socket.close()
            elif isinstance(key.data, Connection):
                key.data.take_leave()

    def left(self) -> Found:
        """What has begun and did not end."""
        return [item for one in self._connections() for item in self._events(one, one.end())]

    def _listen(self, wanted: Address) -> Address:
        opened = listen(wanted)
        address = bound(wanted, opened)
        data = Datagrams(opened, address) if wanted.transport == "udp" else _Entrance(opened, address)
        self._selector.register(opened, selectors.EVENT_READ, data)
        log.info("the source %s listens on %s", self._name, address)
        return address

    def _accept(self, entrance: _Entrance) -> None:
        for _ in range(_ACCEPTED_AT_ONCE):
            try:
                accepted, (host, port, *_) = entrance.socket.accept()
            except BlockingIOError:
                return
            except OSError as error:  # the sender is gone again, or there are no descriptors left
                self._door.refuse("system", f"because of the system ({system_words(error)})", "unknown")
                time.sleep(_PAUSE_S)
                return
            peer = plain_address(host)
            if not self._door.admits(peer):
                accepted.close()
            elif self._door.has_room(peer, len(self._connections())):
                self._begin(entrance, accepted, peer, port)
            else:
                accepted.close()
                return  # somebody may have gone by the next look

    def _begin(self, entrance: _Entrance, accepted: socket.socket, peer: str, port: int) -> None:
        transport = entrance.address.transport
        limit_bytes, tls, message_s = self._terms
        context = tls if transport == "tls" else None
        try:
            new = Connection(accepted, peer, f"{transport} {peer}:{port}", limit_bytes, context, message_s=message_s)
        except OSError:  # gone again
            accepted.close()
        else:
            self._selector.register(new.connected, new.wishes, new)

    def _read(self, connection: Connection) -> Found:
        wished = connection.wishes
        arrived = connection.receive()
        if not arrived.open:
            self._close(connection)
        elif connection.wishes != wished:
            self._selector.modify(connection.connected, connection.wishes, connection)
        return self._events(connection, arrived.frames)

    def _events(self, connection: Connection, frames: Sequence[Frame]) -> Found:
        found: Found = []
        for frame in frames:
            connection.count += 1
            heard = Heard(frame.raw, connection.peer, f"{connection.place} message {connection.count}")
            found += [self._reader.malformed(heard, frame.flaw)] if frame.flaw else self._reader.read(heard)
        return found

    def _datagrams(self, datagrams: Datagrams) -> Found:
        found: Found = []
        limit_bytes = self._terms.limit_bytes
        for raw, host, port in datagrams.receive():
            peer = plain_address(host)
            if not self._door.admits(peer):
                continue
            heard = Heard(raw, peer, f"udp {peer}:{port}")
            if len(raw) > limit_bytes:
                found.append(self._reader.malformed(heard, f"larger than {limit_bytes:,} bytes ({len(raw):,} bytes)"))
            else:
                found += self._reader.read(heard)
        lost = datagrams.lost()
        if lost:
            self._door.dropped(lost)
            words = f"the system dropped {counted(lost, 'datagram')}: more came than were read"
            words += f" ({datagrams.dropped:,} so far)"
            found.append(self._reader.malformed(Heard(b"", "", str(datagrams.address)), words))
        return found

    def _connections(self) -> list[Connection]:
        return [key.data for key in self._selector.get_map().values() if isinstance(key.data, Connection)]

    def _close(self, connection: Connection) -> None:
        if connection.no_tls:
            self._door.refuse("tls", f"because TLS failed ({connection.no_tls})", connection.peer)
        self._selector.unregister(connection.connected)
        connection.connected.close()

    def _close_all(self) -> None:
        for key in list(self._selector.get_map().values()):
            (key.data.connected if isinstance(key.data, Connection) else key.data.socket).close()
        self._selector.close()
