"""Taking one person out of the store: every record that names them, and every byte of it."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import orjson

from trailbell.store.address import Address
from trailbell.store.database import Database, open_database

from .backup import DERIVED
from .retention import forget_alerts

SHORTEST_TEXT: Final = 3
"""Shorter texts are in everything."""

_PLACES: Final = {
    "events": ("input", ("data", "id")),
    "quarantined records": ("quarantine", ("raw", "place", "reason")),
    "windows": ("state", ("key", "value")),
    "alerts": ("alert", ("record", "wording")),
    "deliveries": ("outbox", ("body", "target")),
    "groups": ("delivery_group", ("key", "value")),
    "inhibiting alerts": ("inhibitor", ("labels",)),
    "decisions": ("decision", ("detail",)),
    "acknowledgements": ("handling", ("author", "comment")),
    "silences": ("silence", ("record",)),
}
"""What there is: the table, and its columns in which texts of events and of people stand."""


@dataclass(frozen=True, slots=True)
class Found:
    """How many rows name the person, by what they are."""

    rows: dict[str, int]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.rows.values())


def find_person(address: Address, text: str) -> Found:
    """Count what names a person; nothing is changed.

    Args:
        address: of the store.
        text: as it stands in events: an e-mail address, a name. Upper and lower case of ASCII letters are one.

    Raises:
        StoreError: if there is no store.
        ValueError: if the text is too short to mean somebody.
    """
    needles = _needles(text)
    with closing(open_database(address, write=False)) as database:
        return Found(_counts(database, needles))


def forget_person(address: Address, text: str) -> Found:
    """Delete what names a person, and overwrite where it stood. No engine may be running.

    Alerts go with all their deliveries. Windows that count the person's events start anew. What was sent is not in our
    hands any more; backups are files of their own.

    Raises:
        StoreError: if there is no store, or an engine is running on it.
        ValueError: if the text is too short to mean somebody.
    """
    needles = _needles(text)
    with closing(open_database(address)) as database:
        database.overwrite_deleted()
        with database.transaction():
            found = Found(_counts(database, needles))
            condition, values = _naming(database, ("record", "wording"), needles)
            alerts = database.rows(f"SELECT id FROM alert WHERE {condition}", values)  # noqa: S608 - our own names
            forget_alerts(database, [alert_id for (alert_id,) in alerts])
            for table, columns in _PLACES.values():
                condition, values = _naming(database, columns, needles)
                database.execute(f"DELETE FROM {table} WHERE {condition}", values)  # noqa: S608
        # The search index and the free pages hold copies: the one is made anew, the others are written over.
        for name in DERIVED:
            (database.folder / name).unlink(missing_ok=True)
        database.overwrite()
    return found


def _counts(database: Database, needles: tuple[bytes, ...]) -> dict[str, int]:
    counts = {}
    for name, (table, columns) in _PLACES.items():
        condition, values = _naming(database, columns, needles)
        (count,) = database.one(f"SELECT count(*) FROM {table} WHERE {condition}", values) or (0,)  # noqa: S608
        counts[name] = int(count)
    return counts


def _naming(database: Database, columns: tuple[str, ...], needles: tuple[bytes, ...]) -> tuple[str, tuple[bytes, ...]]:
    """A condition that holds for rows in one of whose columns one of the needles stands."""
    parts = [
        f"coalesce(instr({database.lowered(column)}, ?{number}), 0) > 0"
        for column in columns
        for number, _ in enumerate(needles, start=1)
    ]
    return " OR ".join(parts), needles


def _needles(text: str) -> tuple[bytes, ...]:
    """How the text may stand in JSON: as it is, and with everything beyond ASCII written out."""
    if len(text.strip()) < SHORTEST_TEXT:
        raise ValueError(f"a text of {SHORTEST_TEXT} characters at least")
    lowered = "".join(character.lower() if character.isascii() else character for character in text)
    plain = orjson.dumps(lowered)[1:-1]
    escaped = json.dumps(lowered)[1:-1].encode()
    return tuple(dict.fromkeys((plain, lowered.encode(), escaped)))
