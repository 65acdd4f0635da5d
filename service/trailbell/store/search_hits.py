"""Events that hold a text, or are a user's: an index names candidates, and each is looked at before it counts."""

from __future__ import annotations

import time
from typing import Any, Final, NamedTuple

import apsw

from .search_places import Scope, all_types, marks
from .search_tables import ALL, DAY, first_row
from .search_text import USER, fingerprint, match_of

_READ_LIMIT: Final = 20_000
"""Where the other filters leave no more than this, all those events are read, and no index of words is asked."""
_PATIENCE_S: Final = 10.0
_CHECK_EVERY: Final = 20_000
"""Instructions of SQLite between two looks at the clock; some hundred microseconds."""


class TooBroadError(Exception):
    """A search would take longer than anybody should wait."""


class Wanted(NamedTuple):
    """What to look for inside events; an empty text is not looked for.

    Attributes:
        text: what the event's compact JSON contains.
        user_id: the event's ``user_id``, as text.
    """

    text: str
    user_id: str


def hits(connection: apsw.Connection, wanted: Wanted, scope: Scope, in_scope: int, limit: int) -> list[int]:
    """The numbers of the events with what is wanted, those recorded last first, at most ``limit``.

    Args:
        connection: to the store, with the index attached.
        wanted: what to look for.
        scope: among which events.
        in_scope: how many there are in it.
        limit: how many are enough.

    Raises:
        TooBroadError: if it takes longer than ten seconds.
    """
    deadline_s = time.monotonic() + _PATIENCE_S
    connection.set_progress_handler(lambda: time.monotonic() > deadline_s, _CHECK_EVERY)
    try:
        sql, values = _among(connection, wanted, scope, in_scope)
        tests, texts = _tests(wanted)
        return [
            row[0] for row in connection.execute(f"{sql} AND {tests} ORDER BY 1 DESC LIMIT ?", (*values, *texts, limit))
        ]
    except apsw.InterruptError:
        raise TooBroadError("the search takes too long; narrow it with date_from and date_to") from None
    finally:
        connection.set_progress_handler(None)


def _among(
    connection: apsw.Connection, wanted: Wanted, scope: Scope, in_scope: int
) -> tuple[str, tuple[int | str, ...]]:
    """SQL for the candidates. ``CROSS JOIN`` fixes who is asked first."""
    if in_scope <= _READ_LIMIT:
        kinds = scope.types or all_types(connection)
        sql = (
            "SELECT place.seq FROM search.place CROSS JOIN input ON input.seq = place.seq "  # noqa: S608 - constants
            f"WHERE place.account = ? AND place.type IN ({marks(kinds)}) AND place.time_us >= ? AND place.time_us < ?"
        )
        return sql, (scope.account, *kinds, scope.from_us, scope.to_us)
    tests, values = _scope_tests(connection, scope)
    if wanted.user_id:
        tests, values = f"{tests} AND entry.user = ?", (*values, fingerprint(wanted.user_id))
    match = _words(connection, wanted)
    if match is None:
        by = "INDEXED BY entry_user" if wanted.user_id else ""
        sql = f"SELECT entry.seq FROM search.entry {by} CROSS JOIN input ON input.seq = entry.seq WHERE {tests}"  # noqa: S608 - constants
        return sql, values
    sql = (
        "SELECT words.rowid FROM search.words CROSS JOIN search.entry ON entry.seq = words.rowid "  # noqa: S608 - constants
        f"CROSS JOIN input ON input.seq = entry.seq WHERE words MATCH ? AND words.rowid BETWEEN ? AND ? AND {tests}"
    )
    return sql, (match, *values[:2], *values)


def _words(connection: apsw.Connection, wanted: Wanted) -> str | None:
    """What to ask the index of words; None where it names no fewer events than the rest of what is asked."""
    if not wanted.text or (wanted.user_id and _events_of(connection, wanted.user_id) <= _READ_LIMIT):
        return None
    return match_of(connection, wanted.text)


def _events_of(connection: apsw.Connection, user_id: str) -> int:
    """How many events a user has, counted no further than what is read without more ado."""
    row = first_row(
        connection,
        "SELECT count(*) FROM (SELECT 1 FROM search.entry INDEXED BY entry_user WHERE user = ? LIMIT ?)",
        (fingerprint(user_id), _READ_LIMIT + 1),
    )
    return int(row[0])


def _scope_tests(connection: apsw.Connection, scope: Scope) -> tuple[str, tuple[int, ...]]:
    """The scope as tests of ``entry``, the numbers within the bounds that days remember for theirs."""
    first, last = first_row(
        connection,
        "SELECT min(first), max(last) FROM search.per_day WHERE account = ? AND type = ? AND start BETWEEN ? AND ?",
        (scope.account, ALL, scope.from_us // DAY[1], scope.to_us // DAY[1]),
    )
    tests = ["entry.seq BETWEEN ? AND ?", "entry.time_us >= ?", "entry.time_us < ?"]
    values: list[int] = [first or 0, last or 0, scope.from_us, scope.to_us]
    if scope.account != ALL:
        tests.append("entry.account = ?")
        values.append(scope.account)
    if scope.types:
        tests.append(f"entry.type IN ({marks(scope.types)})")
        values.extend(scope.types)
    return " AND ".join(tests), tuple(values)


def _tests(wanted: Wanted) -> tuple[str, tuple[Any, ...]]:
    tests: list[str] = []
    values: list[Any] = []
    if wanted.text:
        tests.append("instr(input.data, ?)")
        values.append(wanted.text.encode())
    if wanted.user_id:
        tests.append(f"{USER} = ?")
        values.append(wanted.user_id)
    return " AND ".join(tests), tuple(values)
