"""What only a store in PostgreSQL can meet: other people's schemas, lost sessions, killed engines, NULs, passwords."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from trailbell.store import postgres_opening
from trailbell.store.address import AddressError, PostgresAddress, read_address
from trailbell.store.database import StoreError, open_database
from trailbell.store.events import Events
from trailbell.store.ledger import StoreLedger
from trailbell.store.postgres_readers import PostgresReaders
from trailbell.store.postgres_sql import STEPS, native
from trailbell.store.quarantine import newest
from trailbell.upkeep.postgres_check import check_postgres
from trailbell_engine.event import Malformed

HOLDER = """
import sys
from pathlib import Path
from trailbell.store.address import read_address
from trailbell.store.database import open_database
database = open_database(read_address(sys.argv[1], Path()))
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def backend():
    """All of this is about PostgreSQL."""
    return "postgres"


@pytest.fixture
def admin(postgres):
    """A session of the server's owner."""
    with psycopg.connect(postgres.url(), autocommit=True) as session:
        yield session


@pytest.fixture
def cut_off(admin):
    """A function: end the session of a store, as a restart of the server or a lost network would."""

    def cut(database):
        assert admin.execute("SELECT pg_terminate_backend(%s, 5000)", (database.session.info.backend_pid,)).fetchone()[
            0
        ]

    return cut


def test_a_lost_session_is_never_taken_up_again(store, event, cut_off):
    """Its lock is lost with it: what was not committed is undone, and whoever tries to go on is told so, every time."""
    database = store()
    ledger = StoreLedger(database)
    with ledger.transaction():
        ledger.record([event(1)])

    def go_on():
        with ledger.transaction():
            ledger.record([event(2)])
            cut_off(database)
            ledger.record([event(3)])

    with pytest.raises(StoreError, match="is lost") as said:
        go_on()
    assert "goes on from the last commit" in said.value.help
    for use in (lambda: database.one("SELECT 1"), lambda: StoreLedger(database).admit("vonage", 0)):
        with pytest.raises(StoreError, match="is lost"):
            use()
    second = store()
    assert second.rows("SELECT id FROM input") == [(event(1).id,)]


def test_a_session_that_is_lost_at_the_commit_has_not_committed_in_silence(store, event, cut_off):
    """Whoever waits for the commit is not told that it is done."""
    database = store()

    def commit_too_late():
        with database.transaction():
            StoreLedger(database).record([event(1)])
            cut_off(database)

    with pytest.raises(StoreError, match="is lost"):
        commit_too_late()
    assert store().one("SELECT count(*) FROM input") == (0,)


def test_readers_outlive_a_restart_of_the_server(store, address, cut_off):
    """Who only reads holds no lock: the question that meets a dead session fails, and the next one has another."""
    store()
    readers = PostgresReaders(address())
    with readers.session() as session:
        cut_off(session)
    with pytest.raises(StoreError, match="is lost"):
        readers.one("SELECT 1")
    assert readers.one("SELECT 1") == (1,)
    readers.close()


def test_an_old_server_is_refused(address, monkeypatch):
    """In words, and not by a setting that it does not know."""
    monkeypatch.setattr(postgres_opening, "OLDEST", 990_000)
    with pytest.raises(StoreError, match="is PostgreSQL") as said:
        open_database(address())
    assert said.value.help == "version 99 or later is needed"


def test_a_transaction_that_the_server_has_given_up_is_not_committed(store, event):
    """PostgreSQL answers COMMIT with a rollback after an error, and says nothing of it."""
    database = store()

    def go_on_after_an_error():
        with database.transaction():
            StoreLedger(database).record([event(1)])
            with pytest.raises(StoreError, match="refuses"):
                database.execute("SELECT nothing")

    with pytest.raises(StoreError, match="was undone"):
        go_on_after_an_error()
    assert database.one("SELECT count(*) FROM input") == (0,)


def test_the_lock_of_a_killed_engine_is_free(address):
    """SIGKILL lets go of nothing by itself; the server does, as it notices."""
    command = [sys.executable, "-c", HOLDER, address().whole()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "open\n"
        holder.send_signal(signal.SIGKILL)
    open_database(address()).close()


def test_who_holds_the_lock_is_said(store, address, monkeypatch):
    """Somebody must be able to find the other engine."""
    monkeypatch.setattr(postgres_opening, "PATIENCE", "10ms")
    store()
    with pytest.raises(StoreError, match=r"another trailbell is running on .*, from this machine since \d{4}-") as said:
        open_database(address())
    assert "?schema=" in said.value.help


def test_stores_of_other_schemas_are_other_stores(store, event):
    """Each with its own lock."""
    one, other = store("one"), store("other")
    with StoreLedger(one).transaction():
        StoreLedger(one).record([event(1)])
    assert other.one("SELECT count(*) FROM input") == (0,)


@pytest.mark.parametrize("table", ["notes (text text)", "meta (name text, value bigint)", "meta (a int)"])
@pytest.mark.parametrize("write", [True, False])
def test_another_programs_schema_is_refused(address, admin, table, write):
    """What is not ours is never written to."""
    schema = address().schema
    admin.execute(f'CREATE SCHEMA "{schema}"')
    admin.execute(f'CREATE TABLE "{schema}".{table}')
    with pytest.raises(StoreError, match="is no trailbell store"):
        open_database(address(), write=write)
    tables = "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relkind = 'r'"
    assert admin.execute(tables, (schema,)).fetchone() == (1,)


@pytest.mark.parametrize("write", [True, False])
def test_a_store_of_a_later_version_is_refused(store, address, write):
    """What a later program wrote is not guessed at."""
    database = store()
    database.execute("UPDATE meta SET value = ? WHERE name = 'version'", (len(STEPS) + 1,))
    database.close()
    with pytest.raises(StoreError, match=f"store version {len(STEPS) + 1}, this one knows {len(STEPS)}"):
        open_database(address(), write=write)


@pytest.mark.parametrize("version", range(1, len(STEPS)))
def test_a_store_of_every_version_is_brought_up(store, event, address, monkeypatch, version):
    """What it holds stays, and what is new works with it."""
    with monkeypatch.context() as earlier:
        earlier.setattr(postgres_opening, "STEPS", STEPS[:version])
        database = store()
        database.execute(
            "INSERT INTO quarantine (source, place, reason, raw, digest) VALUES ('app', 'a', 'r', '', '\\x01')"
        )
        with StoreLedger(database).transaction():
            StoreLedger(database).record([event(1)])
        database.close()
    database = open_database(address())
    with StoreLedger(database).transaction():
        StoreLedger(database).record([Malformed("app", "b", "r", b"x")])
    assert [one.record.place for one in newest(database, None, 10)] == ["b", "a"]
    assert database.one("SELECT count(*) FROM input") == (1,)
    assert database.one("SELECT value FROM meta WHERE name = 'version'") == (len(STEPS),)
    database.close()


def test_a_step_that_fails_leaves_the_form_before_it(store, event, address, monkeypatch):
    """Never something in between; with the step mended it goes on from there, and the events are still there."""
    database = store()
    with StoreLedger(database).transaction():
        StoreLedger(database).record([event(1)])
    database.close()
    half = "CREATE TABLE half (z BIGINT); INSERT INTO nowhere VALUES (1)"
    monkeypatch.setattr(postgres_opening, "STEPS", (*STEPS, "CREATE TABLE later (z BIGINT)", half))
    with pytest.raises(StoreError, match="nowhere"):
        open_database(address())
    monkeypatch.setattr(postgres_opening, "STEPS", (*STEPS, "CREATE TABLE later (z BIGINT)", "SELECT 1"))
    database = store()
    assert database.one("SELECT value FROM meta WHERE name = 'version'") == (len(STEPS) + 2,)
    assert database.one("SELECT count(*) FROM later") == (0,)
    assert database.one("SELECT to_regclass('half') IS NULL") == (True,)
    assert database.one("SELECT count(*) FROM input") == (1,)


def test_a_database_in_another_encoding_is_refused(postgres, admin, tmp_path):
    """Events hold every script; LATIN1 does not."""
    admin.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    url = postgres.url().replace("/postgres?", "/latin?")
    with pytest.raises(StoreError, match="is in LATIN1") as said:
        open_database(read_address(url, tmp_path))
    assert "UTF8" in said.value.help


def test_a_server_that_is_not_there_is_said_in_words(postgres, tmp_path):
    """With the place and without the password."""
    gone = f"postgresql://ada:geheim@127.0.0.1:1/{'x'}"
    with pytest.raises(StoreError, match=r"cannot reach the store postgresql://ada@127\.0\.0\.1:1/x") as said:
        open_database(read_address(gone, tmp_path))
    assert "geheim" not in said.value.message + said.value.help
    with pytest.raises(StoreError, match="password"):
        open_database(read_address(f"postgresql://trailbell:wrong@127.0.0.1:{postgres.port}/postgres", tmp_path))


@pytest.mark.parametrize("text", ["a\0b", "\0", "\x1a", "a\x1a0\x1a1\0", "ünïcode \U0001f600", "'; --", "?1 :name $1"])
def test_every_text_comes_back(store, event, text):
    """PostgreSQL's texts hold no NUL; an event's id may."""
    database = store()
    ledger = StoreLedger(database)
    with ledger.transaction():
        assert ledger.record([event(1)._replace(id=text)]) == [True]
        assert ledger.record([event(2)._replace(id=text)]) == [False]
        assert ledger.record([Malformed(text, text, text, text.encode())]) == [True]
        ledger.complete("vonage", {}, None)
    assert database.one("SELECT source, place, reason, raw FROM quarantine") == (text, text, text, text.encode())
    assert [found.event.id for found in Events(database).find(text)] == [text]


def test_texts_sort_by_code_points(store):
    """As in SQLite, whatever the language of the database."""
    database = store()
    names = ["a", "B", "á", "Z", "é", "_", "10", "9", "\U0001f600"]
    for name in names:
        StoreLedger(database).admit(name, 0)
    assert list(StoreLedger(database).lateness()) == sorted(names)


def test_a_damaged_store_is_found(store, address, admin):
    """Tables and indexes that somebody has taken away."""
    store().close()
    check_postgres(address())
    admin.execute(f'DROP INDEX "{address().schema}".outbox_open')
    admin.execute(f'DROP TABLE "{address().schema}".silence')
    with pytest.raises(StoreError, match="there is no outbox_open, silence"):
        check_postgres(address())


def test_what_is_committed_is_on_disk(store, admin, postgres):
    """Whatever the server or the user is set to: a commit is acknowledged when it is durable."""
    admin.execute(f"ALTER ROLE {postgres.USER} SET synchronous_commit = off")
    try:
        assert store().one("SHOW synchronous_commit") == ("on",)
    finally:
        admin.execute(f"ALTER ROLE {postgres.USER} RESET synchronous_commit")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:s%40crt@db.example.com/events", "postgresql://ada@db.example.com/events (schema trailbell)"),
        ("postgres://db/events?schema=prod&sslmode=require", "postgres://db/events (schema prod)"),
        ("postgresql:///events?host=/run/pg&password=geheim", "postgresql:///events (schema trailbell)"),
    ],
)
def test_an_address_is_shown_without_its_password(url, shown, tmp_path):
    """It goes into logs and messages."""
    address = read_address(url, tmp_path)
    assert str(address) == shown
    assert "geheim" not in repr(address)
    assert "s%40crt" not in repr(address)
    assert read_address(address.whole(), Path("/elsewhere")) == PostgresAddress(
        address.url, address.schema, tmp_path.absolute() / ".trailbell"
    )


@pytest.mark.parametrize(
    "url", ["postgresql://db", "postgresql://db/", "postgresql://db/x?schema=a%22b", "postgresql://db/x?schema="]
)
def test_an_address_that_names_no_store_is_refused(url, tmp_path):
    """No name of a database, or of a schema."""
    with pytest.raises(AddressError, match=r"names no database|is not a name"):
        read_address(url, tmp_path)


@pytest.mark.parametrize(
    ("sql", "said", "names"),
    [
        ("SELECT ? WHERE a = ? AND b = 'really?'", "SELECT $1 WHERE a = $2 AND b = 'really?'", ()),
        ("a = ?2 OR b = ?1 OR c = ?2", "a = $2 OR b = $1 OR c = $2", ()),
        ("a = :one OR b = :two OR c = :one", "a = $1 OR b = $2 OR c = $1", ("one", "two")),
        ("json_extract(record, '$.a:b')", "json_extract(record, '$.a:b')", ()),
    ],
)
def test_placeholders(sql, said, names):
    """Each as PostgreSQL has them; what is in quotes is left alone."""
    assert native(sql) == (said, names)


CONFIG = """
state: "postgresql://trailbell:${{PGSECRET}}@127.0.0.1:{port}/postgres?schema={schema}"
"""


@pytest.fixture
def installation(tmp_path, monkeypatch, postgres, record):
    """A folder with a configuration whose store asks for a password, rules and events."""
    import json

    monkeypatch.chdir(tmp_path)
    schema = f"cli_{os.getpid()}_{abs(hash(tmp_path.name))}"
    (tmp_path / "trailbell.yaml").write_text(CONFIG.format(port=postgres.port, schema=schema))
    (tmp_path / "rules").mkdir()
    rule = 'id: moved\ntitle: "{{ user_email }} moved"\nseverity: high\nmatch: {event_type: NUMBER_UPDATED}\n'
    (tmp_path / "rules" / "moved.yaml").write_text(rule)
    (tmp_path / "events.ndjson").write_text("".join(json.dumps(record(number)) + "\n" for number in range(1, 4)))
    monkeypatch.setenv("PGSECRET", postgres.PASSWORD)
    return tmp_path


def test_the_command_line_over_a_password(installation, trailbell):
    """Run, look, dry-run, check, purge: all of it finds the store, and none of it shows the password."""
    code, _, err = trailbell("run", "--events", "events.ndjson")
    assert code == 0, err
    said = err
    for command, words in (
        (("alerts", "list"), "moved"),
        (("dry-run", "--since", "2026-11-01", "--until", "2026-12-01", "rules"), "3"),
        (("explain", "last"), "moved"),
        (("deliveries", "list"), ""),
        (("silences", "list"), ""),
        (("fields",), "user_email"),
        (("doctor", "--offline"), "3 events"),
        (("store", "check"), "whole"),
        (("store", "migrate"), "checked"),
        (("store", "purge", "--person", "ada@example.com"), "events"),
        (("config", "show"), "***"),
    ):
        code, out, err = trailbell(*command)
        assert code in (0, 1), (command, err)
        assert words in out, (command, out, err)
        said += out + err
    assert "sesame" not in said
    assert not (installation / ".trailbell" / "trailbell.db").exists()


@pytest.mark.parametrize("command", [("backup", "x.db"), ("restore", "x.db"), ("migrate", "--backup", "x.db")])
def test_copies_are_the_servers_business(installation, trailbell, command):
    """PostgreSQL has its own tools, and they are named."""
    code, _, err = trailbell("store", *command)
    assert code == 2
    assert "pg_dump" in err or "pg_restore" in err


def test_a_password_that_is_not_set_is_asked_for(installation, trailbell, monkeypatch):
    """By its name, by the commands that send and by those that only look."""
    monkeypatch.delenv("PGSECRET")
    code, _, err = trailbell("run", "--events", "events.ndjson")
    assert (code, "PGSECRET is not set" in err) == (3, True)
    code, _, err = trailbell("alerts", "list")
    assert (code, "needs a variable that is not set" in err) == (3, True)


def test_a_wrong_address_is_shown_in_its_place(installation, trailbell):
    """The line of the configuration, and what to write."""
    (installation / "trailbell.yaml").write_text("state: postgresql://db\n")
    code, _, err = trailbell("alerts", "list")
    assert code == 3
    assert "trailbell.yaml:1" in err
    assert "names no database" in err


def test_the_address_may_come_from_the_environment(installation, trailbell, monkeypatch, postgres):
    """`TRAILBELL_STATE`, or a variable that holds the whole URL."""
    trailbell("run", "--events", "events.ndjson")
    url = (
        (installation / "trailbell.yaml")
        .read_text()
        .split('"')[1]
        .replace("${PGSECRET}", quote(postgres.PASSWORD, safe=""))
    )
    (installation / "trailbell.yaml").write_text('state: "${DATABASE_URL}"\n')
    monkeypatch.setenv("DATABASE_URL", url)
    assert "moved" in trailbell("alerts", "list")[1]
    (installation / "trailbell.yaml").write_text("state: elsewhere\n")
    monkeypatch.setenv("TRAILBELL_STATE", url)
    assert "moved" in trailbell("alerts", "list")[1]


def test_without_psycopg_it_says_what_to_install(installation, trailbell, monkeypatch):
    """It is an extra."""
    for name in list(sys.modules):
        if name.startswith(("psycopg", "trailbell.store.postgres")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    code, _, err = trailbell("alerts", "list")
    assert code == 3
    assert "trailbell[postgres]" in err
