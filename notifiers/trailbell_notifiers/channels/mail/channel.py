"""E-mail over SMTP: verified TLS unless told otherwise, one delivery per recipient."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from typing import Any, Final, Literal, TypeAlias

from trailbell_engine.system_errors import system_words
from trailbell_notifiers.channel import Attempt, ChannelError
from trailbell_notifiers.channels.authorities import check_ca_file
from trailbell_notifiers.message import Message
from trailbell_notifiers.pace import Rate
from trailbell_notifiers.receipt import Ambiguous, Delivered, Receipt, Rejected, Retry
from trailbell_notifiers.secret import Secret, as_secret, redact
from trailbell_notifiers.transport.connecting import Resolver, system_resolver
from trailbell_notifiers.transport.deadline import Deadline
from trailbell_notifiers.words.text import fit, one_line

from .addresses import AddressError, read_address
from .message import mail_bytes, with_date
from .smtp_client import SmtpClient

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "E-mail to one or more addresses, through your mail server.",
    "properties": {
        "to": {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "minItems": 1,
            "maxItems": 50,
            "uniqueItems": True,
            "description": "One address or several.",
        },
        "from": {"type": "string", "description": "The sender, such as `Trailbell <alerts@example.com>`."},
        "host": {"type": "string", "minLength": 1, "description": "The mail server."},
        "port": {
            "type": "integer",
            "minimum": 1,
            "maximum": 65535,
            "description": "Default 587; 465 with `tls: implicit`; 25 with `opportunistic` and `none`.",
        },
        "tls": {
            "enum": ["required", "implicit", "opportunistic", "none"],
            "description": "Default `required`: STARTTLS with a certificate that is verified, or nothing is sent. "
            "`implicit`: TLS from the first byte, verified. `opportunistic`: STARTTLS if the server offers it, whoever "
            "it is, else in the clear; without a password. `none`: in the clear.",
        },
        "username": {"type": "string", "description": "To log in with; with `password`."},
        "password": {"description": "Needs TLS that is verified: `required` or `implicit`."},
        "ca_file": {"type": "string", "description": "PEM file of the authority that signed the server's certificate."},
        "timeout_s": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 120,
            "description": "For the whole conversation; default 30.",
        },
    },
    "required": ["to", "from", "host"],
    "additionalProperties": False,
}
Tls: TypeAlias = Literal["required", "implicit", "opportunistic", "none"]
PORTS: Final[Mapping[Tls, int]] = {"required": 587, "implicit": 465, "opportunistic": 25, "none": 25}
TIMEOUT_S: Final = 30.0
_MESSAGE: Final = "the message"
"""The step from which on the mail may have arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """A mail receiver's validated settings. ``timeout_s`` bounds the whole conversation."""

    sender: Address
    recipients: tuple[Address, ...]
    host: str
    port: int
    tls: Tls = "required"
    username: str = ""
    password: Secret | None = None
    ca_file: str | None = None
    timeout_s: float = TIMEOUT_S
    resolver: Resolver = system_resolver


def build(name: str, settings: Mapping[str, Any]) -> Mail:
    """The channel of these settings (valid against ``SCHEMA``).

    Raises:
        ChannelError: for a bad address, or a password that would travel in the clear.
    """
    tls: Tls = settings.get("tls", "required")
    if settings.get("password") and tls in ("opportunistic", "none"):
        how = "in the clear" if tls == "none" else "to anybody who answers"
        raise ChannelError(f"e-mail `{name}` would send its password {how}", "set `tls: required` or drop the password")
    to = [settings["to"]] if isinstance(settings["to"], str) else list(settings["to"])
    channel = Mail(
        name,
        MailSettings(
            sender=_address(name, settings["from"]),
            recipients=tuple(_address(name, text) for text in to),
            host=settings["host"],
            port=int(settings.get("port", PORTS[tls])),
            tls=tls,
            username=settings.get("username", ""),
            password=as_secret(settings["password"]) if settings.get("password") else None,
            ca_file=settings.get("ca_file"),
            timeout_s=float(settings.get("timeout_s", TIMEOUT_S)),
        ),
    )
    channel.check()
    return channel


def _address(name: str, text: str) -> Address:
    try:
        return read_address(text)
    except AddressError as error:
        raise ChannelError(f"e-mail `{name}`: {error}", error.help) from error


class Mail:
    """A mail server and the people behind it."""

    rate: Rate | None = None

    def __init__(self, name: str, settings: MailSettings) -> None:
        self.name = name
        self._settings = settings
        self.targets = tuple(recipient.addr_spec for recipient in settings.recipients)

    def __repr__(self) -> str:
        return f"Mail(name={self.name!r}, host={self._settings.host!r}, to={self.targets!r})"

    def check(self) -> None:
        """Read the CA file, so that a wrong one is found at start.

        Raises:
            ChannelError: if it cannot be read.
        """
        check_ca_file(f"e-mail `{self.name}`", self._settings.ca_file)

    def render(self, message: Message, delivery_id: str) -> bytes:
        """The whole mail but for ``Date``. Pure."""
        return mail_bytes(message, delivery_id, self._settings.sender, self._settings.recipients)

    def probe(self) -> Receipt:
        """Connect, secure, log in, and leave. Whether it takes mail for the recipients shows only when it does."""
        return self._converse(lambda conversation: conversation.introduce())

    def send(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:  # noqa: ARG002  # the protocol's signature
        """Hand the mail over for one recipient. Blocks for about ``timeout_s``, from resolving to the answer."""
        mail = with_date(body, round(attempt.created_s * 1e6))
        return self._converse(lambda conversation: conversation.deliver(mail, attempt.target))

    def _converse(self, purpose: Callable[[_Conversation], Delivered]) -> Receipt:
        with Deadline(self._settings.timeout_s) as deadline:
            conversation = _Conversation(self._settings, self._context, deadline)
            try:
                return purpose(conversation)
            except smtplib.SMTPResponseException as error:
                if deadline.passed:
                    return self._failed(conversation.step, error, late=True)
                return _refused(conversation.step, error.smtp_code, self._said(error.smtp_error))
            except (smtplib.SMTPException, OSError, ValueError) as error:
                return self._failed(conversation.step, error, late=deadline.passed)

    def _failed(self, step: str, error: Exception, *, late: bool) -> Receipt:
        host = self._settings.host
        if step == _MESSAGE:
            return Ambiguous(f"{host} took the mail and did not say so: {self._said(str(error))}")
        if late:
            who = "no answer of the name service" if isinstance(error, socket.gaierror) else "no answer"
            return Retry(f"{step} at {host}: {who} within {self._settings.timeout_s:g} s")
        if isinstance(error, ssl.SSLError):
            reason = getattr(error, "verify_message", "") or (error.reason or "no TLS there").replace("_", " ").lower()
            return Rejected(f"TLS with {host} failed: {reason}", "receiver")
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return Rejected(f"{host}: {self._said(str(error))}", "receiver")
        words = system_words(error)
        return Retry(f"{step} at {host}: {self._said(words)}")

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self._settings.ca_file)
        if (
            self._settings.tls == "opportunistic"
        ):  # RFC 7435: who could forge a certificate could strip STARTTLS as well
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _said(self, words: bytes | str) -> str:
        text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        return redact(fit(one_line(text), 200), [self._settings.password] if self._settings.password else [])


class _Conversation:
    """One SMTP session; ``step`` tells how far it got, which decides whether a failure is certain."""

    def __init__(self, settings: MailSettings, context: Callable[[], ssl.SSLContext], deadline: Deadline) -> None:
        self.step = "connecting"
        self._settings = settings
        self._context = context
        self._deadline = deadline

    def introduce(self) -> Delivered:
        """From the connection to being known, and no further.

        Raises:
            smtplib.SMTPException, OSError: at ``step``.
        """
        with self._session():
            settings = self._settings
            known = f", as {settings.username}" if settings.username else ""
            return Delivered(f"{settings.host}:{settings.port} speaks SMTP, TLS {settings.tls}{known}")

    def deliver(self, mail: bytes, target: str) -> Delivered:
        """Everything from the connection to the answer to the final dot.

        Raises:
            smtplib.SMTPException, OSError: at ``step``.
        """
        with self._session() as server:
            self._say("mail", lambda: server.mail(self._settings.sender.addr_spec))
            self._say("rcpt", lambda: server.rcpt(target))
            self._say("data", lambda: server.docmd("data"), 354)
            answer = self._say(_MESSAGE, lambda: server.message(mail))
        return Delivered(one_line(answer.decode("utf-8", "replace"))[:200])

    @contextlib.contextmanager
    def _session(self) -> Iterator[SmtpClient]:
        """A server that knows us; left politely, whatever has happened."""
        server = self._connected()
        try:
            self._introduce(server)
            yield server
        finally:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()  # whatever it answers, the mail's fate is known by now
            server.close()

    def _introduce(self, server: smtplib.SMTP) -> None:
        settings = self._settings
        server.ehlo_or_helo_if_needed()
        if settings.tls == "required" or (settings.tls == "opportunistic" and server.has_extn("starttls")):
            self.step = "starttls"
            server.starttls(context=self._context())
        server.ehlo_or_helo_if_needed()  # again after STARTTLS, which makes smtplib forget the first
        if settings.username and settings.password is not None:
            self.step = "login"
            server.login(settings.username, settings.password.reveal())

    def _say(self, step: str, command: Callable[[], tuple[int, bytes]], *welcome: int) -> bytes:
        self.step = step
        code, words = command()
        if code not in (welcome or (250, 251)):
            raise smtplib.SMTPResponseException(code, words)
        return words

    def _connected(self) -> SmtpClient:
        settings = self._settings
        context = self._context() if settings.tls == "implicit" else None
        return SmtpClient(
            settings.host,
            settings.port,
            local_name=settings.sender.domain,
            deadline=self._deadline,
            resolver=settings.resolver,
            context=context,
        )


def _refused(step: str, code: int, words: str) -> Receipt:
    """4yz may pass, 5yz will not (RFC 5321, section 4.2.1); what it refuses depends on the step.

    Only the answer to the message is about what it says: DATA is refused for want of a sender or a recipient that are
    valid (section 3.3), or by policy, before the server has seen any of it.
    """
    reason = f"the mail server answered {code} to {step}: {words}"
    if code >= 500:
        return Rejected(reason, "payload" if step == _MESSAGE else "receiver")
    return Retry(reason)
