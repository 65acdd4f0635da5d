"""The store in PostgreSQL: one session that writes and holds the lock, or sessions that only read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg
from psycopg import pq
from psycopg.errors import DiskFull, ReadOnlySqlTransaction
from psycopg.types.numeric import Int8Dumper

from .address import PostgresAddress
from .database import Database, StoreError
from .postgres_sql import native

_NUL: Final = "\0"
_MARK: Final = "\x1a"
"""PostgreSQL's texts hold every character but NUL: it is written as the mark and ``0``, the mark itself with ``1``."""
_TEXT_OIDS: Final = ("text", "varchar")

LOST: Final = "what was not committed is undone; start again: it goes on from the last commit"


class _Truth(Int8Dumper):
    """Truth values are numbers, as SQLite has them."""

    def dump(self, obj: bool) -> psycopg.abc.Buffer | None:
        return super().dump(int(obj))


class _Text(psycopg.adapt.Dumper):
    """Texts that may hold NUL."""

    oid = psycopg.postgres.types["text"].oid

    def dump(self, obj: str) -> bytes:
        if _NUL in obj or _MARK in obj:
            obj = obj.replace(_MARK, _MARK + "1").replace(_NUL, _MARK + "0")
        return obj.encode()


class _TextBack(psycopg.adapt.Loader):
    """The same, read."""

    format = pq.Format.BINARY

    def load(self, data: psycopg.abc.Buffer) -> str:
        text = str(data, "utf-8")
        return text.replace(_MARK + "0", _NUL).replace(_MARK + "1", _MARK) if _MARK in text else text


class PostgresDatabase(Database):
    """One session.

    The session that writes holds the store's lock. Who loses the one has lost the other: it is never opened again,
    every later use is refused, and so nothing is ever written by an engine that another may have taken over from.
    """

    REMEDY = "turn them on: a crash of the server may cost what was called stored"

    address: PostgresAddress

    def __init__(self, connection: psycopg.Connection[Any], address: PostgresAddress) -> None:
        super().__init__(address)
        adapters = connection.adapters
        adapters.register_dumper(int, Int8Dumper)
        adapters.register_dumper(bool, _Truth)
        adapters.register_dumper(str, _Text)
        for name in _TEXT_OIDS:
            adapters.register_loader(name, _TextBack)
        self.session = connection
        self._cursor = psycopg.RawCursor(connection)

    @property
    def lost(self) -> bool:
        """Whether the session has ended; it does not come back."""
        return self.session.broken or self.session.closed

    def rows(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self.lock, self._worded():
            return self._run(sql, values).fetchall()

    def one(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        with self.lock, self._worded():
            return self._run(sql, values).fetchone()

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Change something; how many rows were."""
        with self.lock, self._worded():
            return self._run(sql, values).rowcount

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Change something with each of these values, in their order; they are sent without waiting for each answer."""
        with self.lock, self._worded():
            self._cursor.executemany(native(sql).sql, rows)

    def counted(self, sql: str, rows: Iterable[Sequence[Any]]) -> list[int]:
        """The same, and how many rows each of them changed."""
        with self.lock, self._worded():
            self._cursor.executemany(native(sql).sql, rows, returning=True)
            counts = [self._cursor.rowcount]
            while self._cursor.nextset():
                counts.append(self._cursor.rowcount)
            return counts

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """For a session that reads: all questions inside see the same moment."""
        with self.lock, self._worded():
            self._run("BEGIN")
            try:
                yield
            finally:
                self._roll_back()

    def lowered(self, column: str) -> str:
        """SQL for the bytes of a column with ASCII letters small."""
        return f"lowered({column})"

    def damage(self) -> str | None:
        """Whether the server is set to forget what it has called durable; its pages are its own to check."""
        unsafe = [name for name in ("fsync", "full_page_writes") if self.one(f"SHOW {name}") == ("off",)]
        return f"the server runs with {' and '.join(unsafe)} off" if unsafe else None

    def overwrite_deleted(self) -> None:
        """PostgreSQL writes nothing over; ``overwrite`` makes the tables anew."""

    def overwrite(self) -> None:
        """Write the tables anew, so that nothing is left in them of what was deleted."""
        tables = (
            "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(?) AND relkind = 'r' ORDER BY relname"
        )
        for (table,) in self.rows(tables, (self.address.schema,)):
            self.execute(f'VACUUM FULL "{table}"')

    def close(self) -> None:
        """End the session; the lock is free."""
        with self.lock:
            self.session.close()

    def _run(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> psycopg.RawCursor[Any]:
        said = native(sql)
        given = [values[name] for name in said.names] if isinstance(values, dict) else values
        return self._cursor.execute(said.sql, given, binary=True)

    def _begin(self) -> None:
        if self.session.info.transaction_status is pq.TransactionStatus.INTRANS:
            raise StoreError("a transaction within a transaction", "this is a fault of trailbell; please report it")
        self._run("BEGIN")

    def _commit(self) -> None:
        if self.session.info.transaction_status is not pq.TransactionStatus.INTRANS:
            raise StoreError(f"the transaction in {self.address} was undone", LOST)  # COMMIT would say so in silence
        self._run("COMMIT")

    def _roll_back(self) -> None:
        if not self.lost:
            with suppress(psycopg.Error):  # a session that is lost meanwhile is undone by the server
                self._run("ROLLBACK")

    @contextmanager
    def _worded(self) -> Iterator[None]:
        try:
            yield
        except DiskFull as error:
            raise StoreError(
                f"the disk of {self.address} is full", "nothing is lost: make room and start again"
            ) from error
        except ReadOnlySqlTransaction as error:
            raise StoreError(
                f"{self.address} cannot be written: {first_line(error)}", "is it a standby server?"
            ) from error
        except psycopg.Error as error:
            if self.lost:
                raise StoreError(f"the connection to {self.address} is lost: {first_line(error)}", LOST) from error
            raise StoreError(f"{self.address} refuses: {first_line(error)}", "nothing of this was written") from error


def first_line(error: psycopg.Error) -> str:
    """What the server or libpq said, without its details."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def connect(address: PostgresAddress) -> psycopg.Connection[Any]:
    """A session, as the store wants it: soon told when the other side is gone, whichever side that is.

    Raises:
        StoreError: if there is none to be had.
    """
    given = psycopg.conninfo.conninfo_to_dict(address.url)
    wanted: dict[str, Any] = {
        "application_name": "trailbell",
        "connect_timeout": 10,
        # A peer that vanished is noticed within half a minute; by default it takes the system two hours.
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }
    try:
        return psycopg.connect(**(wanted | given), autocommit=True, prepare_threshold=2)
    except psycopg.Error as error:
        words = " ".join(str(error).split())
        raise StoreError(
            f"cannot reach the store {address}: {words}", "is the server up, and the user let in?"
        ) from error
