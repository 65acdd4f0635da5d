"""Read-only connections to the store, so that nobody who reads waits for the engine, or the engine for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Any, Protocol

import apsw

from .database import APPLICATION_ID, NoStoreError, StoreError
from .schema import STEPS
from .search_tables import index_path

_BUSY_MS = 5_000


class Readers(Protocol):
    """Questions to the store beside the engine."""

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""

    def one(self, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""


class SqliteReaders:
    """Connections to the store of a state folder, with its search index attached as ``search`` where there is one.

    A connection sees the last commit at the moment its query begins. It neither writes nor checkpoints.
    """

    def __init__(self, folder: Path, *, search: bool = True) -> None:
        """Prepare; connections are opened as they are needed, and kept.

        Args:
            folder: the state folder.
            search: attach the search index, which must be there.
        """
        self._folder = folder
        self._search = search
        self._idle: LifoQueue[apsw.Connection] = LifoQueue()

    @contextmanager
    def connection(self) -> Iterator[apsw.Connection]:
        """A connection that nobody else uses meanwhile.

        Raises:
            StoreError: if there is no store, or it is not one that this program reads.
        """
        try:
            connection = self._idle.get_nowait()
        except Empty:
            connection = open_reader(self._folder, search=self._search)
        try:
            yield connection
        finally:
            self._idle.put(connection)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self.connection() as connection:
            return list(connection.execute(sql, values))

    def one(self, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        with self.connection() as connection:
            return next(iter(connection.execute(sql, values)), None)

    def close(self) -> None:
        """Close those that nobody uses."""
        while not self._idle.empty():
            self._idle.get_nowait().close()


def open_reader(folder: Path, *, search: bool = False) -> apsw.Connection:
    """A read-only connection to the store of a state folder.

    Raises:
        StoreError: if there is no store, or it is not one that this program reads.
    """
    path = folder / "trailbell.db"
    if not path.exists():
        raise NoStoreError(f"no store in {folder}/", "`trailbell run` makes one")
    connection = None
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        connection.set_busy_timeout(_BUSY_MS)
        _check(connection, path)
        if search:
            connection.execute("ATTACH DATABASE ? AS search", (f"{index_path(folder).absolute().as_uri()}?mode=ro",))
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, apsw.Error):
            raise StoreError(f"cannot read the store {path}: {error}", "see `trailbell doctor`") from error
        raise
    return connection


def _check(connection: apsw.Connection, path: Path) -> None:
    if connection.pragma("application_id") != APPLICATION_ID or connection.pragma("user_version") != len(STEPS):
        raise StoreError(f"{path} is not a store of this version", "`trailbell run` brings an older one up")
