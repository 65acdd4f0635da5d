"""Copies of the store and the way back: whole or not at all, while an engine is running."""

from __future__ import annotations

import threading

import pytest

from trailbell.store.database import StoreError, open_database
from trailbell.store.ledger import StoreLedger
from trailbell.store.schema import STEPS
from trailbell.upkeep.backup import STORE, back_up, check, restore


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state"


def fill(database, event, numbers):
    ledger = StoreLedger(database)
    for number in numbers:
        with ledger.transaction():
            ledger.record([event(number)])


def count(folder):
    database = open_database(folder, write=False)
    try:
        return database.one("SELECT count(*) FROM input")[0]
    finally:
        database.close()


def test_a_copy_of_a_running_store_is_one_moment_of_it(folder, tmp_path, event):
    """While the engine goes on writing, the copy is whole and is not changed any more."""
    database = open_database(folder)
    fill(database, event, range(100))
    stop = threading.Event()
    writing = threading.Thread(target=lambda: fill(database, event, iter_until(stop)))
    writing.start()
    try:
        back_up(folder, tmp_path / "copy.db")
    finally:
        stop.set()
        writing.join()
        database.close()
    restore(tmp_path / "copy.db", tmp_path / "other")
    assert 100 <= count(tmp_path / "other") <= count(folder)


def iter_until(stop):
    number = 100
    while not stop.is_set():
        yield number
        number += 1


def test_a_backup_is_not_written_over(folder, tmp_path, event):
    """The name of a copy means that copy for ever."""
    open_database(folder).close()
    (tmp_path / "copy.db").write_bytes(b"precious")
    with pytest.raises(StoreError, match="exists"):
        back_up(folder, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_bytes() == b"precious"


def test_without_room_no_copy_is_left(folder, tmp_path):
    """A place that cannot be written to is an error in words, and nothing half is left there."""
    open_database(folder).close()
    with pytest.raises(StoreError, match="cannot be written"):
        back_up(folder, tmp_path / "missing" / "copy.db")
    assert not (tmp_path / "missing").exists()


def test_restoring_needs_a_word_where_a_store_is(folder, tmp_path, event):
    """Nothing is replaced by accident; what is replaced is kept."""
    database = open_database(folder)
    fill(database, event, range(3))
    database.close()
    back_up(folder, tmp_path / "copy.db")
    database = open_database(folder)
    fill(database, event, range(3, 10))
    database.close()
    with pytest.raises(StoreError, match="there is a store"):
        restore(tmp_path / "copy.db", folder)
    moved = restore(tmp_path / "copy.db", folder, aside="before.db")
    assert count(folder) == 3
    (tmp_path / "old").mkdir()
    moved.rename(tmp_path / "old" / STORE)
    assert count(tmp_path / "old") == 10


def test_restoring_under_a_running_engine_is_refused(folder, tmp_path, event):
    """It would go on writing into a file that is not there any more."""
    database = open_database(folder)
    fill(database, event, range(3))
    back_up(folder, tmp_path / "copy.db")
    with pytest.raises(StoreError, match="another trailbell"):
        restore(tmp_path / "copy.db", folder, aside="before.db")
    database.close()
    assert count(folder) == 3


@pytest.mark.parametrize("damage", ["cut", "flipped", "other", "empty", "missing", "later"])
def test_a_damaged_backup_is_refused(folder, tmp_path, event, damage):
    """Before anything is touched, and with the reason."""
    database = open_database(folder)
    fill(database, event, range(300))
    if damage == "later":
        database.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    database.close()
    copy = tmp_path / "copy.db"
    (folder / STORE).rename(copy)
    data = bytearray(copy.read_bytes())
    if damage == "cut":
        data = data[: len(data) // 2]
    elif damage == "flipped":
        data[len(data) // 2 : len(data) // 2 + 4096] = b"\xff" * 4096
    elif damage == "other":
        data = b"this is no database at all" * 200
    elif damage == "empty":
        data = b""
    copy.write_bytes(data)
    if damage == "missing":
        copy.unlink()
    with pytest.raises(StoreError) as error:
        restore(copy, folder)
    assert error.value.help
    assert not (folder / STORE).exists()
    with pytest.raises(StoreError):
        check(copy)
