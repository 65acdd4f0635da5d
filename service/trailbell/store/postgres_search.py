"""Lists of recorded events in PostgreSQL: asked of the table itself, by its own indexes over time and type.

There is no index of words here. A search for a text reads the events that the other filters leave, and is ended after
ten seconds. See docs/adr/0013-postgresql.md for why.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple, Self

from psycopg.errors import QueryCanceled

from trailbell_engine.event import Event

from .address import PostgresAddress
from .database import StoreError
from .postgres import PostgresDatabase
from .postgres_readers import PostgresReaders
from .search import COLUMNS, COUNT_LIMIT, Filters, Found, event_of, one_event
from .search_hits import TooBroadError
from .search_text import impossible

_PATIENCE: Final = "10s"
_ACCOUNT: Final = (
    "json_extract(data, '$.account_id') = ? AND "
    "json_typeof(CAST(without_nul(convert_from(data, 'UTF8')) AS json) -> 'account_id') = 'string'"  # 1 is not "1"
)
_USER: Final = "json_extract(data, '$.user_id') = ?"


class _Asked(NamedTuple):
    """A condition and its values."""

    sql: str
    values: tuple[Any, ...]


class PostgresSearch:
    """Questions to the store. Safe to use from several threads."""

    def __init__(self, readers: PostgresReaders) -> None:
        self._readers = readers

    def page(self, filters: Filters, offset: int, size: int) -> Found:
        """So many events of a list, after the first ``offset``.

        Raises:
            TooBroadError: if it takes longer than ten seconds.
        """
        if impossible(filters.text + filters.user_id):
            return Found([], 0, exact=True, more=False)
        with self._readers.session() as session:
            try:
                with session.snapshot():  # one moment for counting and reading
                    session.execute(f"SET LOCAL statement_timeout = '{_PATIENCE}'")
                    return _page(session, filters, offset, size)
            except StoreError as error:
                if isinstance(error.__cause__, QueryCanceled):
                    words = "the search takes too long; narrow it with date_from and date_to"
                    raise TooBroadError(words) from error
                raise

    def event(self, event_id: str, account: str | None = None) -> Event | None:
        """The event of that id, whatever its source; None if there is none, or it is another account's."""
        return one_event(self._readers, event_id, account)

    def types(self, account: str | None = None) -> list[str]:
        """The event types that there are events of."""
        found: list[str] = []
        next_type = "SELECT min(event_type) FROM input WHERE kind = 0 AND event_type > ?"
        after = ""
        while (row := self._readers.one(next_type, (after,))) is not None and row[0] is not None:
            after = str(row[0])  # from type to type, however many events each has
            found.append(after)
        if account is None:
            return found
        theirs = f"SELECT 1 FROM input WHERE kind = 0 AND event_type = ? AND {_ACCOUNT} LIMIT 1"  # noqa: S608 - constants
        return [name for name in found if self._readers.one(theirs, (name, account)) is not None]


class PostgresKeeper:
    """Search and readers of a store in PostgreSQL, from ``with`` to its end; there is nothing to keep up."""

    behind = 0
    """How many recorded inputs a search does not see."""

    def __init__(self, address: PostgresAddress) -> None:
        """Open.

        Raises:
            StoreError: if there is no store, or it is not one that this program reads.
        """
        self.readers = PostgresReaders(address)
        self.readers.one("SELECT 1")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.readers.close()

    def search(self) -> PostgresSearch:
        """The search, with everything that is recorded now."""
        return PostgresSearch(self.readers)


def _page(session: PostgresDatabase, filters: Filters, offset: int, size: int) -> Found:
    scope = _scope(filters)
    row = session.one(f"SELECT count(*) FROM input WHERE {scope.sql}", scope.values)  # noqa: S608 - of constants
    total = int(row[0]) if row else 0
    if filters.text or filters.user_id:
        return _searched(session, filters, scope, total, slice(offset, offset + size))
    rows = session.rows(
        f"SELECT {COLUMNS} FROM input WHERE {scope.sql} ORDER BY time_us DESC, seq DESC LIMIT ? OFFSET ?",  # noqa: S608 - of constants
        (*scope.values, size, offset),
    )
    return Found([event_of(row) for row in rows], total, exact=True, more=offset + size < total)


def _searched(session: PostgresDatabase, filters: Filters, scope: _Asked, total: int, wanted: slice) -> Found:
    """Newest first as they were recorded; counting stops where enough is known."""
    enough = max(COUNT_LIMIT, wanted.stop) + 1
    tests: dict[str, Any] = {}
    if filters.text:
        tests["instr(data, ?) > 0"] = filters.text.encode()
    if filters.user_id:
        tests[_USER] = filters.user_id
    sql = f"SELECT seq FROM input WHERE {' AND '.join((scope.sql, *tests))} ORDER BY seq DESC LIMIT ?"  # noqa: S608 - of constants
    seqs = [row[0] for row in session.rows(sql, (*scope.values, *tests.values(), enough))]
    exact = len(seqs) < enough
    found = [session.one(f"SELECT {COLUMNS} FROM input WHERE seq = ?", (seq,)) for seq in seqs[wanted]]  # noqa: S608 - constants
    return Found(
        [event_of(row) for row in found if row is not None],
        len(seqs) if exact else max(total, len(seqs)),
        exact=exact,
        more=len(seqs) > wanted.stop,
    )


def _scope(filters: Filters) -> _Asked:
    """All filters but those that look into the event."""
    tests: list[tuple[str, tuple[Any, ...]]] = [("kind = 0", ())]
    if filters.from_us is not None:
        tests.append(("time_us >= ?", (filters.from_us,)))
    if filters.to_us is not None:
        tests.append(("time_us < ?", (filters.to_us,)))
    if filters.types:
        tests.append((f"event_type IN ({', '.join('?' * len(filters.types))})", filters.types))
    if filters.account is not None:
        tests.append((_ACCOUNT, (filters.account,)))
    return _Asked(" AND ".join(sql for sql, _ in tests), tuple(value for _, values in tests for value in values))
