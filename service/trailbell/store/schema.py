"""The tables of the store, as numbered steps: a store is brought up step by step.

They are written once, as SQLite has them; ``postgres_sql`` says them in PostgreSQL's types. What only one of
them has, each adds in its own words.
"""

from __future__ import annotations

from typing import Final

STATE_TABLES: Final = """
    CREATE TABLE shelf (
        number  INTEGER PRIMARY KEY,
        rule_id TEXT NOT NULL,
        version TEXT NOT NULL,
        part    TEXT NOT NULL,
        UNIQUE (rule_id, version, part)
    );
    CREATE TABLE state (
        shelf      INTEGER NOT NULL,
        key        TEXT NOT NULL,
        value      BLOB NOT NULL,
        expires_us INTEGER,
        grain      INTEGER,                   -- when to look whether it has expired; no later than it does
        wakes_us   INTEGER,                   -- a condition may fire because nothing came until then
        wakes_source TEXT,
        PRIMARY KEY (shelf, key)
    ) WITHOUT ROWID;
    CREATE INDEX state_grain ON state (grain) WHERE grain IS NOT NULL;
"""
"""What rules remember; a dry-run that remembers too much for its memory has these tables in a file of its own."""

_TABLES: Final = """
    -- What came in, in the order it came: replaying it gives the same alerts.
    CREATE TABLE input (
        seq        INTEGER PRIMARY KEY AUTOINCREMENT,  -- a number never comes again, also of what was deleted
        source     TEXT NOT NULL,
        kind       INTEGER NOT NULL,          -- 0 event, 1 clock tick
        id         TEXT,
        event_type TEXT,
        time_us    INTEGER NOT NULL,
        untimed    INTEGER NOT NULL DEFAULT 0,
        data       BLOB
    );
    CREATE UNIQUE INDEX input_identity ON input (source, id) WHERE kind = 0;
    CREATE INDEX input_time ON input (source, time_us) WHERE kind = 0;
    -- Which events were deleted, for the search index, which is a file of its own.
    CREATE TABLE forgotten (
        number INTEGER PRIMARY KEY,
        seq    INTEGER NOT NULL
    );

    CREATE TABLE quarantine (
        seq    INTEGER PRIMARY KEY,
        source TEXT NOT NULL,
        place  TEXT NOT NULL,
        reason TEXT NOT NULL,
        raw    BLOB NOT NULL,
        digest BLOB NOT NULL,
        UNIQUE (source, digest)
    );

    CREATE TABLE rule_version (
        rule_id   TEXT NOT NULL,
        version   TEXT NOT NULL,
        after_seq INTEGER NOT NULL,           -- of the inputs up to there it only learned
        until_seq INTEGER,                    -- of the inputs after that it heard nothing; NULL while it runs
        PRIMARY KEY (rule_id, version, after_seq)
    ) WITHOUT ROWID;

    CREATE TABLE content (
        name      TEXT NOT NULL,              -- `list vips`, `lookup people`
        digest    TEXT NOT NULL,
        after_seq INTEGER NOT NULL,           -- used for the inputs after that one
        PRIMARY KEY (name, after_seq)
    ) WITHOUT ROWID;

    CREATE TABLE source (
        name         TEXT PRIMARY KEY,
        lateness_us  INTEGER NOT NULL DEFAULT 0,
        watermark_us INTEGER,
        left_off     INTEGER NOT NULL DEFAULT 0,  -- it sends no more for now: nobody waits for it
        checkpoint   BLOB
    ) WITHOUT ROWID;

    CREATE TABLE alert (
        id           TEXT PRIMARY KEY,
        rule_id      TEXT NOT NULL,
        severity     TEXT NOT NULL,
        opened_at_us INTEGER NOT NULL,
        record       BLOB NOT NULL,           -- the engine's alert
        wording      BLOB NOT NULL            -- what people were told
    ) WITHOUT ROWID;
    CREATE INDEX alert_opened ON alert (opened_at_us, rule_id, id);

    CREATE TABLE outbox (
        seq           INTEGER PRIMARY KEY,     -- the order of a queue's deliveries
        id            TEXT NOT NULL UNIQUE,
        alert_id      TEXT NOT NULL,
        receiver      TEXT NOT NULL,
        target        TEXT NOT NULL,
        kind          TEXT NOT NULL,
        thread        TEXT NOT NULL,           -- the episode of its group
        number        INTEGER NOT NULL,        -- of the message in its thread
        reason        TEXT NOT NULL,           -- why this receiver is told
        body          BLOB NOT NULL,           -- rendered once; every attempt sends these bytes
        created_us    INTEGER NOT NULL,
        not_before_us INTEGER NOT NULL,
        attempts      INTEGER NOT NULL,
        state         TEXT NOT NULL,
        uncertain     INTEGER NOT NULL,
        last_error    TEXT NOT NULL,
        reference     TEXT NOT NULL,
        lease_epoch   INTEGER NOT NULL,
        diverted      TEXT NOT NULL DEFAULT '' -- the receiver that was told instead, while this one failed
    );
    CREATE INDEX outbox_open ON outbox (receiver, target, seq)
        WHERE state IN ('pending', 'leased', 'ambiguous', 'parked');
    CREATE INDEX outbox_undiverted ON outbox (receiver, target, seq)
        WHERE diverted = '' AND state IN ('pending', 'leased', 'ambiguous', 'parked');
    CREATE INDEX outbox_leased ON outbox (receiver, target, lease_epoch) WHERE state = 'leased';
    CREATE INDEX outbox_aside ON outbox (receiver, target) -- those that have failed ``GIVE_WAY`` times
        WHERE attempts >= 5 AND state IN ('pending', 'leased', 'ambiguous', 'parked');
    CREATE INDEX outbox_alert ON outbox (alert_id);
    CREATE INDEX outbox_thread ON outbox (receiver, thread, number);
    CREATE INDEX outbox_notice ON outbox (thread) WHERE kind = 'meta';

    -- What became of each attempt to deliver.
    CREATE TABLE attempt (
        seq         INTEGER PRIMARY KEY,
        delivery_id TEXT NOT NULL,
        number      INTEGER NOT NULL,
        at_us       INTEGER NOT NULL,
        outcome     TEXT NOT NULL,            -- delivered, retry, ambiguous, rejected; given up, by a person
        words       TEXT NOT NULL
    );
    CREATE INDEX attempt_delivery ON attempt (delivery_id);

    -- How the receivers do, by queue; those that work have no row.
    CREATE TABLE breaker (
        receiver TEXT NOT NULL,
        target   TEXT NOT NULL,
        failures INTEGER NOT NULL,
        since_us INTEGER NOT NULL,
        probe_us INTEGER NOT NULL,
        reason   TEXT NOT NULL,
        PRIMARY KEY (receiver, target)
    ) WITHOUT ROWID;

    -- Groups of alerts on their way to a receiver, with their timers.
    CREATE TABLE delivery_group (
        key     TEXT PRIMARY KEY,
        wake_us INTEGER,
        value   BLOB NOT NULL
    ) WITHOUT ROWID;

    -- Open alerts that keep others from being told.
    CREATE TABLE inhibitor (
        seq      INTEGER PRIMARY KEY,
        alert_id TEXT NOT NULL UNIQUE,
        labels   BLOB NOT NULL,
        until_us INTEGER
    );

    -- How far event time is, for the timers of groups.
    CREATE TABLE delivery_clock (
        id    INTEGER PRIMARY KEY CHECK (id = 1),
        value BLOB NOT NULL
    );

    -- Why something was or was not done about an alert.
    CREATE TABLE decision (
        seq      INTEGER PRIMARY KEY,
        alert_id TEXT NOT NULL,
        at_us    INTEGER NOT NULL,            -- event time
        what     TEXT NOT NULL,
        receiver TEXT NOT NULL,
        detail   TEXT NOT NULL,
        until_us INTEGER,
        thread   TEXT NOT NULL,
        number   INTEGER NOT NULL,
        severity TEXT NOT NULL DEFAULT ''     -- as which it was told
    );
    CREATE INDEX decision_alert ON decision (alert_id);
    CREATE INDEX decision_message ON decision (thread, number) WHERE what = 'told';

    CREATE TABLE silence (
        id        TEXT PRIMARY KEY,
        starts_us INTEGER NOT NULL,
        ends_us   INTEGER NOT NULL,
        record    BLOB NOT NULL
    ) WITHOUT ROWID;

    -- What people have done about an alert.
    CREATE TABLE handling (
        seq      INTEGER PRIMARY KEY,
        alert_id TEXT NOT NULL,
        at_us    INTEGER NOT NULL,            -- event time
        what     TEXT NOT NULL,               -- acknowledged, unacknowledged, resolved
        author   TEXT NOT NULL,
        comment  TEXT NOT NULL
    );
    CREATE INDEX handling_alert ON handling (alert_id);

    -- Messages that are changed when what they tell of changes.
    CREATE TABLE card (
        receiver    TEXT NOT NULL,
        target      TEXT NOT NULL,
        thread      TEXT NOT NULL,
        delivery_id TEXT NOT NULL,            -- of its first message
        created_us  INTEGER NOT NULL,
        content     BLOB NOT NULL,            -- what it tells of
        version     INTEGER NOT NULL,         -- grows with every change of that
        shown       INTEGER NOT NULL,         -- the version it shows
        digest      BLOB NOT NULL,            -- of the body it shows
        standing    BLOB NOT NULL,            -- that people have heard of
        firings     INTEGER NOT NULL,         -- that people have heard of
        noted_us    INTEGER NOT NULL,
        look_us     INTEGER,                  -- to be looked at then without a change
        fails       INTEGER NOT NULL,
        PRIMARY KEY (receiver, thread, target)
    ) WITHOUT ROWID;
    CREATE INDEX card_thread ON card (thread);
    CREATE INDEX card_marked ON card (receiver, target) WHERE version > shown OR look_us IS NOT NULL;

    -- The time of each source that has been read to the end. Spans neither overlap nor touch one of their own sort.
    CREATE TABLE covered (
        source   TEXT NOT NULL,
        from_us  INTEGER NOT NULL,
        until_us INTEGER NOT NULL,
        late     INTEGER NOT NULL,            -- 1 if it was read long after it happened
        PRIMARY KEY (source, from_us)
    ) WITHOUT ROWID;

    -- What is known of a source that was ever watched, by the wall clock.
    CREATE TABLE watched (
        source     TEXT PRIMARY KEY,
        kind       TEXT NOT NULL,
        ran_us     INTEGER NOT NULL,          -- somebody ran who would have read it
        seen_us    INTEGER,                   -- it was read
        heard_us   INTEGER,                   -- something new came
        newest_us  INTEGER                    -- when its newest event happened
    ) WITHOUT ROWID;

    -- When something was wrong with a source, by the wall clock.
    CREATE TABLE trouble (
        source   TEXT NOT NULL,
        trouble  TEXT NOT NULL,               -- failing, lagging, quiet; stopped: nobody ran
        since_us INTEGER NOT NULL,
        until_us INTEGER,                     -- NULL while it is
        told     INTEGER NOT NULL,            -- 1 once it is recorded as an event
        reason   TEXT NOT NULL,
        PRIMARY KEY (source, trouble, since_us)
    ) WITHOUT ROWID;

    -- How far each source had been read when other rules began to run.
    CREATE TABLE reached (
        after_seq INTEGER NOT NULL,
        source    TEXT NOT NULL,
        until_us  INTEGER NOT NULL,
        PRIMARY KEY (after_seq, source)
    ) WITHOUT ROWID;

    CREATE TABLE meta (
        name  TEXT PRIMARY KEY,
        value INTEGER NOT NULL
    ) WITHOUT ROWID;
    INSERT INTO meta VALUES ('epoch', 0);
"""

_FORGETTING: Final = """
    CREATE TRIGGER input_forgotten AFTER DELETE ON input WHEN OLD.kind = 0
    BEGIN
        INSERT INTO forgotten (seq) VALUES (OLD.seq);
    END;
"""

_QUARANTINE_TIME: Final = """
    ALTER TABLE quarantine ADD COLUMN at_us INTEGER NOT NULL DEFAULT 0; -- when it came; 0 where nobody noted it
    CREATE INDEX quarantine_time ON quarantine (at_us);
"""

TABLES: Final[tuple[str, ...]] = (_TABLES + STATE_TABLES, _QUARANTINE_TIME)
"""What each step makes in any engine."""
STEPS: Final[tuple[str, ...]] = (TABLES[0] + _FORGETTING, *TABLES[1:])
"""The steps of SQLite."""
