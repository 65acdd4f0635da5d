"""Addresses as people write them in settings: ``ada@example.com`` or ``Ada <ada@example.com>``, in ASCII."""

from __future__ import annotations

import re
from email.headerregistry import Address
from typing import Final

from .message import header_text

_NAME_LIMIT: Final = 100
_ADDRESS: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?"
_MAILBOX: Final = re.compile(rf'(?P<shown>[^<>"\r\n]*|"[^<>"\r\n]*")\s*<(?P<inner>{_ADDRESS})>|(?P<bare>{_ADDRESS})')
_BEYOND_ASCII: Final = re.compile(r"(?:[^<>]*<)?(?P<user>[^<>@\s]+)@(?P<domain>[^<>@\s]+)>?")
"""What would be an address but for its letters."""


class AddressError(ValueError):
    """A text is no address that every mail server takes.

    Attributes:
        help: what to write instead.
    """

    def __init__(self, message: str, help_: str) -> None:
        super().__init__(message)
        self.help = help_


def read_address(text: str) -> Address:
    """The address in a text, with the name that is shown, if there is one.

    Raises:
        AddressError: if it is none, or has letters beyond ASCII, for which a server must have SMTPUTF8 (RFC 6531).
    """
    found = _MAILBOX.fullmatch(text)
    bare = found["inner"] or found["bare"] if found else ""
    if found is None or ".." in bare:
        raise _refused(text)
    user, domain = bare.rsplit("@", 1)
    return Address(header_text((found["shown"] or "").strip('" '), _NAME_LIMIT), user, domain)


def _refused(text: str) -> AddressError:
    foreign = _BEYOND_ASCII.fullmatch(text)
    if foreign is not None and not foreign["user"].isascii():
        return AddressError(
            f"{text!r} has letters beyond ASCII before the `@`, which few mail servers take",
            "write another address of theirs: before the `@` it must be ASCII",
        )
    if foreign is not None and not foreign["domain"].isascii():
        written = f"{foreign['user']}@{_in_ascii(foreign['domain'])}"
        if _MAILBOX.fullmatch(written):
            return AddressError(f"the domain of {text!r} is not written in ASCII", f"write `{written}`")
        return AddressError(f"the domain of {text!r} is not written in ASCII", "write its `xn--` form")
    return AddressError(f"{text!r} is no address", "write `name@example.com` or `Words <name@example.com>`")


def _in_ascii(domain: str) -> str:
    """The domain as the name service knows it; empty where that is not certain.

    Python's codec is of IDNA 2003, where ``ß`` is ``ss``: another domain today. Such do not read back as they were.
    """
    try:
        ascii_ = domain.encode("idna")
        return ascii_.decode("ascii") if ascii_.decode("idna") == domain.lower() else ""
    except UnicodeError:
        return ""
