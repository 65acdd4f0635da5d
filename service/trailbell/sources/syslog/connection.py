"""One connection of a sender: TLS or not, its messages, and by when they must be whole."""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import time
from typing import Final, NamedTuple

from trailbell_engine.system_errors import system_words

from .framing import Frame, Frames

HANDSHAKE_S: Final = 10.0
MESSAGE_S: Final = 30.0
"""From a message's first byte to its last, however steadily it trickles. Between messages there is no deadline."""
_PIECE_BYTES: Final = 64 * 1024


class Arrived(NamedTuple):
    """What a connection brought.

    Attributes:
        frames: the messages that ended.
        open: whether more may come.
    """

    frames: list[Frame]
    open: bool


class Connection:
    """A stream of messages that does not block.

    Attributes:
        connected: the socket, to wait for and to close.
        peer: the sender's address.
        place: which connection it is, for people.
        count: how many messages it has brought.
        wishes: what to wait for: to read, or (in TLS's handshake) to write.
        no_tls: why TLS could not be agreed on; empty if it was.
    """

    def __init__(
        self,
        accepted: socket.socket,
        peer: str,
        place: str,
        limit_bytes: int,
        tls: ssl.SSLContext | None,
        *,
        message_s: float = MESSAGE_S,
    ) -> None:
        """Take over an accepted socket.

        Raises:
            OSError: if it is gone already.
        """
        accepted.setblocking(False)
        accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # senders that are gone are found out
        self.connected = (
            accepted if tls is None else tls.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        )
        self.peer = peer
        self.place = place
        self.count = 0
        self.no_tls = ""
        self.wishes = selectors.EVENT_READ
        self._frames = Frames(limit_bytes)
        self._shaking_hands = tls is not None
        self._message_s = message_s
        self._due_s = time.monotonic() + HANDSHAKE_S if tls is not None else None

    def receive(self) -> Arrived:
        """What is there now."""
        try:
            if isinstance(self.connected, ssl.SSLSocket) and self._shaking_hands:
                self.connected.do_handshake()
                self._shaking_hands, self._due_s = False, None
            piece = self._read()
        except (ssl.SSLWantReadError, BlockingIOError):
            self.wishes = selectors.EVENT_READ
            return Arrived([], open=True)
        except ssl.SSLWantWriteError:
            self.wishes = selectors.EVENT_WRITE
            return Arrived([], open=True)
        except OSError as error:
            reason = getattr(error, "reason", None) or system_words(error)
            self.no_tls = reason if self._shaking_hands else ""
            return Arrived(self._frames.end(f"the connection broke: {reason}"), open=False)
        self.wishes = selectors.EVENT_READ
        if not piece:
            return Arrived(self._frames.end(), open=False)
        return Arrived(self._cut(piece), open=True)

    def overdue(self, now_s: float) -> list[Frame] | None:
        """What is left of a message that took too long, or of a handshake; None while there is time."""
        if self._due_s is None or now_s < self._due_s:
            return None
        self.no_tls = "it took too long" if self._shaking_hands else ""
        return self._frames.end(f"its rest did not come within {self._message_s:g} seconds")

    def take_leave(self) -> None:
        """Tell the sender that we go, and hear on: one that looks before it sends, as rsyslog does, sends no more.

        TLS has its own word for it, after which it reads no more; the end of the stream below it says the same.
        """
        with contextlib.suppress(OSError):  # the sender has gone first
            socket.socket.shutdown(self.connected, socket.SHUT_WR)

    def end(self) -> list[Frame]:
        """What is left when we end."""
        return self._frames.end("trailbell was stopped in the middle of it")

    def _read(self) -> bytes:
        piece = self.connected.recv(_PIECE_BYTES)
        while piece and isinstance(self.connected, ssl.SSLSocket) and (held := self.connected.pending()):
            piece += self.connected.recv(held)  # decrypted already: nobody would wake us for it
        return piece

    def _cut(self, piece: bytes) -> list[Frame]:
        was_begun = self._frames.begun
        frames = self._frames.feed(piece)
        if not self._frames.begun:
            self._due_s = None
        elif frames or not was_begun:
            self._due_s = time.monotonic() + self._message_s
        return frames
