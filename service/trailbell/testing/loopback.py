"""A small HTTP server on loopback that hands each request to one function: what the HTTP fakes stand on."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, NamedTuple, Self

_BODY_LIMIT: Final = 16 * 1024 * 1024
_RESET: Final = struct.pack("ii", 1, 0)


class Request(NamedTuple):
    """A request as it came in; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back.

    Attributes:
        delay: is waited for before anything is sent: an event, or None.
        drip_s: pause between the bytes of the body, seconds.
        cut: the connection is reset instead of answered.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: threading.Event | None = None
    drip_s: float = 0.0
    cut: bool = False


class LoopbackServer:
    """Serves from ``with`` to its end; ``port`` 0 takes a free one."""

    def __init__(
        self,
        answer: Callable[[Request], Answer],
        host: str = "127.0.0.1",
        port: int = 0,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._stopping = threading.Event()
        self._server = _Server((host, port), answer, self._stopping)
        if context is not None:
            listening = self._server.socket
            self._server.socket = context.wrap_socket(listening, server_side=True, do_handshake_on_connect=False)
        self.host, self.port = host, int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # an idle connection of a client must not hold up the end

    def __init__(
        self, address: tuple[str, int], answer: Callable[[Request], Answer], stopping: threading.Event
    ) -> None:
        self.answer = answer
        self.stopping = stopping
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30
    server: _Server

    def do_POST(self) -> None:
        length = min(int(self.headers.get("Content-Length") or 0), _BODY_LIMIT)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.server.answer(Request(self.command, self.path, headers, self.rfile.read(length))))

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Nothing: the fakes keep what came in."""

    def _send(self, reply: Answer) -> None:
        if reply.delay is not None:
            reply.delay.wait(self.timeout)
        self.close_connection = True
        if reply.cut:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.connection.close()
            return
        self.send_response_only(reply.status)  # no Date: the clock of a fake is the test's
        for name, value in {"Content-Length": str(len(reply.body)), "Connection": "close", **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self._write(reply)

    def _write(self, reply: Answer) -> None:
        if not reply.drip_s:
            self.wfile.write(reply.body)
            return
        for byte in reply.body:
            if self.server.stopping.wait(reply.drip_s):
                return
            self.wfile.write(bytes([byte]))

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the client has gone; it knows why
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()
