"""The key by which the buttons of messages are signed: made once, kept in the state folder, read by nobody else."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

FILE: Final = "buttons.key"
_BYTES: Final = 32


def signing_key(state: Path) -> bytes:
    """The key of a state folder. Whoever deletes the file makes every button that was ever sent worthless.

    Raises:
        OSError: if the folder cannot be written.
    """
    file = state / FILE
    try:
        key = file.read_bytes()
    except FileNotFoundError:
        key = b""
    if len(key) == _BYTES:
        return key
    key = secrets.token_bytes(_BYTES)
    part = file.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as writing:
        writing.write(key)
        writing.flush()
        os.fsync(writing.fileno())
    part.rename(file)
    return key
