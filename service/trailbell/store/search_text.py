"""What the index is asked, before events are looked at: the trigrams of a text, the fingerprint of a user's id."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import apsw

_ASKED: Final = 5
"""Trigrams asked for per text, the rarest first. More make each question slower and find little less."""
_USER_ID: Final = "CAST(input.data AS TEXT), '$.user_id'"
USER: Final = (
    f"CASE json_type({_USER_ID}) WHEN 'text' THEN json_extract({_USER_ID}) "
    "WHEN 'null' THEN NULL ELSE CAST(input.data AS TEXT) -> '$.user_id' END"
)
"""An event's user id as text, in SQL: what is no text as JSON writes it, as in PostgreSQL; NULL if it has none.

Index and search say it in the same words. SQLite's own texts would be ``1`` for true, ``9.2e+18`` for a large number.
"""
_CONTINUATIONS: Final = 200
"""How many trigrams a text of one or two letters may stand for; beyond, it is in so many events that reading them one
after the other finds it sooner."""


def fingerprint(user_id: str) -> int:
    """A number of 48 bits for a user id: six bytes an event, however long the ids are. Two users may share one."""
    return int.from_bytes(blake2b(user_id.encode(), digest_size=6).digest())


def impossible(text: str) -> bool:
    """Whether no JSON of ours can hold the text: control characters are always escaped in it."""
    return any(character < " " for character in text) or any("\ud800" <= character <= "\udfff" for character in text)


def match_of(connection: apsw.Connection, text: str) -> str | None:
    """The FTS5 question that every event with the text meets; None if every event may have it.

    Everything in it is quoted: no text is read as syntax.
    """
    if len(text) >= 3:
        grams = {text[start : start + 3] for start in range(len(text) - 2)}
        rarest = sorted(grams, key=lambda gram: (_commonness(connection, gram), gram))[:_ASKED]
        return " AND ".join(map(_quoted, rarest))
    terms = [
        str(row[0])
        for row in connection.execute(
            "SELECT term FROM search.trigram WHERE term >= ? AND term < ? LIMIT ?",
            (text, text + "\U0010ffff", _CONTINUATIONS + 1),
        )
    ]
    if len(terms) > _CONTINUATIONS:
        return None
    return f"({' OR '.join(map(_quoted, terms))})" if terms else '"\U0010ffff\U0010ffff\U0010ffff"'


def _commonness(connection: apsw.Connection, gram: str) -> int:
    row = connection.execute("SELECT events FROM search.gram WHERE text = ?", (gram,)).fetchone()
    return int(row[0]) if row else 0


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
