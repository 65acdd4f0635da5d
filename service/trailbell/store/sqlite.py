"""The store in one SQLite file: durable, brought up to date, and refused rather than guessed at."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import apsw

from .database import APPLICATION_ID, Database, NoStoreError, StoreError
from .missing_pages import cut_off
from .schema import STEPS

SAFE_SQLITE: Final = 3_051_003
"""3.7.0 to 3.51.2 can corrupt a WAL database with two writing connections (sqlite.org/wal.html#walresetbug)."""


STATEMENTS_KEPT: Final = 400
"""Statements that are kept prepared: apsw gives up the one that was put back first, and each use puts one back, so that
a group of 100 events and what they change would push out, with the 100 of its default, all that comes once a group."""
_UNREADABLE: Final = (apsw.CorruptError, apsw.NotADBError, apsw.IOError)


class SqliteDatabase(Database):
    """One connection to the file.

    That it both writes and checkpoints also keeps clear of the WAL-reset bug in any SQLite version.
    """

    REMEDY = "restore it from a backup; nothing was changed"

    def __init__(self, connection: apsw.Connection, folder: Path = Path(), lock_file: IO[bytes] | None = None) -> None:
        super().__init__(folder)
        self.connection = connection
        self._lock_file = lock_file

    def rows(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query.

        Raises:
            StoreError: if the file is damaged, or its disk fails.
        """
        try:
            with self.lock:
                return list(self.connection.execute(sql, values))
        except _UNREADABLE as error:
            raise self._unreadable(error) from error

    def one(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None.

        Raises:
            StoreError: if the file is damaged, or its disk fails.
        """
        try:
            with self.lock:
                return next(iter(self.connection.execute(sql, values)), None)
        except _UNREADABLE as error:
            raise self._unreadable(error) from error

    def execute(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Change something; how many rows were."""
        self.connection.execute(sql, values)
        return self.connection.changes()

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Change something with each of these values, in their order."""
        self.connection.executemany(sql, rows)

    def counted(self, sql: str, rows: Iterable[Sequence[Any]]) -> list[int]:
        """The same, and how many rows each of them changed."""
        counts: list[int] = []

        def counting() -> Iterator[Sequence[Any]]:
            for row in rows:
                yield row
                counts.append(self.connection.changes())  # the next row is asked for when this one is in

        self.connection.executemany(sql, counting())
        return counts

    def lowered(self, column: str) -> str:
        """SQL for the bytes of a column with ASCII letters small: SQLite's own ``lower`` knows no others."""
        return f"CAST(lower(CAST({column} AS TEXT)) AS BLOB)"

    def damage(self) -> str | None:
        """The first thing that SQLite finds wrong with its pages."""
        (verdict,) = self.one("PRAGMA quick_check(1)") or ("no answer",)
        return None if verdict == "ok" else f"damaged: {verdict}"

    def overwrite_deleted(self) -> None:
        """Have freed pages filled with zeros."""
        self.connection.execute("PRAGMA secure_delete = ON")

    def overwrite(self) -> None:
        """Write the file anew, and empty its journal."""
        self.connection.execute("VACUUM")
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file and let go of the folder."""
        with self.lock:
            self.connection.close()
            if self._lock_file is not None:
                self._lock_file.close()

    def _begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")

    def _commit(self) -> None:
        self.connection.execute("COMMIT")

    def _roll_back(self) -> None:
        if self.connection.in_transaction:  # SQLite undoes it by itself where the disk fails
            self.connection.execute("ROLLBACK")

    def _unreadable(self, error: apsw.Error) -> StoreError:
        if _is_full(self.folder, error):
            return _full(self.folder)
        words = f"the store in {self.folder}/ cannot be read: {error}"
        return StoreError(words, "look at the disk; if `trailbell store check` finds damage, restore it from a backup")

    @contextmanager
    def _worded(self) -> Iterator[None]:
        try:
            yield
        except (apsw.FullError, apsw.IOError, apsw.CorruptError, apsw.ReadOnlyError) as error:
            if _is_full(self.folder, error):
                raise _full(self.folder) from error
            words = f"the store in {self.folder}/ cannot be written: {error}"
            raise StoreError(words, "look at the disk and its mount; what was stored before is not touched") from error


_ROOM_BYTES: Final = 64 * 1024
"""With less than this SQLite cannot even make its shared memory, and calls that an input/output error."""


def _is_full(folder: Path, error: BaseException) -> bool:
    """Whether what failed did so because there is no room."""
    if isinstance(error, apsw.FullError) or (isinstance(error, OSError) and error.errno == errno.ENOSPC):
        return True
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return isinstance(error, apsw.IOError) and disk.f_bavail * disk.f_frsize < _ROOM_BYTES


def _full(folder: Path) -> StoreError:
    return StoreError(f"the disk of {folder}/ is full", "nothing is lost: make room and start again")


def open_sqlite(folder: Path, *, write: bool = True) -> SqliteDatabase:
    """Open (and, to write, create) the store in a state folder.

    Args:
        folder: the state folder; made with mode 0700, since events are personal data.
        write: take the folder's lock: only one engine may write.

    Raises:
        NoStoreError: to read, where there is none.
        StoreError: locked by another engine, not ours, newer than this program, or damaged.
    """
    path = folder / "trailbell.db"
    if not write and not path.exists():
        raise NoStoreError(
            f"no store in {folder}/", "`trailbell run` makes one; `--events FILE` reads history from a file"
        )
    lock_file = None
    try:
        if write:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock_file = _lock(folder)
        return SqliteDatabase(_connect(path, write=write), folder, lock_file)
    except BaseException as error:
        if lock_file is not None:
            lock_file.close()
        if isinstance(error, apsw.Error | OSError):
            if _is_full(folder, error):
                raise _full(folder) from error
            raise StoreError(
                f"cannot open the store {path}: {error}",
                "nothing was changed; restore the file from a backup, or name another folder with `state:`",
            ) from error
        raise


def _lock(folder: Path) -> IO[bytes]:
    handle = (folder / "lock").open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        raise StoreError(
            f"another trailbell is running on {folder}/", "stop it, or give this one a folder of its own with `state:`"
        ) from None
    return handle


def _connect(path: Path, *, write: bool) -> apsw.Connection:
    fresh = not path.exists()
    if not fresh:
        _refuse_truncated(path)
    if fresh and write:
        # Before SQLite opens it: the WAL beside it gets the mode that the file has at that moment.
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE if write else apsw.SQLITE_OPEN_READONLY
    connection = apsw.Connection(str(path), flags=flags, statementcachesize=STATEMENTS_KEPT)
    try:
        connection.set_busy_timeout(5_000)
        if write:
            # EXTRA while the file is made: a lost directory entry could otherwise undo the creation after a power cut.
            connection.execute(f"PRAGMA synchronous = {'EXTRA' if fresh else 'FULL'}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA wal_autocheckpoint = 4000")
            connection.execute("PRAGMA cache_size = -65536")
        _bring_up(connection, path, write=write)
        if fresh and write:
            _sync_folder(path.parent)
            connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_truncated(path: Path) -> None:
    """SQLite finds out only when it needs a page that is not there, and takes an empty file for a new store."""
    if path.stat().st_size == 0:
        others = [name for name in (f"{path.name}-wal", "search.db") if (path.parent / name).exists()]
        if others:  # made before the store's first page was written, there would be none of them
            raise StoreError(
                f"{path} is empty, and {others[0]} beside it says that it was not", "restore it from a backup"
            )
    elif words := cut_off(path):
        raise StoreError(words, "restore it from a backup; nothing was changed")


def _bring_up(connection: apsw.Connection, path: Path, *, write: bool) -> None:
    (application,) = next(iter(connection.execute("PRAGMA application_id")))
    (version,) = next(iter(connection.execute("PRAGMA user_version")))
    (tables,) = next(iter(connection.execute("SELECT count(*) FROM sqlite_master")))
    if application != APPLICATION_ID and (tables or not write):
        raise StoreError(f"{path} is no trailbell store", "name another folder with `state:`")
    if version > len(STEPS):
        raise StoreError(
            f"{path} was written by a later trailbell (store version {version}, this one knows {len(STEPS)})",
            "run the later version, or name another folder with `state:`",
        )
    if not write:
        return
    for number, step in enumerate(STEPS[version:], start=version + 1):
        with connection:
            connection.execute(step)
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
