"""Opening a store in PostgreSQL: locked by one engine, brought up to date, and refused rather than guessed at."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg.errors import InsufficientPrivilege, LockNotAvailable

from .address import PostgresAddress
from .database import APPLICATION_ID, NoStoreError, StoreError
from .postgres import PostgresDatabase, connect, first_line
from .postgres_sql import STEPS

OLDEST: Final = 140_000
"""PostgreSQL 14, as the server gives its version; the settings below are not all there before it."""
PATIENCE: Final = "5s"
"""How long a lock is waited for: the server may need a moment to notice that an engine was killed."""
_SETTINGS: Final = (
    "SET statement_timeout = 0",
    "SET idle_in_transaction_session_timeout = 0",
    "SET idle_session_timeout = 0",
    # The server's side of a connection whose client vanished: until it notices, nobody else gets the lock.
    "SET tcp_keepalives_idle = 15",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
)
_READING: Final = (
    "SET default_transaction_read_only = on",
    "SET default_transaction_isolation = 'repeatable read'",
)


def open_postgres(address: PostgresAddress, *, write: bool = True) -> PostgresDatabase:
    """Open (and, to write, create) the store in a schema of a database.

    Args:
        address: the database, and the folder for what is not in it, which is made with mode 0700.
        write: take the store's lock: only one engine may write.

    Raises:
        NoStoreError: to read, where there is none.
        StoreError: not to be reached, locked by another engine, not ours, newer than this program, not in UTF-8.
    """
    if "${" in address.url:
        raise StoreError(f"{address} needs a variable that is not set", "set what `state:` names, or its `…_FILE`")
    connection = connect(address)
    try:
        _set_up(connection, address, write=write)
        if write:
            address.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _lock(connection, address)
        _bring_up(connection, address, write=write)
    except BaseException as error:
        connection.close()
        if isinstance(error, InsufficientPrivilege):
            words = f"{address}: {first_line(error)}"
            raise StoreError(words, f"let the user create in it, or make the schema {address.schema} theirs") from error
        if isinstance(error, psycopg.Error | OSError):
            raise StoreError(f"cannot open the store {address}: {error}".strip(), "nothing was changed") from error
        raise
    return PostgresDatabase(connection, address)


def _set_up(connection: psycopg.Connection[Any], address: PostgresAddress, *, write: bool) -> None:
    if connection.info.server_version < OLDEST:
        words = f"{address} is PostgreSQL {connection.info.server_version // 10_000}"
        raise StoreError(words, f"version {OLDEST // 10_000} or later is needed")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise StoreError(
            f"{address} is in {encoding}", "make a database with ENCODING 'UTF8'; events hold every script"
        )
    connection.execute(f'SET search_path = "{address.schema}"')
    for setting in (*_SETTINGS, *(() if write else _READING)):
        connection.execute(setting)
    if (
        _value(connection, "SHOW synchronous_commit") == "off"
    ):  # of the server or the user; what we call stored is on disk
        connection.execute("SET synchronous_commit = on")


def _lock(connection: psycopg.Connection[Any], address: PostgresAddress) -> None:
    """Take the lock of the schema; the session has it until it ends, however it ends."""
    connection.execute(f"SET lock_timeout = '{PATIENCE}'")
    try:
        connection.execute("SELECT pg_advisory_lock(%s::int, hashtext(%s))", (APPLICATION_ID, address.schema))
    except LockNotAvailable:
        holder = connection.execute(
            "SELECT coalesce(host(client_addr), 'this machine'), to_char(backend_start, 'YYYY-MM-DD HH24:MI:SS TZ') "
            "FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted "
            "AND classid = %s AND objid = (hashtext(%s)::bigint & 4294967295)::oid AND pg_locks.database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())",
            (APPLICATION_ID, address.schema),
        ).fetchone()
        who = f", from {holder[0]} since {holder[1]}" if holder else ""
        words = f"another trailbell is running on {address}{who}"
        raise StoreError(words, "stop it, or give this one a schema of its own: `?schema=…`") from None
    connection.execute("SET lock_timeout = 0")


def _bring_up(connection: psycopg.Connection[Any], address: PostgresAddress, *, write: bool) -> None:
    schema = address.schema
    relations = (
        "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relkind IN ('r', 'p', 'v', 'm')"
    )
    version = 0
    if _value(connection, relations, schema):
        version = _version(connection, address)
    elif not write:
        raise NoStoreError(f"no store in {address}", "`trailbell run` makes one")
    if version > len(STEPS):
        raise StoreError(
            f"{address} was written by a later trailbell (store version {version}, this one knows {len(STEPS)})",
            "run the later version, or name another schema with `?schema=…`",
        )
    if not write:
        return
    if not _value(connection, "SELECT count(*) FROM pg_namespace WHERE nspname = %s", schema):
        connection.execute(f'CREATE SCHEMA "{schema}"')
    for number, step in enumerate(STEPS[version:], start=version + 1):
        with connection.transaction():
            connection.execute(step.encode())
            for name, value in (("application", APPLICATION_ID), ("version", number)):
                connection.execute(
                    "INSERT INTO meta VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    (name, value),
                )


def _version(connection: psycopg.Connection[Any], address: PostgresAddress) -> int:
    """The version of the store in a schema that holds something."""
    found = {}
    if _value(connection, "SELECT to_regclass(%s) IS NOT NULL", f'"{address.schema}".meta'):
        try:
            found = dict(connection.execute("SELECT name, value FROM meta").fetchall())
        except psycopg.errors.UndefinedColumn:  # somebody else's
            found = {}
    if found.get("application") != APPLICATION_ID:
        words = f"the schema {address.schema} of {address} is no trailbell store"
        raise StoreError(words, "name another schema with `?schema=…`; nothing was changed")
    return int(found.get("version", 0))


def _value(connection: psycopg.Connection[Any], sql: str, *values: object) -> Any:
    row = connection.execute(sql.encode(), values or None).fetchone()
    return None if row is None else row[0]
