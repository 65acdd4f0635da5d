"""The server's side of Socket Mode: a small WebSocket server on loopback (RFC 6455), one text message a frame.

It speaks to ``slack_sdk``'s built-in client: it greets with ``hello``, sends envelopes, and keeps the acknowledgements.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import struct
import threading
import time
from typing import Any, Final, NamedTuple, Self

_GUID: Final = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA


class Acknowledged(NamedTuple):
    """A client's answer to an envelope.

    Attributes:
        envelope_id: of the envelope.
        after_s: how long it took, seconds.
        payload: what came with it.
    """

    envelope_id: str
    after_s: float
    payload: Any


class SocketModeServer:
    """Serves from ``with`` to its end. Envelopes go to the newest connection."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._changed = threading.Condition()
        self._connections: list[_Connection] = []
        self._sent_s: dict[str, float] = {}
        self._acknowledged: dict[str, Acknowledged] = {}
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._stopping = False
        self.greeted = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stopping = True
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()
        self.drop()

    @property
    def url(self) -> str:
        """What ``apps.connections.open`` answers."""
        return f"ws://127.0.0.1:{self.port}/link/?ticket=fake"

    def wait_connected(self, patience_s: float = 10.0, connections: int = 1) -> bool:
        """Wait until so many clients in all have been greeted and the newest one is still there."""
        with self._changed:
            return self._changed.wait_for(lambda: self.greeted >= connections and bool(self._connections), patience_s)

    def send(self, envelope: dict[str, Any]) -> None:
        """Send an envelope to the newest connection."""
        with self._changed:
            connection = self._connections[-1]
            self._sent_s[envelope["envelope_id"]] = time.monotonic()
        connection.send(_TEXT, json.dumps(envelope).encode())

    def acknowledgement(self, envelope_id: str, patience_s: float = 10.0) -> Acknowledged | None:
        """Wait for the client's answer; None if none comes."""
        with self._changed:
            self._changed.wait_for(lambda: envelope_id in self._acknowledged, patience_s)
            return self._acknowledged.get(envelope_id)

    def drop(self) -> None:
        """Cut every connection, as Slack does every few hours."""
        with self._changed:
            connections, self._connections = self._connections, []
        for connection in connections:
            connection.close()

    def _accept(self) -> None:
        while not self._stopping:
            try:
                peer, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError, EOFError), peer:
            connection = _Connection(peer)
            connection.shake_hands()
            connection.send(_TEXT, json.dumps({"type": "hello", "num_connections": 1}).encode())
            with self._changed:
                self._connections.append(connection)
                self.greeted += 1
                self._changed.notify_all()
            try:
                self._listen(connection)
            finally:
                with self._changed:
                    if connection in self._connections:
                        self._connections.remove(connection)
                    self._changed.notify_all()

    def _listen(self, connection: _Connection) -> None:
        while True:
            opcode, data = connection.receive()
            if opcode == _CLOSE:
                connection.send(_CLOSE, data[:2])
                return
            if opcode == _PING:
                connection.send(_PONG, data)
            elif opcode == _TEXT:
                self._take(json.loads(data))

    def _take(self, answer: dict[str, Any]) -> None:
        id_ = str(answer.get("envelope_id", ""))
        with self._changed:
            after_s = time.monotonic() - self._sent_s.get(id_, time.monotonic())
            self._acknowledged.setdefault(id_, Acknowledged(id_, after_s, answer.get("payload")))
            self._changed.notify_all()


class _Connection:
    """One WebSocket."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        self._input = peer.makefile("rb")
        self._lock = threading.Lock()

    def shake_hands(self) -> None:
        key = ""
        while line := self._input.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            if name.lower() == "sec-websocket-key":
                key = value.strip()
        accept = base64.b64encode(hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()).decode()
        answer = (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Accept: {accept}\r\n\r\n"
        )
        self._peer.sendall(answer.encode())

    def send(self, opcode: int, data: bytes) -> None:
        size = len(data)
        head = bytes([0x80 | opcode])
        if size < 126:
            head += bytes([size])
        else:
            head += struct.pack("!BH", 126, size) if size < 1 << 16 else struct.pack("!BQ", 127, size)
        with self._lock:
            self._peer.sendall(head + data)

    def receive(self) -> tuple[int, bytes]:
        """One frame of a client: always masked."""
        first, second = self._read(2)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack("!H", self._read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._read(8))
        mask = self._read(4) if second & 0x80 else bytes(4)
        data = self._read(size)
        return first & 0x0F, bytes(byte ^ mask[position % 4] for position, byte in enumerate(data))

    def _read(self, size: int) -> bytes:
        data = self._input.read(size)
        if len(data) < size:
            raise EOFError("the client has gone")
        return data

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._peer.shutdown(socket.SHUT_RDWR)
        self._input.close()
