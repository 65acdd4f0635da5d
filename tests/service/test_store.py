"""The store: opened or refused, written whole or not at all, and what is written reads back equal."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
import subprocess
import sys

import pytest

from trailbell.store.alerts import Alerts
from trailbell.store.database import APPLICATION_ID, StoreError, open_database
from trailbell.store.history import History
from trailbell.store.ledger import StoreLedger
from trailbell.store.schema import STEPS
from trailbell_engine.agenda import GRAIN_BITS
from trailbell_engine.alert import Alert, alert_id
from trailbell_engine.event import Malformed, Tick
from trailbell_engine.state import Kept, Slot, Wake

SLOT = Slot("rule", "v1", "when", '["a"]')


@pytest.fixture
def ledger(store):
    """The ledger of a fresh store."""
    return StoreLedger(store())


class StoppedError(Exception):
    """What ends a batch half-way."""


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


def test_a_second_engine_is_refused(store, tmp_path):
    """Two engines on one store would tell everything twice; the second says so and goes."""
    store()
    with pytest.raises(StoreError, match="another trailbell is running") as refused:
        open_database(tmp_path / "state")
    assert "a folder of its own" in refused.value.help


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


def test_readers_do_not_wait_for_the_engine(store, ledger, event):
    """`explain` and `dry-run --since` read while the engine runs, and cannot write."""
    with ledger.transaction():
        ledger.record(event(1))
    reader = store(write=False)
    assert len(History(reader)) == 1
    with pytest.raises(Exception, match="readonly"):
        reader.connection.execute("DELETE FROM input")


def test_reading_makes_no_store(tmp_path):
    """A command that only looks leaves no empty store behind."""
    with pytest.raises(StoreError, match="no store in"):
        open_database(tmp_path / "nothing", write=False)
    assert not (tmp_path / "nothing").exists()


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
    database.connection.execute(f"PRAGMA user_version = {len(STEPS) + 1}")
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


def _stopped_batch(ledger, item):
    with ledger.transaction():
        ledger.record(item)
        ledger.record(Tick(5, "vonage"))
        ledger.record(Malformed("vonage", "file:1", "not JSON", b"{"))
        ledger.put(SLOT, Kept("after"))
        ledger.complete("vonage", {"vonage": 2}, {"page": 2})
        raise StoppedError


def test_a_failed_batch_leaves_nothing(store, ledger, event):
    """Events, state, watermark, checkpoint: all of a batch, or none of it."""
    with ledger.transaction():
        ledger.record(event(1))
        ledger.put(SLOT, Kept("before"))
        ledger.complete("vonage", {"vonage": 1}, {"page": 1})
    with pytest.raises(StoppedError):
        _stopped_batch(ledger, event(2))
    with ledger.transaction():
        assert ledger.get(SLOT) == Kept("before")
        assert ledger.record(event(2))
    assert (ledger.checkpoint("vonage"), ledger.watermarks()) == ({"page": 1}, {"vonage": 1})
    assert store(write=False).one("SELECT count(*) FROM quarantine") == (0,)


def test_a_batch_sees_its_own_state(ledger):
    """Put and forgotten values are seen at once, and written once."""
    with ledger.transaction():
        assert ledger.get(SLOT) is None
        ledger.put(SLOT, Kept({"a": 1}, 7))
        assert ledger.get(SLOT) == Kept({"a": 1}, 7)
        ledger.put(SLOT, None)
        assert ledger.get(SLOT) is None
    assert ledger.get(SLOT) is None


def test_kept_state_reads_back_until_it_is_forgotten(ledger):
    """What a batch keeps reads back equal, with its call, until a later one forgets it."""
    with ledger.transaction():
        ledger.put(SLOT, Kept([10**30], 7, Wake(6, "vonage")))
    assert ledger.get(SLOT) == Kept([10**30], 7, Wake(6, "vonage"))
    with ledger.transaction():
        ledger.put(SLOT, None)
        assert ledger.get(SLOT) is None
    assert ledger.get(SLOT) is None


def test_expired_state_is_swept(ledger, store):
    """State lives until the slowest source's watermark has passed the grain in which it expires, or for ever."""
    slots = [SLOT._replace(key=f'["{name}"]') for name in ("past", "present", "later", "never")]
    now_us = 10 << GRAIN_BITS
    with ledger.transaction():
        for slot, expires_us in zip(slots, (now_us - 1, now_us, now_us + 1, None), strict=True):
            ledger.put(slot, Kept(1, expires_us))
    with ledger.transaction():
        ledger.complete("vonage", {"vonage": now_us, "files": 2 * now_us}, None)
    kept = {key for (key,) in store(write=False).rows("SELECT key FROM state")}
    assert kept == {slot.key for slot in slots[1:]}


def test_what_another_has_written_is_seen_after_a_refresh(store):
    """A ledger keeps state at hand; a pipeline that takes it up sees what the store has."""
    database = store()
    ledger, other = StoreLedger(database), StoreLedger(database)
    assert ledger.get(SLOT) is None
    with other.transaction():
        other.put(SLOT, Kept("new"))
    ledger.refresh()
    assert ledger.get(SLOT) == Kept("new")


def test_an_event_counts_once_per_source(ledger, event):
    """The identity is source and id; the first body wins."""
    with ledger.transaction():
        assert ledger.record(event(1))
        assert not ledger.record(event(1, user_email="another body"))
        assert ledger.record(event(1, source="files"))
    with ledger.transaction():
        assert not ledger.record(event(1))


def test_clock_ticks_are_inputs_that_repeat(ledger, store):
    """Two equal ticks are two inputs; a malformed record is kept once."""
    with ledger.transaction():
        assert ledger.record(Tick(5, "vonage"))
        assert ledger.record(Tick(5, "vonage"))
        assert ledger.record(Malformed("vonage", "a:1", "not JSON", b"{"))
        assert not ledger.record(Malformed("vonage", "b:9", "not JSON", b"{"))
    assert store(write=False).rows("SELECT place FROM quarantine") == [("a:1",)]


def test_a_checkpoint_stays_until_there_is_a_new_one(ledger):
    """None says nothing about how far a source is."""
    assert ledger.checkpoint("vonage") is None
    for given, kept in (({"page": 1}, {"page": 1}), (None, {"page": 1}), ({"page": 2}, {"page": 2})):
        with ledger.transaction():
            ledger.complete("vonage", {}, given)
        assert ledger.checkpoint("vonage") == kept


def test_everything_recorded_comes_back_in_order(store, ledger, event):
    """A replay sees events and ticks as they came, byte for byte: big integers, NULs, fractions, deep values."""
    strange = event(2, n=10**40, text="a\0b\u2028\U0001f600", tiny=5e-324, deep=[{"x": [[]]}], **{"": None, "\0": 1})
    inputs = [
        event(1),
        Tick(7, "vonage"),
        strange._replace(id="a\0b"),
        strange._replace(id="a"),
        event(3, untimed=True),
    ]
    with ledger.transaction():
        assert all(ledger.record(item) for item in inputs)
    replayed = [item for batch in History(store(write=False)).batches(None) for item in batch.inputs]
    assert replayed == inputs
    assert replayed[2].data["n"] == 10**40


def test_a_window_of_history_is_half_open(store, ledger, event):
    """`[since, until)` in event time."""
    events = [event(number) for number in range(4)]
    with ledger.transaction():
        for item in events:
            ledger.record(item)
    window = History(store(write=False), events[1].time_us, events[3].time_us)
    assert [item for batch in window.batches(None) for item in batch.inputs] == events[1:3]
    assert len(window) == 2


def test_held_events_are_those_at_or_after_the_watermark(ledger, event):
    """What waited for its turn when the program ended is found by the watermark alone, per source."""
    events = [event(number, n=10**30) for number in range(3)]
    with ledger.transaction():
        for item in (*events, event(9, source="files")):
            ledger.record(item)
    assert list(ledger.held("vonage", events[1].time_us)) == events[1:]


def _alert(opener, rule_id="rule", **changes):
    fields = {
        "id": alert_id(rule_id, {}, opener),
        "rule_id": rule_id,
        "rule_version": "0" * 12,
        "severity": "low",
        "key": {"n": 10**30},
        "opened_at_us": opener.time_us,
        "last_at_us": opener.time_us,
        "event_count": 1,
        "event_ids": (opener.id,),
        "events": (opener,),
        "opener": opener,
        "facts": {"change": {"old": 10**30, "new": None}},
    }
    return Alert(**fields | changes)


def test_an_alert_reads_back_equal(store, event):
    """The engine's alert and its wording, whatever an event held."""
    database = store()
    alert = _alert(event(1, n=10**40, text="\0"))
    wording = {"title": "t\0", "summary": "", "fields": [], "problems": [], "explanation": {"values": [10**40]}}
    with database.transaction():
        assert Alerts(database).add(alert, wording)
        assert not Alerts(database).add(alert, {"title": "another"})
    assert Alerts(database).get(alert.id) == (alert, wording)


def test_alerts_are_found_by_the_beginning_of_their_id(store, event):
    """As people copy it; wildcards of SQL mean nothing here."""
    database = store()
    alerts = [_alert(event(number)) for number in range(5)]
    with database.transaction():
        for alert in alerts:
            Alerts(database).add(alert, {})
    (found,) = Alerts(database).find(alerts[2].id[:12])
    assert found.alert == alerts[2]
    assert Alerts(database).find("%") == Alerts(database).find("_") == []
    assert len(Alerts(database).find("")) == 3
    assert [stored.alert for stored in Alerts(database).newest(2)] == [alerts[4], alerts[3]]
    assert [stored.alert for stored in Alerts(database).all()] == alerts
