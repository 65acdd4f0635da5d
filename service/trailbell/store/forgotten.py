"""The list of deleted events, kept for the search index: what the index has taken out leaves the list."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Final

import apsw

from .database import Database
from .search_tables import first_row, index_path

_BUSY_MS: Final = 100


def drop_taken_over(database: Database) -> int:
    """Shorten the list, inside a transaction. Without an index nothing is dropped: one may be in the making.

    The last entry that was taken over stays, since the next one is numbered after it; numbers never come again.

    Returns:
        How many entries went.
    """
    number = _taken_over(database.folder)
    return database.execute("DELETE FROM forgotten WHERE number < ?1", (number,)) if number else 0


def _taken_over(folder: Path) -> int:
    """Up to which number the index has taken out what was deleted; 0 if it cannot be told now."""
    try:
        # With the right to write, since a log without its writer cannot be read otherwise; nothing is written.
        with closing(apsw.Connection(str(index_path(folder)), flags=apsw.SQLITE_OPEN_READWRITE)) as index:
            index.set_busy_timeout(_BUSY_MS)
            return int(first_row(index, "SELECT value FROM progress WHERE name = 'forgotten'")[0])
    except (apsw.Error, StopIteration):
        return 0
