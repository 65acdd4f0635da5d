"""A store that turns out to be damaged, or lost, in the middle of a command: words, and exit code 3."""

from __future__ import annotations

import json

import pytest

from trailbell.store.database import StoreError, open_database
from trailbell_engine.decoding.exact_json import write_json

RULE = """
id: moved
title: "{{ user_email }} moved a number"
severity: high
match: {event_type: NUMBER_UPDATED}
"""
COMMANDS = {
    "alerts list": ["alerts", "list"],
    "explain": ["explain", "last"],
    "why-not": ["why-not", "moved", "00000000-0000-0000-0000-000000000007"],
    "dry-run": ["dry-run", "--since", "2026-01-01"],
    "run": ["run", "--events", "more.ndjson"],
}


@pytest.fixture
def installation(tmp_path, monkeypatch, record, setting, trailbell):
    """A working folder whose store holds a thousand events with their alerts, and more to read."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "moved.yaml").write_text(RULE, encoding="utf-8")
    (tmp_path / "trailbell.yaml").write_text(json.dumps({"state": setting(), "rules": ["rules"]}), encoding="utf-8")
    for name, numbers in (("events", range(1_000)), ("more", range(500, 1_500))):
        lines = [write_json(record(number)) + b"\n" for number in numbers]
        (tmp_path / f"{name}.ndjson").write_bytes(b"".join(lines))
    assert trailbell("run", "--events", "events.ndjson")[0] == 0
    return tmp_path


def _damage(file):
    """All but the first third."""
    content = bytearray(file.read_bytes())
    for page in range(len(content) // 3 // 4096, len(content) // 4096):
        content[page * 4096 : page * 4096 + 300] = b"\xff" * 300
    file.write_bytes(content)


@pytest.mark.parametrize("command", COMMANDS)
def test_damage_in_the_middle_of_the_file_is_told(installation, trailbell, command):
    """The first pages are whole, so that it is not seen when the store is opened."""
    _damage(installation / "state" / "trailbell.db")
    code, _, err = trailbell(*COMMANDS[command])
    assert code == 3
    assert "malformed" in err
    assert " help: " in err


@pytest.mark.parametrize("backend", ["postgres"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_server_that_is_lost_in_the_middle_is_told(installation, trailbell, monkeypatch, postgres, command):
    """The session ends between its beginning and the first question of the command."""
    import psycopg

    def opened(address, *, write=True):
        database = open_database(address, write=write)
        with psycopg.connect(postgres.url(), autocommit=True) as session:
            session.execute("SELECT pg_terminate_backend(%s, 5000)", (database.session.info.backend_pid,))
        return database

    for module in ("trailbell.store.database", "trailbell.cli.run"):
        monkeypatch.setattr(f"{module}.open_database", opened)
    code, _, err = trailbell(*COMMANDS[command])
    assert code == 3
    assert "is lost" in err


@pytest.mark.parametrize("command", ["alerts list", "explain", "why-not", "dry-run"])
def test_no_store_is_a_matter_of_the_configuration(tmp_path, monkeypatch, trailbell, command):
    """Whichever command asks."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trailbell.yaml").write_text("state: state\nrules: [rules]\n", encoding="utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "moved.yaml").write_text(RULE, encoding="utf-8")
    code, _, err = trailbell(*COMMANDS[command])
    assert (code, "no store in" in err) == (3, True)


def test_a_question_to_a_damaged_store_is_an_error_in_words(installation, store):
    """Not SQLite's own, which nobody expects."""
    _damage(installation / "state" / "trailbell.db")
    database = store(write=False)
    with pytest.raises(StoreError, match="cannot be read: database disk image is malformed"):
        database.rows("SELECT * FROM input")
    with pytest.raises(StoreError, match="cannot be read"):
        database.one("SELECT sum(length(data)) FROM input")
