"""The order of lists: where in time the events of some filters are, how many, and which are at an offset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import apsw

from .search_tables import ALL, DAY, SLOT, first_row


class Piece(NamedTuple):
    """A stretch of time and how many of the events are in it."""

    from_us: int
    to_us: int
    events: int


class Scope(NamedTuple):
    """Filters in the index's numbers; ``from_us`` inclusive, ``to_us`` exclusive."""

    account: int
    types: tuple[int, ...]
    from_us: int
    to_us: int


def pieces(connection: apsw.Connection, scope: Scope) -> list[Piece]:
    """The stretches that have events, newest first: whole days where they fit, then slots, then the ragged ends."""
    return [piece for piece in _cut(connection, scope, scope.from_us, scope.to_us, (DAY, SLOT)) if piece.events]


def _cut(
    connection: apsw.Connection, scope: Scope, from_us: int, to_us: int, widths: tuple[tuple[str, int], ...]
) -> Iterator[Piece]:
    if from_us >= to_us:
        return
    if not widths:
        yield Piece(from_us, to_us, _exactly(connection, scope, from_us, to_us))
        return
    (table, width_us), *finer = widths
    first, last = -(-from_us // width_us), to_us // width_us
    if first >= last:
        yield from _cut(connection, scope, from_us, to_us, tuple(finer))
        return
    yield from _cut(connection, scope, last * width_us, to_us, tuple(finer))
    kinds = scope.types or (ALL,)
    for start, events in connection.execute(
        f"SELECT start, sum(events) FROM search.{table} WHERE account = ? AND type IN ({marks(kinds)}) "  # noqa: S608 - constants
        "AND start >= ? AND start < ? GROUP BY start ORDER BY start DESC",
        (scope.account, *kinds, first, last),
    ):
        yield Piece(start * width_us, (start + 1) * width_us, events)
    yield from _cut(connection, scope, from_us, first * width_us, tuple(finer))


def _exactly(connection: apsw.Connection, scope: Scope, from_us: int, to_us: int) -> int:
    kinds = scope.types or all_types(connection)
    row = first_row(
        connection,
        f"SELECT count(*) FROM search.place WHERE account = ? AND type IN ({marks(kinds)}) "  # noqa: S608 - constants
        "AND time_us >= ? AND time_us < ?",
        (scope.account, *kinds, from_us, to_us),
    )
    return int(row[0])


def at(connection: apsw.Connection, scope: Scope, stretches: Iterable[Piece], offset: int, size: int) -> list[int]:
    """The numbers of the events from ``offset`` on, newest first."""
    seqs: list[int] = []
    for piece in stretches:
        if offset >= piece.events:
            offset -= piece.events
            continue
        for part in _cut(connection, scope, piece.from_us, piece.to_us, (SLOT,)):
            if offset >= part.events:
                offset -= part.events
                continue
            seqs.extend(_in_order(connection, scope, part, offset, size - len(seqs)))
            offset = 0
            if len(seqs) >= size:
                return seqs
    return seqs


def _in_order(connection: apsw.Connection, scope: Scope, part: Piece, offset: int, size: int) -> list[int]:
    kinds = scope.types or all_types(connection)
    rows = connection.execute(
        f"SELECT seq FROM search.place WHERE account = ? AND type IN ({marks(kinds)}) "  # noqa: S608 - constants
        "AND time_us >= ? AND time_us < ? ORDER BY time_us DESC, seq DESC LIMIT ? OFFSET ?",
        (scope.account, *kinds, part.from_us, part.to_us, size, offset),
    )
    return [row[0] for row in rows]


def all_types(connection: apsw.Connection) -> tuple[int, ...]:
    """The numbers of all event types."""
    return tuple(row[0] for row in connection.execute("SELECT id FROM search.term WHERE kind = 'type'"))


def marks(values: tuple[int, ...]) -> str:
    """As many question marks as there are values."""
    return ", ".join("?" * len(values))
