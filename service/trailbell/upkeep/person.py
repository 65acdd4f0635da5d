"""Taking one person out of the store: every record that names them, and every byte of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from trailbell.store.address import Address
from trailbell.store.database import Database, open_database

from .backup import DERIVED
from .retention import forget_alerts

SHORTEST_TEXT: Final = 3
"""Shorter texts are in everything."""


class _Place(NamedTuple):
    """A table, the columns that tell its rows apart, and those in which texts of events and people stand."""

    table: str
    key: tuple[str, ...]
    columns: tuple[str, ...]


_ALERTS: Final = _Place("alert", ("id",), ("record", "wording"))
_PLACES: Final = {
    "events": _Place("input", ("seq",), ("data", "id")),
    "quarantined records": _Place("quarantine", ("seq",), ("raw", "place", "reason")),
    "windows": _Place("state", ("shelf", "key"), ("key", "value")),
    "alerts": _ALERTS,
    "deliveries": _Place("outbox", ("seq",), ("body", "target")),
    "groups": _Place("delivery_group", ("key",), ("key", "value")),
    "inhibiting alerts": _Place("inhibitor", ("seq",), ("labels",)),
    "decisions": _Place("decision", ("seq",), ("detail",)),
    "acknowledgements": _Place("handling", ("seq",), ("author", "comment")),
    "silences": _Place("silence", ("id",), ("record",)),
}
_LETTER: Final = rb"[a-z0-9\x80-\xff]"
_PART: Final = rb"[a-z0-9\x80-\xff_%+-]"
"""What a name or an address goes on with: who looks for Ana does not mean Diana."""


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
            forget_alerts(database, [alert_id for (alert_id,) in _naming(database, _ALERTS, needles)])
            for place in _PLACES.values():
                is_row = " AND ".join(f"{name} = ?" for name in place.key)
                for key in list(_naming(database, place, needles)):
                    database.execute(f"DELETE FROM {place.table} WHERE {is_row}", key)  # noqa: S608 - our own names
        # The search index and the free pages hold copies: the one is made anew, the others are written over.
        for name in DERIVED:
            (database.folder / name).unlink(missing_ok=True)
        database.overwrite()
    return found


def _counts(database: Database, needles: tuple[bytes, ...]) -> dict[str, int]:
    return {name: sum(1 for _ in _naming(database, place, needles)) for name, place in _PLACES.items()}


def _naming(database: Database, place: _Place, needles: tuple[bytes, ...]) -> Iterator[tuple[Any, ...]]:
    """The keys of the rows in one of whose columns one of the needles stands, as a word or words of its own."""
    columns = [database.lowered(column) for column in place.columns]
    numbers = range(1, len(needles) + 1)
    holds = " OR ".join(f"coalesce(instr({column}, ?{number}), 0) > 0" for column in columns for number in numbers)
    rows = database.rows(
        f"SELECT {', '.join((*place.key, *columns))} FROM {place.table} WHERE {holds}",  # noqa: S608 - our own names
        needles,
    )
    named = re.compile(b"|".join(map(_word, needles)))
    width = len(place.key)
    return (row[:width] for row in rows if any(text is not None and named.search(text) for text in row[width:]))


def _word(needle: bytes) -> bytes:
    """A pattern for the needle where no name or address goes on beyond its ends, as far as these are letters or digits.

    What JSON writes for a line's end or a tab ends with a letter, and is none.
    """
    begins, ends = re.match(_LETTER, needle[:1]), re.match(_LETTER, needle[-1:])
    before = rb"(?:(?<!" + _PART + rb")(?<![a-z0-9]\.)|(?<=\\[bfnrt]))" if begins else b""
    after = rb"(?!" + _PART + rb")(?!\.[a-z0-9])" if ends else b""
    return before + re.escape(needle) + after


def _needles(text: str) -> tuple[bytes, ...]:
    """How the text may stand in JSON: as it is, and with everything beyond ASCII written out."""
    if len(text.strip()) < SHORTEST_TEXT:
        raise ValueError(f"a text of {SHORTEST_TEXT} characters at least")
    lowered = "".join(character.lower() if character.isascii() else character for character in text)
    plain = orjson.dumps(lowered)[1:-1]
    escaped = json.dumps(lowered)[1:-1].encode()
    return tuple(dict.fromkeys((plain, lowered.encode(), escaped)))
