"""E-mail over SMTP: verified TLS unless told otherwise, one delivery per recipient."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Any, Final, Literal

from .channel import Attempt, ChannelError
from .deadline import Deadline
from .mail_message import mail_bytes, with_date
from .message import Message
from .pace import Rate
from .receipt import Ambiguous, Delivered, Receipt, Rejected, Retry
from .secret import Secret, as_secret, redact
from .text import fit, one_line

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "E-mail to one or more addresses, through your mail server.",
    "properties": {
        "to": {
            "description": "One address or several.",
            "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True, "maxItems": 50}],
        },
        "from": {"type": "string", "description": "The sender, such as `Trailbell <alerts@example.com>`."},
        "host": {"type": "string", "minLength": 1, "description": "The mail server."},
        "port": {"type": "integer", "minimum": 1, "maximum": 65535, "description": "Default 587; 465 with `tls: implicit`; 25 with `tls: none`."},
        "tls": {"enum": ["required", "implicit", "none"], "description": "Default `required`: STARTTLS, verified, or nothing is sent."},
        "username": {"type": "string"},
        "password": {"description": "Needs TLS."},
        "ca_file": {"type": "string", "description": "PEM file of the authority that signed the server's certificate."},
        "timeout_s": {"type": "number", "exclusiveMinimum": 0, "maximum": 120, "description": "For the whole conversation; default 30."},
    },
    "required": ["to", "from", "host"],
    "additionalProperties": False,
}
PORTS: Final = {"required": 587, "implicit": 465, "none": 25}
TIMEOUT_S: Final = 30.0
_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """A mail receiver's validated settings. ``timeout_s`` bounds the whole conversation."""

    sender: Address
    recipients: tuple[Address, ...]
    host: str
    port: int
    tls: Literal["required", "implicit", "none"] = "required"
    username: str = ""
    password: Secret | None = None
    ca_file: str | None = None
    timeout_s: float = TIMEOUT_S


def build(name: str, settings: Mapping[str, Any]) -> Mail:
    """The channel of these settings (valid against ``SCHEMA``).

    Raises:
        ChannelError: for a bad address, or a password that would travel in the clear.
    """
    tls = settings.get("tls", "required")
    if settings.get("password") and tls == "none":
        raise ChannelError(f"e-mail `{name}` would send its password in the clear", "set `tls: required` or drop the password")
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
    shown, bare = parseaddr(text)
    if not _ADDRESS.fullmatch(bare) or ".." in bare:
        raise ChannelError(f"e-mail `{name}`: {text!r} is no address", "write `name@example.com` or `Words <name@example.com>`")
    user, domain = bare.rsplit("@", 1)
    return Address(one_line(shown).replace("=?", "= ?"), user, domain)


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
        try:
            self._context()
        except (OSError, ssl.SSLError) as error:
            raise ChannelError(f"e-mail `{self.name}`: cannot read ca_file {self._settings.ca_file}: {error}") from error

    def render(self, message: Message, delivery_id: str) -> bytes:
        """The whole mail but for ``Date``. Pure."""
        return mail_bytes(message, delivery_id, self._settings.sender, self._settings.recipients)

    def send(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:  # noqa: ARG002  # the protocol's signature
        """Hand the mail over for one recipient. Blocks for at most ``timeout_s`` after the connection."""
        conversation = _Conversation(self._settings, self._context)
        with Deadline(self._settings.timeout_s) as deadline:
            try:
                return conversation.deliver(with_date(body, round(attempt.created_s * 1e6)), attempt.target, deadline)
            except smtplib.SMTPResponseException as error:
                return _refused(conversation.step, error.smtp_code, self._said(error.smtp_error))
            except ssl.SSLError as error:
                reason = getattr(error, "verify_message", "") or error.reason or "no TLS"
                return Rejected(f"TLS with {self._settings.host} failed: {reason}", "receiver")
            except smtplib.SMTPNotSupportedError as error:
                return Rejected(f"{self._settings.host}: {error}", "receiver")
            except (smtplib.SMTPException, OSError, ValueError) as error:
                late = f"no answer within {self._settings.timeout_s:g} s" if deadline.passed else str(error)
                reason = f"{conversation.step} at {self._settings.host}: {self._said(late)}"
                return Ambiguous(reason) if conversation.step == "data" else Retry(reason)

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._settings.ca_file)

    def _said(self, words: bytes | str) -> str:
        text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        return redact(fit(one_line(text), 200), [self._settings.password] if self._settings.password else [])


class _Conversation:
    """One SMTP session; ``step`` tells how far it got, which decides whether a failure is certain."""

    def __init__(self, settings: MailSettings, context: Any) -> None:
        self.step = "connecting"
        self._settings = settings
        self._context = context

    def deliver(self, mail: bytes, target: str, deadline: Deadline) -> Receipt:
        settings = self._settings
        with self._connected(deadline) as server:
            if settings.tls == "required":
                self.step = "starttls"
                server.starttls(context=self._context())
                server.ehlo()
            if settings.username and settings.password is not None:
                self.step = "login"
                server.login(settings.username, settings.password.reveal())
            for self.step, (code, words) in self._envelope(server, target):
                if code not in (250, 251):
                    raise smtplib.SMTPResponseException(code, words)
            self.step = "data"
            code, words = server.data(mail)
            if code != 250:
                raise smtplib.SMTPResponseException(code, words)
        return Delivered(one_line(words.decode("utf-8", "replace"))[:200])

    def _envelope(self, server: smtplib.SMTP, target: str) -> Any:
        yield "mail", server.mail(self._settings.sender.addr_spec)
        yield "rcpt", server.rcpt(target)

    def _connected(self, deadline: Deadline) -> smtplib.SMTP:
        settings = self._settings
        local = settings.sender.domain  # without it smtplib asks the name service for our own name
        if settings.tls == "implicit":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                settings.host, settings.port, local, timeout=settings.timeout_s, context=self._context()
            )  # fmt: skip
        else:
            server = smtplib.SMTP(settings.host, settings.port, local, timeout=settings.timeout_s)
        if server.sock is not None:
            deadline.watch(server.sock)
        return server


def _refused(step: str, code: int, words: str) -> Receipt:
    """4yz may pass, 5yz will not (RFC 5321, section 4.2.1); what it refuses depends on the step."""
    reason = f"the mail server answered {code} to {step}: {words}"
    if 400 <= code < 500 or code < 0:
        return Retry(reason)
    return Rejected(reason, "payload" if step == "data" else "receiver")
