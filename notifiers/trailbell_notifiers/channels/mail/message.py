"""The bytes of an e-mail, the same on every run, whose headers are exactly those listed here, whatever the event says.

On Python 3.10 to 3.12 ``email`` decodes an RFC 2047 word inside a header value and writes a line feed that was encoded
in it (``=?utf-8?q?a=0ABcc:…?=`` becomes a real ``Bcc`` line; CVE-2024-6923). So values lose their ``=?``, and the
finished bytes are parsed again and their header names compared.
"""

from __future__ import annotations

import hashlib
import re
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from trailbell_engine.timestamps import to_datetime
from trailbell_notifiers import limits
from trailbell_notifiers.message import Message, sign
from trailbell_notifiers.words.text import fit, one_line

from .bodies import html_body, plain_body

_SAFE_SUBJECT: Final = "Alert"
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_POLICY: Final = policy.SMTP.clone(max_line_length=78)


def mail_bytes(message: Message, delivery_id: str, sender: Address, recipients: tuple[Address, ...]) -> bytes:
    """The mail without ``Date``, which is added when the delivery's time is known. Pure.

    Args:
        message: what it says.
        delivery_id: becomes the Message-ID, so that a repeat is the same mail.
        sender: of ``From``; its domain is that of the ids.
        recipients: of ``To``; all of them, though each is served by a delivery of its own.
    """
    subject = header_text(subject_of(message), limits.MAIL_SUBJECT)
    mail = _built(message, delivery_id, sender, recipients, subject)
    expected = sorted(name.lower() for name in mail)
    written = mail.as_bytes()
    if _header_names(written) != expected:
        written = _built(message, delivery_id, sender, recipients, _SAFE_SUBJECT).as_bytes()
    return written


def subject_of(message: Message) -> str:
    """The same for every mail of a thread, because mail programs that thread by subject part them where it changes.

    So it holds no count and no state; and where alerts are grouped, what they share instead of the title of one.
    """
    if message.group:
        return f"Alerts: {', '.join(f'{name} {value}' for name, value in message.group.items())}"
    return f"[{sign(message.alert, 'opened').split(' ', 1)[1]}] {message.title}"


def header_text(text: str, limit: int) -> str:
    """A text that is safe and legible as a header's value: one line, no encoded words, cut."""
    return fit(one_line(text).replace("=?", "= ?"), limit)


def with_date(body: bytes, created_us: int) -> bytes:
    """The mail with its ``Date``: when the delivery was decided (microseconds, UTC), the same for every attempt."""
    return f"Date: {format_datetime(to_datetime(created_us))}\r\n".encode() + body


def _built(
    message: Message, delivery_id: str, sender: Address, recipients: tuple[Address, ...], subject: str
) -> EmailMessage:
    alert = message.alert
    mail = EmailMessage(policy=_POLICY)
    mail["Subject"] = subject
    mail["From"] = sender
    mail["To"] = recipients
    mail["Message-ID"] = f"<{delivery_id}@{sender.domain}>"
    root = f"<alert-{_thread_label(message.thread)}@{sender.domain}>"  # never sent: the common parent of a thread
    mail["In-Reply-To"] = root
    mail["References"] = root
    mail["List-Id"] = f"<{_list_label(alert.rule_id)}.{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Trailbell-Rule"] = header_text(alert.rule_id, 100)
    mail["X-Trailbell-Severity"] = alert.severity
    mail["X-Trailbell-State"] = message.kind
    mail["X-Trailbell-Alert"] = alert.id
    mail["X-Trailbell-Thread"] = _thread_label(message.thread)
    if alert.severity == "critical" and message.kind == "opened":
        mail["Importance"] = "high"
    mail.set_content(plain_body(message, delivery_id), cte="quoted-printable")
    mail.add_alternative(html_body(message, delivery_id), subtype="html", cte="quoted-printable")
    mail.set_boundary(f"=_{hashlib.sha256(delivery_id.encode()).hexdigest()[:32]}")  # the library's would be random
    return mail


def _thread_label(thread: str) -> str:
    """The thread as a part of a Message-ID: as it is, or its hash where it holds anything odd."""
    if _PLAIN_ID.fullmatch(thread):
        return thread
    return hashlib.sha256(thread.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _list_label(rule_id: str) -> str:
    return (
        "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in rule_id.lower())[:60].strip("-")
        or "alerts"
    )


def _header_names(mail: bytes) -> list[str]:
    return sorted(name.lower() for name in message_from_bytes(mail))
