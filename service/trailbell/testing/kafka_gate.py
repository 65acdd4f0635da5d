"""TLS and SASL in front of a Kafka cluster that has neither: clients come in by the gate, and are checked there.

The formats are those of kafka.apache.org/protocol: every message is a length and so many bytes; a request begins with
its kind, its version and a number, and the answer with that number.
"""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread
from typing import Final, NamedTuple, Self

MECHANISM: Final = "PLAIN"
_API_VERSIONS, _HANDSHAKE, _AUTHENTICATE = 18, 17, 36
_UNSUPPORTED_VERSION: Final = 35
_UNSUPPORTED_MECHANISM: Final = 33
_AUTHENTICATION_FAILED: Final = 58
_SASL_KINDS: Final = struct.pack(">hhhhhh", _HANDSHAKE, 0, 1, _AUTHENTICATE, 0, 0)
_HOST: Final = b"127.0.0.1"


class _Request(NamedTuple):
    kind: int
    version: int
    number: int
    body: bytes


class KafkaGate:
    """Lets in who has the password, from ``with`` to its end, and passes everything on to one broker on loopback.

    Attributes:
        port: where it listens, on 127.0.0.1.
        seen: the user of each attempt to come in.
    """

    def __init__(self, brokers: str, *, user: str, password: str, tls: ssl.SSLContext | None = None) -> None:
        """Prepare.

        Args:
            brokers: the one broker behind the gate, ``host:port``.
            user: who is let in.
            password: of that user.
            tls: with the certificate to show; None is without TLS.
        """
        self._behind = int(brokers.rpartition(":")[2])
        self._wanted = f"\0{user}\0{password}".encode()
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="kafka-gate", daemon=True)
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.seen: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._open()).result()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._do(self._close()).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[object, object, None]) -> Future[None]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._come_in, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)

    async def _come_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self._behind)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                if await self._is_let_in(reader, writer, behind_reader, behind_writer):
                    await _first_of(self._pass_on(reader, behind_writer), self._pass_back(behind_reader, writer))
        finally:
            writer.transport.abort()
            behind_writer.transport.abort()

    async def _is_let_in(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        behind_reader: asyncio.StreamReader,
        behind_writer: asyncio.StreamWriter,
    ) -> bool:
        while True:
            frame = await _read(reader)
            request = _parsed(frame)
            if request.kind == _API_VERSIONS and request.version == 0:
                _write(behind_writer, frame)
                _write(writer, _with_sasl(await _read(behind_reader)))
            elif request.kind == _API_VERSIONS:
                _write(writer, struct.pack(">ihi", request.number, _UNSUPPORTED_VERSION, 0))
            elif request.kind == _HANDSHAKE:
                error = 0 if _text(request.body)[0] == MECHANISM.encode() else _UNSUPPORTED_MECHANISM
                _write(writer, struct.pack(">ihi", request.number, error, 1) + _written(MECHANISM))
            elif request.kind == _AUTHENTICATE:
                return await self._answer(writer, request)
            else:
                return False

    async def _answer(self, writer: asyncio.StreamWriter, request: _Request) -> bool:
        given = request.body[4:]
        self.seen.append(given.split(b"\0")[1].decode())
        right = given == self._wanted
        error, words = (0, "") if right else (_AUTHENTICATION_FAILED, "Authentication failed: invalid credentials")
        _write(writer, struct.pack(">ih", request.number, error) + _written(words) + struct.pack(">i", 0))
        await writer.drain()
        return right

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            _write(writer, await _read(reader))

    async def _pass_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers name the broker's address in two of their kinds; clients are to come by the gate again."""
        own, gate = (_HOST + struct.pack(">i", port) for port in (self._behind, self.port))
        while True:
            _write(writer, (await _read(reader)).replace(own, gate))


async def _first_of(*works: Coroutine[object, object, None]) -> None:
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> bytes:
    return await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))


def _write(writer: asyncio.StreamWriter, frame: bytes) -> None:
    writer.write(len(frame).to_bytes(4, "big") + frame)


def _parsed(frame: bytes) -> _Request:
    kind, version, number = struct.unpack_from(">hhi", frame)
    _, body = _text(frame[8:])
    return _Request(kind, version, number, body)


def _text(data: bytes) -> tuple[bytes, bytes]:
    """A text with its length before it, and what follows; a length of -1 is no text."""
    length = max(0, struct.unpack_from(">h", data)[0])
    return data[2 : 2 + length], data[2 + length :]


def _written(text: str) -> bytes:
    return struct.pack(">h", len(text.encode())) + text.encode()


def _with_sasl(answer: bytes) -> bytes:
    """The broker's list of the requests that it knows, and the two that only the gate knows."""
    number, error, count = struct.unpack_from(">ihi", answer)
    return struct.pack(">ihi", number, error, count + 2) + answer[10:] + _SASL_KINDS
