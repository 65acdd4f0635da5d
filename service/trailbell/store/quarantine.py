"""Records that are no events, kept with the reason: the first of those that are equal."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from trailbell_engine.event import Malformed

from .database import Database


class Quarantined(NamedTuple):
    """A record in quarantine; ``seq`` is its number, greater for later ones."""

    seq: int
    record: Malformed


def keep(database: Database, record: Malformed, now_us: int) -> bool:
    """Keep a record, inside a transaction; False if it is there already.

    Args:
        database: open for writing.
        record: what is no event. One without bytes is known by its place and reason.
        now_us: when it came; microseconds since the epoch, UTC.
    """
    source, place, reason, raw = record
    digest = hashlib.sha256(raw or f"{place}\n{reason}".encode()).digest()
    changed = database.execute(
        "INSERT INTO quarantine (source, place, reason, raw, digest, at_us) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (source, place, reason, raw, digest, now_us),
    )
    return changed > 0


def newest(database: Database, source: str | None, limit: int) -> Sequence[Quarantined]:
    """The newest records, the newest first.

    Args:
        database: may be open for reading only.
        source: only of this one.
        limit: how many at most.
    """
    condition, values = ("", ()) if source is None else ("WHERE source = ?", (source,))
    rows = database.rows(
        f"SELECT seq, source, place, reason, raw FROM quarantine {condition} ORDER BY seq DESC LIMIT ?",  # noqa: S608 - our own words
        (*values, limit),
    )
    return [Quarantined(seq, Malformed(*record)) for seq, *record in rows]


def forget(database: Database, before_us: int, now_us: int, limit: int) -> int:
    """Delete some of what came before an instant, inside a transaction; how many.

    What an earlier version kept has no time: it counts from now on.
    """
    database.execute("UPDATE quarantine SET at_us = ? WHERE at_us = 0", (now_us,))
    return database.execute(
        "DELETE FROM quarantine WHERE seq IN (SELECT seq FROM quarantine WHERE at_us < ? ORDER BY at_us LIMIT ?)",
        (before_us, limit),
    )
