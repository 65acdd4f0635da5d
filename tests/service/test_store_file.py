"""The store's SQLite file: private, durable, locked, and refused rather than guessed at."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
import subprocess
import sys

import pytest

from trailbell.store.database import APPLICATION_ID, StoreError, open_database
from trailbell.store.ledger import StoreLedger
from trailbell.store.schema import STEPS


def _modes(folder):
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


def test_events_are_for_their_owner_alone(store, tmp_path):
    """Events are personal data: folder 0700, database and write-ahead log 0600, from the first moment."""
    before = os.umask(0o022)
    try:
        database = store()
    finally:
        os.umask(before)
    StoreLedger(database).admit("vonage", 0)
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    modes = _modes(tmp_path / "state")
    assert {name: mode for name, mode in modes.items() if name != "lock"} == {
        "trailbell.db": 0o600,
        "trailbell.db-wal": 0o600,
        "trailbell.db-shm": 0o600,
    }


def test_a_folder_that_is_there_already_hides_its_files_too(store, tmp_path):
    """`trailbell init` makes the state folder for the schema, readable by all; the store in it is not."""
    (tmp_path / "state").mkdir(mode=0o755)
    StoreLedger(store()).admit("vonage", 0)
    assert {mode for name, mode in _modes(tmp_path / "state").items() if name.startswith("trailbell.db")} == {0o600}


def test_a_commit_is_on_disk(store):
    """Full synchronisation and a write-ahead log: what was committed survives a power cut."""
    database = store()
    assert database.one("PRAGMA synchronous") == (2,)
    assert database.one("PRAGMA journal_mode") == ("wal",)


def test_a_second_engine_in_another_process_is_refused(store, tmp_path):
    """The lock holds across processes, and ends with the process that held it."""
    script = (
        "import sys; from pathlib import Path; from trailbell.store.database import *\n"
        "try: open_database(Path(sys.argv[1]))\n"
        "except StoreError as error: print(error.message)"
    )
    database = store()
    command = [sys.executable, "-c", script, str(tmp_path / "state")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said == f"another trailbell is running on {tmp_path}/state/\n"
    database.close()
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == ""


def test_a_refused_opening_lets_go_of_the_folder(tmp_path):
    """Who mends the file can open it without ending the program."""
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "trailbell.db").write_bytes(b"this is no database, and it is long enough to be looked at" * 20)
    with pytest.raises(StoreError):
        open_database(folder)
    with (folder / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize("write", [True, False])
def test_another_programs_database_is_refused(tmp_path, write):
    """A file that is not ours is never written to."""
    folder = tmp_path / "state"
    folder.mkdir()
    with sqlite3.connect(folder / "trailbell.db") as other:
        other.execute("CREATE TABLE notes (text)")
    other.close()
    before = (folder / "trailbell.db").read_bytes()
    with pytest.raises(StoreError, match="is no trailbell store"):
        open_database(folder, write=write)
    if not write:
        assert (folder / "trailbell.db").read_bytes() == before


@pytest.mark.parametrize("write", [True, False])
def test_a_store_of_a_later_version_is_refused(store, tmp_path, write):
    """What a later program wrote is not guessed at."""
    database = store()
    database.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
    database.close()
    with pytest.raises(StoreError, match="written by a later trailbell") as refused:
        open_database(tmp_path / "state", write=write)
    assert f"version {len(STEPS) + 1}, this one knows {len(STEPS)}" in refused.value.message


@pytest.mark.parametrize("damage", [b"this is no database" * 200, b"SQLite format 3\0" + b"\xff" * 4000])
@pytest.mark.parametrize("write", [True, False])
def test_a_damaged_file_is_refused_in_words(tmp_path, damage, write):
    """Never an empty store in place of a damaged one."""
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "trailbell.db").write_bytes(damage)
    with pytest.raises(StoreError, match="cannot open the store") as refused:
        open_database(folder, write=write)
    assert "restore the file from a backup" in refused.value.help
    assert (folder / "trailbell.db").read_bytes() == damage


def test_a_creation_that_was_cut_off_is_taken_up(tmp_path, store):
    """A kill between making the file and its tables leaves an empty file; the next start fills it."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "trailbell.db").touch()
    assert store().one("PRAGMA application_id") == (APPLICATION_ID,)
