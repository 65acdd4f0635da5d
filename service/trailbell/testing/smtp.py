"""A mail server over a real loopback socket: ``with FakeSmtp() as mail`` or ``python -m trailbell.testing.smtp``.

Needs aiosmtpd: ``pip install 'trailbell[smtp-fake]'``. STARTTLS or implicit TLS with a given context, AUTH, refusals
per recipient, and scripted answers to the message itself.
"""

from __future__ import annotations

import ssl
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Literal, NamedTuple, Self

from trailbell_engine.counted import counted

try:
    from aiosmtpd.controller import Controller
    from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword
except ModuleNotFoundError as missing:
    words = "the fake mail server needs aiosmtpd: pip install 'trailbell[smtp-fake]'"
    if __name__ == "__main__":
        sys.exit(words)
    raise ModuleNotFoundError(words, name=missing.name) from missing


class MailReceived(NamedTuple):
    """A mail as it was handed over: the envelope, the bytes of the message, and whether they came over TLS."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    encrypted: bool = False

    @property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        return message_from_bytes(self.raw, policy=policy.default)


@dataclass(slots=True)
class FakeSmtp:
    """The server, listening from ``with`` to its end.

    Attributes:
        context: TLS of the server; None offers none.
        tls: how it uses the context.
        login: user and password it insists on; None takes everybody.
        refusals: recipient -> the answer to RCPT, such as ``550 no such user``.
        messages: what was accepted, oldest first.
        arrived: called with each.
    """

    context: ssl.SSLContext | None = None
    tls: Literal["starttls", "implicit"] = "starttls"
    login: tuple[str, str] | None = None
    refusals: dict[str, str] = field(default_factory=dict)
    port: int = 0
    arrived: Callable[[MailReceived], None] = lambda _: None
    messages: list[MailReceived] = field(default_factory=list, init=False)
    _answers: deque[str | None] = field(default_factory=deque, init=False)
    _controller: Controller = field(init=False)

    def __enter__(self) -> Self:
        implicit = self.context if self.tls == "implicit" else None
        self._controller = _Controller(self, hostname="127.0.0.1", port=self.port, ssl_context=implicit)
        self._controller.start()
        self.port = self._controller.port
        return self

    def __exit__(self, *_exception: object) -> None:
        self._controller.stop()

    def script(self, *answers: str | None) -> None:
        """Line up answers to the next messages, such as ``451 later``; None takes one and drops the connection."""
        self._answers.extend(answers)

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's names, here and below
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Refuse or note a recipient."""
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep a mail."""
        answer = self._answers.popleft() if self._answers else "250 OK: queued as fake"
        if answer is None or answer.startswith("2"):
            encrypted = server.transport.get_extra_info("sslcontext") is not None
            mail = MailReceived(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.original_content, encrypted)
            self.messages.append(mail)
            self.arrived(mail)
        if answer is None:
            server.transport.abort()
            return "421 gone"
        return answer

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        """Compare user and password."""
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        return AuthResult(success=given == self.login, handled=False)


class _Controller(Controller):
    def __init__(self, fake: FakeSmtp, **options: Any) -> None:
        self._fake = fake
        super().__init__(fake, **options)

    def factory(self) -> SMTP:
        fake = self._fake
        starttls = fake.context if fake.tls == "starttls" else None
        login: dict[str, Any] = {"authenticator": fake.authenticate, "auth_required": True} if fake.login else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of AUTH without TLS, and knows only of STARTTLS
            needs_tls = fake.tls == "starttls"
            return SMTP(fake, hostname="fake.test", tls_context=starttls, auth_require_tls=needs_tls, **login)

    def _trigger_server(self) -> None:
        """Tell the base class, which connects once to see that the server runs, which port it was given."""
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]  # a running server has sockets
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd is partly typed


def _print(mail: MailReceived) -> None:
    body = mail.message.get_body(("plain",))
    text = body.get_content() if body is not None else ""
    sys.stdout.write(
        f"From: {mail.sender}\nTo: {', '.join(mail.recipients)}\nSubject: {mail.message['subject']}\n\n{text}\n"
    )
    sys.stdout.flush()


def main() -> None:
    """Serve until interrupted, and print what arrives."""
    with FakeSmtp(arrived=_print) as mail:
        sys.stdout.write(f"host 127.0.0.1, port {mail.port}, tls: none\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stdout.write(f"{counted(len(mail.messages), 'mail')}\n")


if __name__ == "__main__":
    main()
