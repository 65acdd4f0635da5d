"""Opening the store's SQLite file: durable, brought up to date, and refused rather than guessed at."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import IO, Any, Final, Protocol

import apsw

from .missing_pages import cut_off
from .schema import STEPS

APPLICATION_ID: Final = 0x74626C6C
"""``tbll``: marks the file as ours."""

SAFE_SQLITE: Final = 3_051_003
"""3.7.0 to 3.51.2 can corrupt a WAL database with two writing connections (sqlite.org/wal.html#walresetbug)."""


class StoreError(Exception):
    """The store cannot be used.

    Attributes:
        message: what is wrong, with the file's name.
        help: what to do about it.
    """

    def __init__(self, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help_


class Participant(Protocol):
    """What keeps changes in memory until a transaction ends."""

    def before_commit(self) -> None:
        """Write them, as the last act of the transaction."""

    def after_commit(self, *, done: bool) -> None:
        """They are durable, or the transaction was undone."""


class Database:
    """One connection, used by one thread at a time: every use takes ``lock``.

    A single connection that both writes and checkpoints also keeps clear of the WAL-reset bug in any SQLite version.

    Attributes:
        on_commit: is told how many seconds each transaction took to become durable; it must be quick.
    """

    def __init__(self, connection: apsw.Connection, lock_file: IO[bytes] | None) -> None:
        self.connection = connection
        self.lock = RLock()
        self.on_commit: Callable[[float], object] = lambda _seconds: None
        self.participants: list[Participant] = []
        self._lock_file = lock_file

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is durable when this returns, or undone if it raises.

        Raises:
            StoreError: if the disk is full or fails.
        """
        with self.lock:
            done = False
            try:
                with _worded(self):
                    self.connection.execute("BEGIN IMMEDIATE")
                    try:
                        yield
                        for participant in self.participants:
                            participant.before_commit()
                        began_s = time.perf_counter()
                        self.connection.execute("COMMIT")
                    except BaseException:
                        if self.connection.in_transaction:  # SQLite undoes it by itself where the disk fails
                            self.connection.execute("ROLLBACK")
                        raise
                self.on_commit(time.perf_counter() - began_s)
                done = True
            finally:
                for participant in self.participants:
                    participant.after_commit(done=done)

    def rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self.lock:
            return list(self.connection.execute(sql, values))

    def one(self, sql: str, values: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        with self.lock:
            return next(iter(self.connection.execute(sql, values)), None)

    @property
    def folder(self) -> Path:
        """The state folder."""
        with self.lock:
            return Path(self.connection.filename).parent

    def close(self) -> None:
        """Close the file and let go of the folder."""
        with self.lock:
            self.connection.close()
            if self._lock_file is not None:
                self._lock_file.close()


@contextmanager
def _worded(database: Database) -> Iterator[None]:
    """A disk that is full, or fails, in words. Nobody may go on as if something had been written."""
    try:
        yield
    except apsw.FullError as error:
        words = f"the disk of {database.folder}/ is full"
        raise StoreError(words, "nothing is lost: make room and start again") from error
    except (apsw.IOError, apsw.CorruptError, apsw.ReadOnlyError) as error:
        words = f"the store in {database.folder}/ cannot be written: {error}"
        raise StoreError(words, "look at the disk and its mount; what was stored before is not touched") from error


def open_database(folder: Path, *, write: bool = True) -> Database:
    """Open (and, to write, create) the store in a state folder.

    Args:
        folder: the state folder; made with mode 0700, since events are personal data.
        write: take the folder's lock: only one engine may write.

    Raises:
        StoreError: locked by another engine, no store there, not ours, newer than this program, or damaged.
    """
    path = folder / "trailbell.db"
    if not write and not path.exists():
        raise StoreError(
            f"no store in {folder}/", "`trailbell run` makes one; `--events FILE` reads history from a file"
        )
    lock_file = None
    try:
        if write:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock_file = _lock(folder)
        return Database(_connect(path, write=write), lock_file)
    except BaseException as error:
        if lock_file is not None:
            lock_file.close()
        if isinstance(error, apsw.Error | OSError):
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
    connection = apsw.Connection(str(path), flags=flags)
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
