"""Sessions that only read the store in PostgreSQL, kept for the next question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, LifoQueue
from typing import Any

from .address import PostgresAddress
from .postgres import PostgresDatabase
from .postgres_opening import open_postgres


class PostgresReaders:
    """``reading.Readers`` over a database. A session sees the last commit at the moment its question begins."""

    def __init__(self, address: PostgresAddress) -> None:
        """Prepare; sessions are opened as they are needed, and kept."""
        self._address = address
        self._idle: LifoQueue[PostgresDatabase] = LifoQueue()

    @contextmanager
    def session(self) -> Iterator[PostgresDatabase]:
        """A session that nobody else uses meanwhile.

        Raises:
            StoreError: if there is no store, it is not one that this program reads, or the server is not there.
        """
        session = self._taken()
        try:
            yield session
        finally:
            if session.lost:  # the next one who asks gets another
                session.close()
            else:
                self._idle.put(session)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self.session() as session:
            return session.rows(sql, values)

    def one(self, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        with self.session() as session:
            return session.one(sql, values)

    def close(self) -> None:
        """Close those that nobody uses."""
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def _taken(self) -> PostgresDatabase:
        try:
            return self._idle.get_nowait()
        except Empty:
            return open_postgres(self._address, write=False)
