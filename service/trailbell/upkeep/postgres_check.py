"""Whether a store in PostgreSQL is whole: every table is there, and every row of it can be read."""

from __future__ import annotations

import re
from contextlib import closing
from typing import Final

from trailbell.store.address import PostgresAddress
from trailbell.store.database import StoreError, open_database
from trailbell.store.postgres_sql import STEPS

_TABLE: Final = re.compile(r"CREATE TABLE (\w+)")
_INDEX: Final = re.compile(r"CREATE (?:UNIQUE )?INDEX (\w+)")


def check_postgres(address: PostgresAddress) -> None:
    """Read every row, compressed and out-of-line values too; the server compares its checksums, where it has them.

    Raises:
        StoreError: saying what is wrong.
    """
    with closing(open_database(address, write=False)) as database:
        sql = "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(?)"
        there = {str(name) for (name,) in database.rows(sql, (address.schema,))}
        (version,) = database.one("SELECT value FROM meta WHERE name = 'version'") or (0,)
        text = "".join(STEPS[:version])
        missing = sorted({*_TABLE.findall(text), *_INDEX.findall(text)} - there)
        if missing:
            words = f"{address} is not whole: there is no {', '.join(missing)}"
            raise StoreError(words, "somebody took them away; restore the database from a backup")
        for table in _TABLE.findall(text):
            try:
                database.one(f"SELECT count(*), sum(length(CAST(whole AS text))) FROM {table} AS whole")  # noqa: S608 - our names
            except StoreError as error:
                words = f"{address} is damaged: {table}: {error.message}"
                raise StoreError(words, "restore the database from a backup; nothing was changed") from error
