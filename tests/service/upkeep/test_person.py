"""Taking a person out of the store: nothing that names them is left, in no row and in no byte."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
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


@pytest.fixture(params=["sqlite", "postgres"])
def backend(request):
    """Both engines keep the same contract."""
    return request.param


@pytest.fixture
def place(address, setting, tmp_path, monkeypatch, record):
    """Where a store is in which a run has told of two people."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "login.yaml").write_text(RULE)
    (tmp_path / "trailbell.yaml").write_text(json.dumps({"state": setting()}))
    people = ["ada@example.com", "Bob.Müller@example.com"]
    events = [record(number, "USER_LOGIN", user_email=people[number % 2]) for number in range(1, 8)]
    (tmp_path / "events.ndjson").write_text("".join(json.dumps(event) + "\n" for event in events))
    subprocess.run([sys.executable, "-m", "trailbell", "run", "--events", "events.ndjson"], check=True)
    return address()


@pytest.fixture
def bytes_on_disk(place, postgres_files):
    """A function: every byte that the engine keeps of the store's tables."""

    def read():
        files = place.iterdir() if isinstance(place, Path) else postgres_files(place)
        return b"".join(file.read_bytes() for file in files if file.is_file())

    return read


@pytest.fixture
def postgres_files(request):
    """A function: the files of the tables of a schema, as the server has written them."""

    def find(place):
        server = request.getfixturevalue("postgres")
        with psycopg.connect(server.url(), autocommit=True) as session:
            session.execute("CHECKPOINT")
            named = "SELECT pg_relation_filepath(oid) FROM pg_class WHERE relnamespace = to_regnamespace(%s)"
            paths = [path for (path,) in session.execute(named, (place.schema,)) if path]
        return [server.folder / "data" / path for path in paths]

    return find


def test_nothing_is_left(place, bytes_on_disk):
    """Events, windows, alerts: all of the one, nothing of the other, and what is free is written over."""
    assert b"Bob.M" in bytes_on_disk()
    before = find_person(place, "bob.müller@example.com")
    assert before.rows["events"] == 4
    assert before.rows["alerts"] >= 1
    assert before.rows["windows"] >= 1
    assert forget_person(place, "bob.müller@example.com") == before
    assert find_person(place, "bob.müller@example.com").total == 0
    assert b"Bob.M" not in bytes_on_disk()
    assert find_person(place, "ada@example.com").rows["events"] == 3


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("ana@example.com", {"ana", "ANA", "mail", "end", "line", "list"}),
        ("diana@example.com", {"diana"}),
        ("ana@example.com.au", {"au"}),
        ("Ana Lopez", {"name"}),
        ("@example.com", {"ana", "ANA", "mail", "end", "line", "list", "diana", "x.ana", "é"}),
        ("+447700900123", {"phone"}),
    ],
)
def test_a_name_inside_of_another_is_another(tmp_path, address, event, text, where):
    """An address is not that of everybody whose address it is a part of; a text is found however it is embedded."""
    texts = {
        "ana": "ana@example.com",
        "ANA": "Ana@Example.COM",
        "diana": "diana@example.com",
        "au": "ana@example.com.au",
        "x.ana": "x.ana@example.com",
        "é": "éana@example.com",
        "mail": "mailto:ana@example.com?subject=x",
        "end": "It was ana@example.com.",
        "line": "who?\nana@example.com\tyes",
        "list": "bob@example.org,ana@example.com;eve@example.org",
        "name": "(Ana Lopez)",
        "names": "Diana Lopez, Ana Lopezzi",
        "phone": "sip:+447700900123@pbx",
    }
    with closing(open_database(address())) as database:
        ledger = StoreLedger(database)
        with ledger.transaction():
            ledger.record(
                [event(number, id=name, user_email=text) for number, (name, text) in enumerate(texts.items())]
            )
    assert find_person(address(), text).rows["events"] == len(where)
    forget_person(address(), text)
    with closing(open_database(address(), write=False)) as database:
        left = {name for (name,) in database.rows("SELECT id FROM input")}
    assert left == texts.keys() - where


def test_counting_changes_nothing(place):
    """What would go can be seen before."""
    before = find_person(place, "ada@example.com")
    assert before.total > 0
    assert find_person(place, "ada@example.com") == before


def test_an_engine_must_not_be_running(place):
    """It would write back what it has in memory."""
    database = open_database(place)
    try:
        with pytest.raises(StoreError, match="another trailbell"):
            forget_person(place, "ada@example.com")
        assert find_person(place, "ada@example.com").total > 0
    finally:
        database.close()


@pytest.mark.parametrize("text", ["", "a", "  ", "ab"])
def test_a_text_that_is_in_everything_is_refused(place, text):
    """It would empty the store."""
    with pytest.raises(ValueError, match="3 characters"):
        forget_person(place, text)


def test_a_store_goes_on_afterwards(place, event):
    """The next run takes up where the last one was."""
    forget_person(place, "ada@example.com")
    database = open_database(place)
    try:
        ledger = StoreLedger(database)
        with ledger.transaction():
            assert ledger.record([event(99)]) == [True]
    finally:
        database.close()
