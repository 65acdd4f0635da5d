"""Servers that mean harm: silence, drops, floods, bombs. Raw sockets on loopback, for clients that must not wait."""

from __future__ import annotations

import contextlib
import gzip
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

Mischief: TypeAlias = Callable[[socket.socket, threading.Event], None]
"""What is done with a connection whose request has begun to arrive, until the event is set."""

_OK: Final = b"HTTP/1.1 200 OK\r\n"
_GZIPPED_BYTES: Final = 256 * 1024 * 1024


def _silent(_: socket.socket, stop: threading.Event) -> None:
    stop.wait()


def _reset(connection: socket.socket, _: threading.Event) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _saying(*parts: bytes) -> Mischief:
    def say(connection: socket.socket, _: threading.Event) -> None:
        for part in parts:
            connection.sendall(part)
        connection.shutdown(socket.SHUT_WR)

    return say


def _dripping(first: bytes, drop: bytes) -> Mischief:
    def drip(connection: socket.socket, stop: threading.Event) -> None:
        connection.sendall(first)
        while not stop.wait(0.05):
            connection.sendall(drop)

    return drip


def _flooding(first: bytes, piece: bytes) -> Mischief:
    def flood(connection: socket.socket, stop: threading.Event) -> None:
        connection.sendall(first)
        while not stop.is_set():
            connection.sendall(piece)

    return flood


def _gzip_bomb(connection: socket.socket, _: threading.Event) -> None:
    bomb = gzip.compress(bytes(_GZIPPED_BYTES), 9)
    length = f"Content-Length: {len(bomb)}\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\n\r\n"
    connection.sendall(_OK + length.encode() + bomb)


MISCHIEF: Final[Mapping[str, Mischief]] = {
    "silence": _silent,
    "reset": _reset,
    "nothing": _saying(),
    "nulls": _saying(b"\x00" * 100),
    "no protocol": _saying(b"lorem ipsum\r\n" * 50),
    "dripping headers": _dripping(_OK, b"X-Drop: x\r\n"),
    "dripping status": _dripping(b"", b"H"),
    "dripping body": _dripping(_OK + b"Content-Length: 100000\r\n\r\n", b"x"),
    "dripping chunks": _dripping(_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "endless chunks": _flooding(_OK + b"Transfer-Encoding: chunked\r\n\r\n", b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n"),
    "endless headers": _flooding(_OK, b"X-More: " + b"x" * 8_000 + b"\r\n"),
    "endless status": _flooding(b"", b"H" * 65_536),
    "endless continue": _flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000),
    "endless greeting": _flooding(b"", b"220-more\r\n" * 1_000),
    "gzip bomb": _gzip_bomb,
    "bad chunk": _saying(_OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nx"),
    "short body": _saying(_OK + b"Content-Length: 100\r\n\r\nx"),
    "deep json": _saying(_OK + b"Content-Type: application/json\r\nContent-Length: 40000\r\n\r\n" + b"[" * 40_000),
    "foreign bytes": _saying(b"HTTP/1.1 200 \xff\xfe\r\nX: \xff\r\nContent-Length: 2\r\n\r\n\xff\xfe"),
    "bad mail greeting": _saying(b"220 \xff\r\n554 no\r\n"),
}
"""Name -> what is done. Peers that speak first, such as mail servers, do it at once."""


@contextlib.contextmanager
def bad_server(mischief: Mischief) -> Iterator[int]:
    """A server that does this to every connection; gives its port."""
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(0.3)
            with contextlib.suppress(TimeoutError):
                connection.recv(65_536)  # a client of HTTP speaks first; one of SMTP waits for us
            connection.settimeout(2)
            mischief(connection, stop)

    def accept(listener: socket.socket) -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=serve, args=(connection,), daemon=True)
            threads.append(thread)
            thread.start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        accepting = threading.Thread(target=accept, args=(listener,), daemon=True)
        accepting.start()
        yield listener.getsockname()[1]
        stop.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
    accepting.join()
    for thread in threads:
        thread.join()


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """A port on which nobody listens, and nobody else can."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield closed.getsockname()[1]
