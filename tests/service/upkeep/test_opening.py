"""Opening a store: damage is found and said, never taken for a new store; every older form is brought up."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from trailbell.store import sqlite as subject
from trailbell.store.database import StoreError, open_database
from trailbell.store.ledger import StoreLedger
from trailbell.store.missing_pages import cut_off
from trailbell.store.quarantine import newest
from trailbell.upkeep.backup import STORE, check
from trailbell_engine.event import Malformed

LATER = ("CREATE TABLE later (x INTEGER); INSERT INTO later SELECT seq FROM input", "CREATE TABLE latest (y INTEGER)")


@pytest.fixture
def folder(tmp_path, event):
    """A closed store with 300 events."""
    database = open_database(tmp_path / "state")
    ledger = StoreLedger(database)
    with ledger.transaction():
        for number in range(300):
            ledger.record([event(number)])
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return tmp_path / "state"


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_file_that_was_cut_is_refused(folder, kept):
    """Reading and writing alike, before anything is decided on what is left."""
    path = folder / STORE
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    for write in (True, False):
        with pytest.raises(StoreError, match="cut off"):
            open_database(folder, write=write)
    assert path.stat().st_size == int(len(data) * kept)


@pytest.fixture
def checkpoint_cut_short(folder, tmp_path, event):
    """The folder of an engine that was killed when it had written only the first page of what a checkpoint writes."""
    database = open_database(folder)
    database.execute("PRAGMA wal_autocheckpoint = 0")
    ledger = StoreLedger(database)
    with ledger.transaction():
        for number in range(300, 900):
            ledger.record([event(number)])
    killed = shutil.copytree(folder, tmp_path / "killed")
    database.execute("PRAGMA wal_checkpoint(PASSIVE)")
    first_page = (folder / STORE).read_bytes()[:4096]
    database.close()
    with (killed / STORE).open("r+b") as file:
        file.write(first_page)
    return killed


def test_a_checkpoint_that_was_cut_short_is_finished(checkpoint_cut_short):
    """The file says that it has more pages than are there; the log beside it has them."""
    assert "cut off" in cut_off_without_log(checkpoint_cut_short)
    for write in (False, True):
        database = open_database(checkpoint_cut_short, write=write)
        assert database.one("SELECT count(*) FROM input") == (900,)
        database.close()
    check(checkpoint_cut_short / STORE)


@pytest.mark.parametrize("harm", ["a shorter log", "the log of another time"])
def test_a_log_without_the_missing_pages_does_not_help(checkpoint_cut_short, harm):
    """What is in neither file is lost, and that is said."""
    log = checkpoint_cut_short / f"{STORE}-wal"
    data = bytearray(log.read_bytes())
    if harm == "a shorter log":
        del data[len(data) // 2 :]
    else:
        data[16:24] = b"\0" * 8
    log.write_bytes(data)
    with pytest.raises(StoreError, match="cut off"):
        open_database(checkpoint_cut_short)


def cut_off_without_log(folder):
    """What is said of a store's file by itself."""
    alone = folder.with_name("alone")
    alone.mkdir()
    return cut_off(Path(shutil.copy(folder / STORE, alone)))


@pytest.mark.parametrize("sibling", ["search.db", f"{STORE}-wal"])
def test_an_empty_file_that_was_a_store_is_no_new_store(folder, sibling):
    """A full disk can leave a file of no bytes; starting over would tell everybody of everything once more."""
    (folder / STORE).write_bytes(b"")
    (folder / sibling).write_bytes(b"something")
    with pytest.raises(StoreError, match="is empty"):
        open_database(folder)
    assert (folder / STORE).read_bytes() == b""


@pytest.mark.parametrize("at", [0, 16, 100, 4096])
def test_a_file_with_rubbish_in_it_is_refused_or_found(folder, at):
    """At once where SQLite sees it, else by the check of every page."""
    path = folder / STORE
    data = bytearray(path.read_bytes())
    data[at : at + 64] = b"\xee" * 64
    path.write_bytes(data)
    with pytest.raises(StoreError):
        check(path)


def test_a_store_is_brought_up_step_by_step(folder, monkeypatch):
    """Every step that is missing, once each; the events are still there."""
    monkeypatch.setattr(subject, "STEPS", (*subject.STEPS, *LATER))
    for _ in range(2):
        database = open_database(folder)
        assert database.one("PRAGMA user_version") == (len(subject.STEPS),)
        assert database.one("SELECT count(*) FROM later") == (300,)
        database.close()


@pytest.mark.parametrize("version", range(1, len(subject.STEPS)))
def test_a_store_of_every_version_is_brought_up(tmp_path, monkeypatch, version, event):
    """What it holds stays, and what is new works with it."""
    steps = subject.STEPS
    with monkeypatch.context() as earlier:
        earlier.setattr(subject, "STEPS", steps[:version])
        database = open_database(tmp_path / "state")
        database.execute(
            "INSERT INTO quarantine (source, place, reason, raw, digest) VALUES ('app', 'a', 'r', x'', x'01')"
        )
        with StoreLedger(database).transaction():
            StoreLedger(database).record([event(1)])
        database.close()
    database = open_database(tmp_path / "state")
    with StoreLedger(database).transaction():
        StoreLedger(database).record([Malformed("app", "b", "r", b"x")])
    assert [one.record.place for one in newest(database, None, 10)] == ["b", "a"]
    assert database.one("SELECT count(*) FROM input") == (1,)
    assert database.one("PRAGMA user_version") == (len(steps),)
    database.close()
    check(tmp_path / "state" / STORE)


def test_a_step_that_fails_leaves_the_form_before_it(folder, monkeypatch):
    """Never something in between; with the step mended it goes on from there."""
    steps = subject.STEPS
    monkeypatch.setattr(
        subject, "STEPS", (*steps, LATER[0], "CREATE TABLE half (z INTEGER); INSERT INTO nowhere VALUES (1)")
    )
    with pytest.raises(StoreError):
        open_database(folder)
    monkeypatch.setattr(subject, "STEPS", (*steps, *LATER))
    database = open_database(folder)
    assert database.one("PRAGMA user_version") == (len(subject.STEPS),)
    assert database.one("SELECT count(*) FROM sqlite_master WHERE name = 'half'") == (0,)
    database.close()


def test_a_later_store_is_not_touched(folder, monkeypatch):
    """An older program says so instead of guessing."""
    steps = subject.STEPS
    monkeypatch.setattr(subject, "STEPS", (*steps, *LATER))
    open_database(folder).close()
    monkeypatch.setattr(subject, "STEPS", steps)
    with pytest.raises(StoreError, match="later trailbell"):
        open_database(folder)
