"""Values that must never be printed: tokens, passwords, URLs that carry a key."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Final, NoReturn

HIDDEN: Final = "***"
_SHORTEST_REDACTED: Final = 4
"""Shorter secrets are not looked for in texts: hiding every ``a`` says more than it hides."""


class Secret:
    """A text that shows itself only through ``reveal()``; printed, formatted or logged it is ``***``."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself. Call it where the text goes onto the wire, and nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


def as_secret(value: Secret | str) -> Secret:
    """The value as a ``Secret``; plain text from a configuration is wrapped at once."""
    return value if isinstance(value, Secret) else Secret(value)


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """The text with every secret in it replaced by ``***``. What a library says about a failure goes through here."""
    for secret in sorted(secrets, key=lambda secret: -len(secret.reveal())):
        if len(secret.reveal()) >= _SHORTEST_REDACTED:
            text = text.replace(secret.reveal(), HIDDEN)
    return text
