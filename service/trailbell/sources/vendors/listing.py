"""Windows from APIs that list what happened between two instants page by page, with a cursor from page to page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from trailbell.sources.window import Window
from trailbell_engine.values import Json

PAGES_LIMIT: Final = 10_000
"""So many pages belong to no window that was meant; a cursor that never ends is a fault of the API."""


class ListPage(NamedTuple):
    """One page.

    Attributes:
        records: of the page.
        cursor: names the next page; None on the last.
    """

    records: list[Json]
    cursor: str | None


def listed(page: Callable[[str | None], ListPage], place: str) -> Window:
    """All pages of one listing.

    Args:
        page: fetches the page that a cursor names, the first for None; raises ``SourceError``.
        place: where they are from, for people.
    """
    records: list[Json] = []
    seen: set[str] = set()
    cursor: str | None = None
    for _ in range(PAGES_LIMIT):
        current = page(cursor)
        records += current.records
        cursor = current.cursor
        if cursor is None:
            return Window(records, place)
        if cursor in seen:
            return Window(records, place, "the API gave a cursor for the second time")
        seen.add(cursor)
    return Window(records, place, f"the API gave more than {PAGES_LIMIT:,} pages")
