"""The search index beside the store: ``search.db``, a file of its own, made from the recorded events alone.

It is a file of its own so that building it never makes the engine wait for the store's write lock. Whoever deletes it
loses nothing but the time to build it again. Tables:

- ``entry``: what was indexed, by the event's number, and by its user: an id of digits has no piece that is rare.
- ``place``: the order of lists: per account (and 0, all accounts) and event type, by time. It serves all filters.
- ``per_day``, ``per_slot``: how many events an account has of a type, per day and per quarter of an hour: a total is
  the sum of a few rows, and a page far back is found without reading the pages before it.
- ``words``: the trigrams of the events' JSON. ``detail=none`` keeps which events have a trigram and not where: a third
  of the size, and what it finds is checked against the event itself.
- ``gram``: how common a trigram is in a sample; the search asks for the rarest ones only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import apsw

from trailbell_engine.timestamps import DAY_US, MINUTE_US

APPLICATION_ID: Final = 0x74626C73
"""``tbls``: marks the file as ours."""
VERSION: Final = 3
"""Of the tables; an index of another version is built anew."""

SLOT_US: Final = 15 * MINUTE_US
DAY: Final = ("per_day", DAY_US)
SLOT: Final = ("per_slot", SLOT_US)
ALL: Final = 0
"""The number that stands for all accounts, and for all event types."""

_TABLES: Final = """
    CREATE TABLE term (
        id   INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,                   -- account, type
        text TEXT NOT NULL,
        UNIQUE (kind, text)
    );
    CREATE TABLE entry (
        seq     INTEGER PRIMARY KEY,          -- of the store's `input`
        account INTEGER NOT NULL,             -- 0: the event names none
        type    INTEGER NOT NULL,
        time_us INTEGER NOT NULL,
        user    INTEGER                       -- fingerprint of its user id; NULL: it has none
    );
    CREATE INDEX entry_user ON entry (user) WHERE user IS NOT NULL;
    CREATE TABLE place (
        account INTEGER NOT NULL,
        type    INTEGER NOT NULL,
        time_us INTEGER NOT NULL,
        seq     INTEGER NOT NULL,
        PRIMARY KEY (account, type, time_us, seq)
    ) WITHOUT ROWID;
    CREATE TABLE per_day (
        account INTEGER NOT NULL,
        type    INTEGER NOT NULL,
        start   INTEGER NOT NULL,             -- in days since the epoch
        events  INTEGER NOT NULL,
        first   INTEGER NOT NULL,             -- the smallest and the greatest `seq`, or beyond them
        last    INTEGER NOT NULL,
        PRIMARY KEY (account, type, start)
    ) WITHOUT ROWID;
    CREATE TABLE per_slot (
        account INTEGER NOT NULL,
        type    INTEGER NOT NULL,
        start   INTEGER NOT NULL,             -- in quarters of an hour since the epoch
        events  INTEGER NOT NULL,
        first   INTEGER NOT NULL,             -- the smallest and the greatest `seq`, or beyond them
        last    INTEGER NOT NULL,
        PRIMARY KEY (account, type, start)
    ) WITHOUT ROWID;
    CREATE TABLE gram (
        text   TEXT PRIMARY KEY,
        events INTEGER NOT NULL               -- of the sample
    ) WITHOUT ROWID;
    CREATE VIRTUAL TABLE words USING fts5(
        text, content='', contentless_delete=1, detail=none, tokenize='trigram case_sensitive 1'
    );
    CREATE VIRTUAL TABLE trigram USING fts5vocab(words, row);
    CREATE TABLE progress (
        name  TEXT PRIMARY KEY,
        value INTEGER NOT NULL
    ) WITHOUT ROWID;
    INSERT INTO progress VALUES ('seq', 0), ('forgotten', 0);
"""


def index_path(folder: Path) -> Path:
    """Where the index of a state folder's store is."""
    return folder / "search.db"


def open_for_writing(folder: Path) -> apsw.Connection:
    """The index, made if there is none that this program can read. One process at a time writes it."""
    path = index_path(folder)
    try:
        connection = _writable(path)
        if _is_current(connection):
            return connection
        connection.close()
    except apsw.Error:
        pass  # damaged: it is made of the store, and can be again
    return begin_anew(folder)


def begin_anew(folder: Path) -> apsw.Connection:
    """An empty index in place of what is there; nobody else may have it open for writing."""
    path = index_path(folder)
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    connection = _writable(path)
    with connection:
        connection.execute(_TABLES)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    return connection


def _writable(path: Path) -> apsw.Connection:
    path.touch(mode=0o600, exist_ok=True)
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(5_000)
    # What a power cut takes back is read from the store again; nothing here needs to be durable.
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "cache_size = -65536", "wal_autocheckpoint = 4000"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _is_current(connection: apsw.Connection) -> bool:
    application, version = connection.pragma("application_id"), connection.pragma("user_version")
    return (application, version) == (APPLICATION_ID, VERSION)


def first_row(connection: apsw.Connection, sql: str, values: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    """The first row of a query that has one, such as a count."""
    return next(iter(connection.execute(sql, values)))
