"""``smtplib`` under a deadline: resolving, connecting, TLS and every answer end with it; no answer grows for ever."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from typing import Any, Final

from trailbell_notifiers.transport.connecting import Resolver, connect, resolve
from trailbell_notifiers.transport.deadline import Deadline

MOST_ANSWERS_BYTES: Final = 1 << 20
"""Of all answers of a conversation together; a server that says more means harm (RFC 5321 has lines of 512 bytes)."""


class _Answers:
    """What the server says, line by line, up to a limit."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left_bytes = MOST_ANSWERS_BYTES

    def readline(self, limit: int) -> bytes:
        """A line; none any more beyond the limit, which ``smtplib`` takes for the end of the connection."""
        line: bytes = self._file.readline(limit)
        self._left_bytes -= len(line)
        return line if self._left_bytes >= 0 else b""

    def close(self) -> None:
        """Let go of the socket."""
        self._file.close()


class SmtpClient(smtplib.SMTP):
    """A connected client. Operations raise what ``smtplib`` raises, and ``OSError`` once the deadline has passed."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        local_name: str,
        deadline: Deadline,
        resolver: Resolver,
        context: ssl.SSLContext | None = None,
    ) -> None:
        """Connect and read the greeting.

        Args:
            host: the mail server; its certificate must be for this name.
            port: of it.
            local_name: said in EHLO; without one ``smtplib`` asks the name service for our own.
            deadline: of the whole conversation; inside its context.
            resolver: of names.
            context: for TLS from the first byte; None for a conversation that begins in the clear.

        Raises:
            OSError, smtplib.SMTPException: if that does not work.
        """
        self._deadline = deadline
        self._resolver = resolver
        self._tls_first = context
        super().__init__(host, port, local_name, timeout=deadline.seconds)

    def getreply(self) -> tuple[int, bytes]:
        """The next answer, as ``smtplib`` reads it."""
        if self.file is None and self.sock is not None:
            self.file = _Answers(self.sock.makefile("rb"))
        return super().getreply()

    def message(self, mail: bytes) -> tuple[int, bytes]:
        """Send a mail whose lines end with CR LF, once DATA was welcome, and read the answer to it.

        ``smtplib.SMTP.data`` does both steps in one; which of them is refused tells whether the mail is at fault.
        """
        text = re.sub(rb"(?m)^\.", b"..", mail)  # RFC 5321, section 4.5.2
        self.send(text + (b".\r\n" if text.endswith(b"\r\n") else b"\r\n.\r\n"))
        return self.getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 - smtplib's own hook
        # Under the deadline before TLS, whose handshake can drip as well.
        sock = connect(resolve(host, port, self._resolver, self._deadline), port, self._deadline)
        if self._tls_first is None:
            return sock
        try:
            return self._tls_first.wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise
