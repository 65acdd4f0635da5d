"""An absolute end for a conversation over a socket, however slowly the other side drips.

Socket timeouts start again with every byte; a receiver that sends one byte a second holds its sender for hours.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from types import TracebackType
from typing import Self


class Deadline:
    """A context: sockets given to ``watch`` are shut down after ``seconds``, which ends any read or write on them."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._passed = threading.Event()
        self._answered: list[threading.Event] = []
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    @property
    def passed(self) -> bool:
        """Whether it is over."""
        return self._passed.is_set()

    def wait_for(self, answered: threading.Event) -> None:
        """Wait until this is set; the deadline sets it, too."""
        with self._lock:
            if not self.passed:
                self._answered.append(answered)
            else:
                answered.set()
        answered.wait()

    def watch(self, sock: socket.socket) -> None:
        """Put a socket under the deadline, connected or about to be."""
        watched = socket.socket(fileno=os.dup(sock.fileno()))  # the original may be closed, or taken over by TLS
        with self._lock:
            if not self.passed:
                self._sockets.append(watched)
                return
        _shut(sock)
        watched.close()

    def _end(self) -> None:
        with self._lock:
            self._passed.set()
            for answered in self._answered:
                answered.set()
            for sock in self._sockets:
                _shut(sock)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._timer.join()
        with self._lock:
            for sock in self._sockets:
                sock.close()
            self._sockets.clear()


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
