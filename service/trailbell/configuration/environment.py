"""Settings and secrets from the environment: ``NAME``, or ``NAME_FILE`` with the path of a file that holds it."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from trailbell_engine.values import Json
from trailbell_rules.document import Place

REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""``${NAME}`` in a text."""


class Unset(Exception):  # noqa: N818 - it names what it is
    """A variable that is asked for and not set.

    Attributes:
        name: of the variable.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not set")
        self.name = name


def setting(name: str, environ: Mapping[str, str]) -> str | None:
    """The value of ``NAME``, else the text of the file that ``NAME_FILE`` names, without its line end; else None.

    Raises:
        OSError: if that file cannot be read as text.
    """
    value = environ.get(name)
    if value:
        return value
    file = environ.get(f"{name}_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise OSError(errno.EINVAL, f"{name}_FILE names it, and it is no UTF-8 text", file) from None


def filled(value: Json, fill: Callable[[str, Place], Json], place: Place = ()) -> Json:
    """The value with every text in it, however deep, replaced by what ``fill`` makes of it and of its place."""
    if isinstance(value, dict):
        return {name: filled(item, fill, (*place, name)) for name, item in value.items()}
    if isinstance(value, list):
        return [filled(item, fill, (*place, index)) for index, item in enumerate(value)]
    return fill(value, place) if isinstance(value, str) else value


def expand(text: str, environ: Mapping[str, str], said: Callable[[str], str] = str) -> str:
    """The text with every ``${NAME}`` replaced by its setting.

    Args:
        text: as written.
        environ: the environment.
        said: how a setting is written where the text needs it otherwise, as in a URL.

    Raises:
        Unset: for the first name that has none.
        OSError: if a ``NAME_FILE`` cannot be read.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        value = setting(name, environ)
        if value is None:
            raise Unset(name)
        return said(value)

    return REFERENCE.sub(value, text)
