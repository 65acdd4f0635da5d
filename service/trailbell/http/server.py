"""The server in a thread of its own: from ``with`` to its end."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
import ssl
import threading
from typing import Any, Final, Self

import anyio.to_thread
import uvicorn
from starlette.types import ASGIApp

from trailbell_engine.system_errors import system_words

from .protocol import Watch, watched
from .settings import HttpSettings

_WORKERS: Final = 16
"""Requests that read the store at a time; the others wait."""
_HEAD_BYTES: Final = 32 * 1024
_IDLE_S: Final = 5
_CONNECTIONS: Final = 1_000
_GRACE_S: Final = 5


class ListenError(OSError):
    """The address cannot be listened on; the message says why.

    Attributes:
        taken: somebody else listens there.
        help: what to do about it.
    """

    def __init__(self, message: str, help_: str, *, taken: bool = False) -> None:
        super().__init__(message)
        self.taken = taken
        self.help = help_


def probe(settings: HttpSettings) -> None:
    """See whether a server could listen, without one.

    Raises:
        ListenError: if not.
    """
    _check_certificate(settings)
    _listening(settings).close()


class _Server(uvicorn.Server):
    """Tells when it listens, and when it will not."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        anyio.to_thread.current_default_thread_limiter().total_tokens = _WORKERS
        await super().startup(sockets)
        self.ready.set()


class HttpServer:
    """Serves an application.

    Attributes:
        url: where it is reached from this machine, such as ``http://127.0.0.1:8700``.
        watch: its connections.
    """

    def __init__(self, app: ASGIApp, settings: HttpSettings, watch: Watch | None = None) -> None:
        """Take the address; nobody is answered yet.

        Raises:
            ListenError: if it is taken, or not this machine's, or the certificate cannot be read.
        """
        self.watch = watch or Watch(settings.per_address)
        secure = settings.certificate is not None
        logging.getLogger("uvicorn").setLevel(logging.WARNING)  # that it started is ours to tell
        config = uvicorn.Config(
            app,
            http=watched(self.watch),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_IDLE_S,
            timeout_graceful_shutdown=_GRACE_S,
            limit_concurrency=_CONNECTIONS,
            h11_max_incomplete_event_size=_HEAD_BYTES,
            ssl_certfile=str(settings.certificate) if secure else None,
            ssl_keyfile=str(settings.key) if secure else None,
        )
        _check_certificate(settings)
        config.load()
        self._socket = _listening(settings)
        host, port = self._socket.getsockname()[:2]
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104 - compared, not bound
        self.url = f"{'https' if secure else 'http'}://{shown}:{port}"
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._serve, name="http", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.ready.wait(0.1) and self._thread.is_alive():
            pass
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        sockets: list[Any] = [self._socket]
        asyncio.run(self._server.serve(sockets=sockets))


def _listening(settings: HttpSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it, an answer waits 40 ms for an ACK.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise ListenError(
            f"cannot listen on {settings.host}:{settings.port}: {system_words(error)}",
            "choose another one with `http: {listen: 127.0.0.1:PORT}`",
            taken=error.errno == errno.EADDRINUSE,
        ) from error
    return listening


def _check_certificate(settings: HttpSettings) -> None:
    if settings.certificate is None or settings.key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.certificate, settings.key, password="")
    except OSError as error:  # an SSLError is one
        missing = next((file for file in (settings.certificate, settings.key) if not os.access(file, os.R_OK)), None)
        words = f"{missing} cannot be read" if missing else f"{settings.certificate} and {settings.key} are no pair"
        raise ListenError(
            f"`http: tls`: {words}: {system_words(error)}", "name the PEM files of a certificate and of its key"
        ) from error
