"""A copy of the store while it is in use, and the way back: one file, checked before it counts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import apsw

from trailbell.store.database import APPLICATION_ID, StoreError
from trailbell.store.schema import STEPS
from trailbell.store.sqlite import open_sqlite
from trailbell_engine.system_errors import system_words

STORE: Final = "trailbell.db"
DERIVED: Final = ("search.db", "search.db-wal", "search.db-shm")
"""Files of the state folder that are made from the store, and are made anew from another one."""
_PAGES_AT_ONCE: Final = 1_000


def back_up(folder: Path, target: Path) -> int:
    """Copy the store to a file. An engine may be running: the copy is what was stored at one moment.

    The copy is written beside its place, checked, synced, and only then gets its name: under the name there is a whole
    copy or none.

    Args:
        folder: the state folder.
        target: the file; it must not exist.

    Returns:
        Its size in bytes.

    Raises:
        StoreError: if there is no store, the file exists or cannot be written, or the copy is damaged.
    """
    if target.exists():
        raise StoreError(f"{target} exists", "name another file; backups are not written over")
    draft = target.with_name(f".{target.name}.part")
    with closing(open_sqlite(folder, write=False)) as database, _worded(target):
        os.close(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
        try:
            with database.lock, closing(apsw.Connection(str(draft))) as copy:
                with copy.backup("main", database.connection, "main") as copying:
                    while not copying.done:
                        copying.step(_PAGES_AT_ONCE)
                copy.execute("PRAGMA journal_mode = DELETE")
            check(draft)
            _sync(draft)
            draft.rename(target)
            _sync(target.parent)
        finally:
            draft.unlink(missing_ok=True)
    return target.stat().st_size


def restore(source: Path, folder: Path, *, aside: str = "") -> Path | None:
    """Put a backup into a state folder.

    Args:
        source: the file that ``back_up`` wrote; it stays.
        folder: the state folder; nobody may be running on it.
        aside: what the store that is there is renamed to; empty refuses to touch one.

    Returns:
        Where the store that was there is now; None if there was none.

    Raises:
        StoreError: if the backup is no store, is damaged or of a later version; if the folder is in use or has a store.
    """
    check(source)
    path = folder / STORE
    if path.exists() and not aside:
        raise StoreError(f"there is a store in {folder}/", "with `--replace` it is kept under another name")
    moved = None
    if path.exists():
        open_for_moving = open_sqlite(folder)  # takes the lock, and lets SQLite put the journal into the file
        open_for_moving.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        open_for_moving.close()
        moved = path.with_name(aside)
        if moved.exists():
            raise StoreError(f"{moved} exists", "move it away first")
    with _worded(path):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f".{STORE}.part")
        try:
            descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as out, source.open("rb") as data:
                while piece := data.read(1 << 20):
                    out.write(piece)
            _sync(draft)
            if moved is not None:
                path.rename(moved)
            draft.rename(path)
        finally:
            draft.unlink(missing_ok=True)
        for name in (f"{STORE}-wal", f"{STORE}-shm", *DERIVED):
            (folder / name).unlink(missing_ok=True)
        _sync(folder)
    return moved


def check(path: Path) -> None:
    """Read every page of a store's file and every index.

    Raises:
        StoreError: saying what is wrong with it.
    """
    if not path.is_file():
        raise StoreError(f"there is no file {path}", "check the path")
    try:
        with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            (application,) = next(iter(connection.execute("PRAGMA application_id")))
            (version,) = next(iter(connection.execute("PRAGMA user_version")))
            verdicts = [str(verdict) for (verdict,) in connection.execute("PRAGMA integrity_check(3)")]
    except apsw.Error as error:
        raise StoreError(f"{path} is damaged: {error}", "use another copy") from error
    if application != APPLICATION_ID:
        raise StoreError(f"{path} is no trailbell store", "name a file that `trailbell store backup` wrote")
    if version > len(STEPS):
        raise StoreError(f"{path} was written by a later trailbell (store version {version})", "run the later version")
    if verdicts != ["ok"]:
        raise StoreError(f"{path} is damaged: {'; '.join(verdicts)}", "use another copy")


@contextmanager
def _worded(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written: {system_words(error)}", "check the path, its rights, the disk"
        ) from error
    except apsw.Error as error:
        raise StoreError(f"{path} cannot be written: {error}", "check the disk") from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
