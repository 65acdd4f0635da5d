"""Connections under watch: an absolute deadline for the head of a request and for the whole of it, few per address.

uvicorn's own timeout is for idle connections alone: a client that sends a byte now and then keeps one for ever.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from http import HTTPStatus
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

from .observed import UNKNOWN, Observed

HEAD_S: Final = 10.0
"""From the first byte of a request (for a connection's first: from its opening) to the end of its headers."""
WHOLE_S: Final = 120.0
"""From there until the last byte of the answer has been taken over by the system."""


class Watch:
    """The connections of one server.

    Attributes:
        open: connections by address.
        observed: where it is counted what was refused before the application heard of it.
    """

    def __init__(
        self, per_address: int, observed: Observed | None = None, *, head_s: float = HEAD_S, whole_s: float = WHOLE_S
    ) -> None:
        self.per_address = per_address
        self.head_s = head_s
        self.whole_s = whole_s
        self.open: Counter[str] = Counter()
        self.observed = observed or Observed()

    def enter(self, address: str) -> bool:
        """Count a connection; False if its address has as many as it may."""
        if self.open[address] >= self.per_address:
            self.observed.end("many")
            return False
        self.open[address] += 1
        return True

    def leave(self, address: str) -> None:
        """A connection that was let in has ended."""
        self.open[address] -= 1
        if not self.open[address]:
            del self.open[address]


class WatchedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 over h11, closed at its deadlines."""

    watch: ClassVar[Watch]

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._timer: asyncio.TimerHandle | None = None
        self._address: str | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the base class has it
        """Take the connection, or close it if its address has too many."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if not self.watch.enter(address):
            transport.abort()
            return
        self._address = address
        self._arm(self.watch.head_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go."""
        self._disarm()
        if self._address is not None:
            self.watch.leave(self._address)
            self._address = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass bytes on; the first of a head starts its clock, the end of the head starts the next one."""
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._arm(self.watch.whole_s)
        elif self._timer is None and not self.transport.is_closing():
            self._arm(self.watch.head_s)

    def on_response_complete(self) -> None:
        """The request is done; an idle connection is uvicorn's to close."""
        self._disarm()
        before = self.cycle
        if "app" not in before.scope:  # the application leaves its mark there: it was never asked
            self.watch.observed.refuse(UNKNOWN, HTTPStatus.SERVICE_UNAVAILABLE)
        super().on_response_complete()
        if self.cycle is not before:  # the next one was there already
            self._arm(self.watch.whole_s)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self.watch.observed.refuse(UNKNOWN, HTTPStatus.BAD_REQUEST)
        super().send_400_response(msg)

    def _arm(self, seconds: float) -> None:
        self._disarm()
        self._timer = self.loop.call_later(seconds, self._expire)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        self.watch.observed.end("slow")
        self.transport.abort()


def watched(watch: Watch) -> type[WatchedProtocol]:
    """The protocol of a server with that watch."""
    return type("Protocol", (WatchedProtocol,), {"watch": watch})
