"""The tables of the store, as numbered steps: a store is brought up step by step."""

from __future__ import annotations

from typing import Final

STEPS: Final[tuple[str, ...]] = (
    """
    -- What came in, in the order it came: replaying it gives the same alerts.
    CREATE TABLE input (
        seq        INTEGER PRIMARY KEY,
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

    CREATE TABLE quarantine (
        seq    INTEGER PRIMARY KEY,
        source TEXT NOT NULL,
        place  TEXT NOT NULL,
        reason TEXT NOT NULL,
        raw    BLOB NOT NULL,
        digest BLOB NOT NULL,
        UNIQUE (source, digest)
    );

    CREATE TABLE state (
        rule_id    TEXT NOT NULL,
        version    TEXT NOT NULL,
        part       TEXT NOT NULL,
        key        TEXT NOT NULL,
        value      BLOB NOT NULL,
        expires_us INTEGER,
        wakes_us   INTEGER,                   -- a condition may fire because nothing came until then
        wakes_source TEXT,
        PRIMARY KEY (rule_id, version, part, key)
    ) WITHOUT ROWID;
    CREATE INDEX state_expiry ON state (expires_us) WHERE expires_us IS NOT NULL;
    CREATE INDEX state_waking ON state (wakes_us) WHERE wakes_us IS NOT NULL;

    CREATE TABLE rule_version (
        rule_id   TEXT NOT NULL,
        version   TEXT NOT NULL,
        after_seq INTEGER NOT NULL,           -- of the inputs up to there it only learned
        running   INTEGER NOT NULL,           -- in the rule set of the last run
        PRIMARY KEY (rule_id, version)
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
        reason        TEXT NOT NULL,           -- why this receiver is told
        body          BLOB NOT NULL,           -- rendered once; every attempt sends these bytes
        created_us    INTEGER NOT NULL,
        not_before_us INTEGER NOT NULL,
        attempts      INTEGER NOT NULL,
        state         TEXT NOT NULL,
        uncertain     INTEGER NOT NULL,
        last_error    TEXT NOT NULL,
        reference     TEXT NOT NULL,
        lease_epoch   INTEGER NOT NULL
    );
    CREATE INDEX outbox_open ON outbox (receiver, target, seq)
        WHERE state IN ('pending', 'leased', 'ambiguous', 'parked');
    CREATE INDEX outbox_alert ON outbox (alert_id);

    CREATE TABLE meta (
        name  TEXT PRIMARY KEY,
        value INTEGER NOT NULL
    ) WITHOUT ROWID;
    INSERT INTO meta VALUES ('epoch', 0);
    """,
)
