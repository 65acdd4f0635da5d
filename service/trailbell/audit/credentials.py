"""The API key and secret: where they come from, and how they stay out of everything that is printed."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from trailbell_engine.system_errors import system_words

VARIABLES: Final = (("VONAGE_API_KEY", "VONAGE_API_SECRET"), ("NEXMO_API_KEY", "NEXMO_API_SECRET"))
"""Key and secret, today's names first. Each is also read from the file that ``<name>_FILE`` names."""

_FILE_LIMIT_BYTES: Final = 4096


class CredentialsError(ValueError):
    """The key or the secret is missing or unusable.

    Attributes:
        help: what to set.
    """

    def __init__(self, message: str, help_: str) -> None:
        super().__init__(message)
        self.help = help_


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key and its secret. The secret is not shown by ``repr`` and ``str``.

    Attributes:
        origin: where they were found, for error messages: ``VONAGE_API_KEY and VONAGE_API_SECRET``.
    """

    key: str
    secret: str = field(repr=False)
    origin: str = "the given key and secret"

    def __post_init__(self) -> None:
        for name, value in (("key", self.key), ("secret", self.secret)):
            if not value or re.search(r"[\x00-\x1f\x7f]", value) or (name == "key" and ":" in value):
                raise CredentialsError(
                    f"the API {name} is empty or holds characters that no {name} has",
                    "copy it from the Vonage dashboard, without spaces or line ends",
                )

    def authorization(self) -> str:
        """The value of the ``Authorization`` header."""
        return f"Basic {self._token()}"

    def _token(self) -> str:
        return base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()

    def scrub(self, text: str) -> str:
        """The text with the secret, and the header made of it, replaced by ``***``."""
        return text.replace(self._token(), "***").replace(self.secret, "***")


def credentials_from_environment(environ: Mapping[str, str]) -> Credentials:
    """Read key and secret from ``VONAGE_API_KEY``/``VONAGE_API_SECRET``, else from the older ``NEXMO_…`` names.

    A variable wins over its ``…_FILE``. Both must come from the same pair: half of an old pair beside half of a new
    one is a mistake, not a login.

    Raises:
        CredentialsError: naming the variables to set.
    """
    for key_name, secret_name in VARIABLES:
        key, secret = _value(environ, key_name), _value(environ, secret_name)
        if key and secret:
            return Credentials(key, secret, f"{key_name} and {secret_name}")
        if key or secret:
            missing, present = (secret_name, key_name) if key else (key_name, secret_name)
            raise CredentialsError(f"{present} is set, but {missing} is not", f"set {missing} or {missing}_FILE")
    key_name, secret_name = VARIABLES[0]
    raise CredentialsError(
        "no credentials for the Audit API",
        f"set {key_name} and {secret_name} (or {key_name}_FILE and {secret_name}_FILE)",
    )


def _value(environ: Mapping[str, str], name: str) -> str:
    if environ.get(name):
        return environ[name]
    file = environ.get(f"{name}_FILE")
    if not file:
        return ""
    try:
        with Path(file).open("rb") as stream:
            text = stream.read(_FILE_LIMIT_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = system_words(error) if isinstance(error, OSError) else "it is no text"
        raise CredentialsError(
            f"{name}_FILE names {file!r}, which cannot be read: {reason}", "check the path"
        ) from None
    if not text:
        raise CredentialsError(f"{name}_FILE names {file!r}, which is empty", "write the value into it")
    return text
