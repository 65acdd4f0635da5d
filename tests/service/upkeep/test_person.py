"""Taking a person out of the store: nothing that names them is left, in no row and in no byte."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from trailbell.store.database import StoreError, open_database
from trailbell.store.ledger import StoreLedger
from trailbell.upkeep.person import find_person, forget_person

RULE = """
id: login
title: "{{ user_email }} signed in"
severity: low
match: {event_type: USER_LOGIN}
when: {count: {at_least: 2, within: 1h, by: user_email}}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch, record):
    """A store in which a run has told of two people."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "login.yaml").write_text(RULE)
    (tmp_path / "trailbell.yaml").write_text("state: state\n")
    people = ["ada@example.com", "Bob.Müller@example.com"]
    events = [record(number, "USER_LOGIN", user_email=people[number % 2]) for number in range(1, 8)]
    (tmp_path / "events.ndjson").write_text("".join(json.dumps(event) + "\n" for event in events))
    subprocess.run([sys.executable, "-m", "trailbell", "run", "--events", "events.ndjson"], check=True)
    return tmp_path / "state"


def bytes_of(folder):
    return b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())


def test_nothing_is_left(folder):
    """Events, windows, alerts: all of the one, nothing of the other, and free pages are written over."""
    assert b"Bob.M" in bytes_of(folder)
    before = find_person(folder, "bob.müller@example.com")
    assert before.rows["events"] == 4
    assert before.rows["alerts"] >= 1
    assert before.rows["windows"] >= 1
    assert forget_person(folder, "bob.müller@example.com") == before
    assert find_person(folder, "bob.müller@example.com").total == 0
    assert b"Bob.M" not in bytes_of(folder)
    assert find_person(folder, "ada@example.com").rows["events"] == 3


def test_counting_changes_nothing(folder):
    """What would go can be seen before."""
    before = find_person(folder, "ada@example.com")
    assert before.total > 0
    assert find_person(folder, "ada@example.com") == before


def test_an_engine_must_not_be_running(folder):
    """It would write back what it has in memory."""
    database = open_database(folder)
    try:
        with pytest.raises(StoreError, match="another trailbell"):
            forget_person(folder, "ada@example.com")
        assert find_person(folder, "ada@example.com").total > 0
    finally:
        database.close()


@pytest.mark.parametrize("text", ["", "a", "  ", "ab"])
def test_a_text_that_is_in_everything_is_refused(folder, text):
    """It would empty the store."""
    with pytest.raises(ValueError, match="3 characters"):
        forget_person(folder, text)


def test_a_store_goes_on_afterwards(folder, event):
    """The next run takes up where the last one was."""
    forget_person(folder, "ada@example.com")
    database = open_database(folder)
    try:
        ledger = StoreLedger(database)
        with ledger.transaction():
            assert ledger.record(event(99))
    finally:
        database.close()
