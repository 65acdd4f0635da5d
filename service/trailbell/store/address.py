"""Where a store is: in a folder, or in a schema of a PostgreSQL database, with a folder for what is not in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

SCHEMA: Final = "trailbell"
"""The schema, where the URL names none."""
FOLDER: Final = ".trailbell"
"""Beside the configuration, where the URL names no folder."""
_SCHEMES: Final = ("postgresql", "postgres")
_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class AddressError(ValueError):
    """A URL that names no database; the message says why."""


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """A store in PostgreSQL.

    Attributes:
        url: as libpq takes it, perhaps with a password.
        schema: that the tables are in.
        folder: of this machine, for what is not in the database: wishes of the command line, caches, keys.
    """

    url: str = field(repr=False)
    schema: str
    folder: Path

    def __str__(self) -> str:
        """Without the password, and without what else libpq is told."""
        parts = urlsplit(self.url)
        place = parts.netloc.rpartition("@")
        user = place[0].partition(":")[0]
        return f"{parts.scheme}://{user + '@' if user else ''}{place[2]}{parts.path} (schema {self.schema})"

    def whole(self) -> str:
        """As ``read_address`` reads it, with the password: for the environment of a child process only."""
        mark = "&" if urlsplit(self.url).query else "?"
        return f"{self.url}{mark}schema={self.schema}&folder={quote(str(self.folder.absolute()))}"


Address: TypeAlias = Path | PostgresAddress
"""A state folder with the store in it, or a database."""


def is_url(text: str) -> bool:
    """Whether ``state:`` names a database, and no folder."""
    return text.partition("://")[0] in _SCHEMES and "://" in text


def read_address(text: str, base: Path) -> PostgresAddress:
    """The address that a URL names.

    Args:
        text: ``postgresql://user@host/database``, with libpq's parameters and two of ours, ``schema`` and ``folder``.
        base: what a relative folder is relative to.

    Raises:
        AddressError: if there is no name of a database in it, or that of a schema is none.
    """
    parts = urlsplit(text)
    if not unquote(parts.path).strip("/"):
        raise AddressError("the URL of the store names no database")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    schema, folder = given.pop("schema", SCHEMA), given.pop("folder", FOLDER)
    if not _NAME.fullmatch(schema):
        raise AddressError(f"the schema {schema!r} is not a name of small letters, digits and underscores")
    return PostgresAddress(parts._replace(query=urlencode(given, quote_via=quote)).geturl(), schema, base / folder)


def folder_of(address: Address) -> Path:
    """The folder of this machine that goes with a store."""
    return address.folder if isinstance(address, PostgresAddress) else address


def place(address: Address) -> str:
    """For people: a folder with its stroke, or the database without its password."""
    return str(address) if isinstance(address, PostgresAddress) else f"{address}/"
