"""Lists of recorded events: filtered, counted and paged without reading what is not on the page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import apsw

from trailbell_engine.decoding.exact_json import read_json
from trailbell_engine.event import Event

from .reading import Readers, SqliteReaders
from .search_hits import Wanted, hits
from .search_places import Scope, at, pieces
from .search_tables import ALL, DAY, first_row
from .search_text import impossible

COUNT_LIMIT: Final = 10_000
"""Events with a text are counted up to here. Beyond, the total is how many there are without asking for the text."""
COLUMNS: Final = "source, id, event_type, time_us, data, untimed"
"""Of ``input``: what makes an event."""


class Filters(NamedTuple):
    """Which events; all that are given must hold.

    Attributes:
        account: the event's ``account_id``; None is every account.
        types: event types; empty is every type.
        from_us: not before this instant, microseconds UTC; None is open.
        to_us: before this instant; None is open.
        text: what the compact JSON of the event contains, exactly.
        user_id: what the event's ``user_id`` is, as text.
    """

    account: str | None = None
    types: tuple[str, ...] = ()
    from_us: int | None = None
    to_us: int | None = None
    text: str = ""
    user_id: str = ""


class Found(NamedTuple):
    """Part of a list.

    Attributes:
        events: newest first by time; with a text or a user, newest first as they were recorded.
        total: how many the whole list has; more than it has, where counting stopped (``exact`` is false).
        exact: whether ``total`` is the number, and not only no less than it.
        more: whether the list goes on.
    """

    events: list[Event]
    total: int
    exact: bool
    more: bool


class EventSearch:
    """Questions to the store and its search index. Safe to use from several threads."""

    def __init__(self, readers: SqliteReaders) -> None:
        self._readers = readers

    def page(self, filters: Filters, offset: int, size: int) -> Found:
        """So many events of a list, after the first ``offset``.

        Raises:
            TooBroadError: if a search for a text takes longer than ten seconds.
        """
        with self._readers.connection() as connection:
            connection.execute("BEGIN")  # one snapshot for counting and reading
            try:
                return _page(connection, filters, offset, size)
            finally:
                connection.execute("ROLLBACK")

    def event(self, event_id: str, account: str | None = None) -> Event | None:
        """The event of that id, whatever its source; None if there is none, or it is another account's."""
        return one_event(self._readers, event_id, account)

    def types(self, account: str | None = None) -> list[str]:
        """The event types that there are events of."""
        number = ALL if account is None else self._number("account", account)
        rows = self._readers.rows(
            "SELECT text FROM search.term WHERE kind = 'type' AND text != '' AND EXISTS "
            "(SELECT 1 FROM search.per_day WHERE account = ? AND type = term.id) ORDER BY text",
            (number,),
        )
        return [row[0] for row in rows]

    def _number(self, kind: str, text: str) -> int:
        row = self._readers.one("SELECT id FROM search.term WHERE kind = ? AND text = ?", (kind, text))
        return -1 if row is None else int(row[0])


def _page(connection: apsw.Connection, filters: Filters, offset: int, size: int) -> Found:
    scope = _scope(connection, filters)
    if scope is None:
        return Found([], 0, exact=True, more=False)
    stretches = pieces(connection, scope)
    total = sum(piece.events for piece in stretches)
    if filters.text or filters.user_id:
        return _searched(connection, filters, scope, total, slice(offset, offset + size))
    seqs = at(connection, scope, stretches, offset, size)
    return Found(_events(connection, seqs), total, exact=True, more=offset + size < total)


def _scope(connection: apsw.Connection, filters: Filters) -> Scope | None:
    """The filters in numbers, the range cut to where events are; None if they let nothing through."""

    def number(kind: str, text: str) -> int | None:
        row = connection.execute("SELECT id FROM search.term WHERE kind = ? AND text = ?", (kind, text)).fetchone()
        return None if row is None else int(row[0])

    account = ALL if filters.account is None else number("account", filters.account)
    types = tuple(known for text in sorted(set(filters.types)) if (known := number("type", text)) is not None)
    if account is None or (filters.types and not types) or impossible(filters.text + filters.user_id):
        return None
    first, last = first_row(
        connection, "SELECT min(start), max(start) FROM search.per_day WHERE account = ? AND type = ?", (account, ALL)
    )
    if first is None:
        return None
    from_us, to_us = first * DAY[1], (last + 1) * DAY[1]
    from_us = from_us if filters.from_us is None else max(from_us, filters.from_us)
    to_us = to_us if filters.to_us is None else min(to_us, filters.to_us)
    return Scope(account, types, from_us, to_us) if from_us < to_us else None


def _searched(connection: apsw.Connection, filters: Filters, scope: Scope, total: int, wanted: slice) -> Found:
    enough = max(COUNT_LIMIT, wanted.stop) + 1
    seqs = hits(connection, Wanted(filters.text, filters.user_id), scope, total, enough)
    exact = len(seqs) < enough
    return Found(
        _events(connection, seqs[wanted]),
        len(seqs) if exact else max(total, len(seqs)),
        exact=exact,
        more=len(seqs) > wanted.stop,
    )


def _events(connection: apsw.Connection, seqs: Iterable[int]) -> list[Event]:
    sql = f"SELECT {COLUMNS} FROM input WHERE seq = ? AND kind = 0"  # noqa: S608 - constants
    rows = (connection.execute(sql, (seq,)).fetchone() for seq in seqs)
    return [event_of(row) for row in rows if row is not None]  # deleted since it was indexed


def one_event(readers: Readers, event_id: str, account: str | None) -> Event | None:
    """The event of that id, whatever its source; None if there is none, or it is another account's."""
    for (source,) in readers.rows("SELECT name FROM source ORDER BY name"):
        row = readers.one(
            f"SELECT {COLUMNS} FROM input WHERE kind = 0 AND source = ? AND id = ?",  # noqa: S608 - constants
            (source, event_id),
        )
        if row is not None:
            event = event_of(row)
            if account is None or event.data.get("account_id") == account:
                return event
    return None


def event_of(row: tuple[Any, ...]) -> Event:
    """A row of ``COLUMNS``."""
    source, event_id, event_type, time_us, data, untimed = row
    return Event(source, event_id, event_type, time_us, read_json(data), bool(untimed))
