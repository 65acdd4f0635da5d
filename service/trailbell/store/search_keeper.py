"""The search index, kept up in the background; whoever reads gets everything that was recorded before."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Final, Self

from .reading import SqliteReaders, open_reader
from .search import EventSearch
from .search_index import SearchIndex

log = logging.getLogger("trailbell")

_CHUNK: Final = 2_000
_NEAR: Final = 10_000
"""So many new events a reader waits for; more, and it is told to come again."""
_EVERY_S: Final = 0.25
_OTHERS_S: Final = 2.0
"""How long a reader waits where another process keeps the index."""


class BuildingError(Exception):
    """The index is far behind, as after its first start; a list would have holes.

    Attributes:
        behind: how many recorded inputs it has not seen yet.
    """

    def __init__(self, behind: int) -> None:
        super().__init__(f"the index of events is being built; {behind:,} are left")
        self.behind = behind


class SearchKeeper:
    """Index and search of a state folder, from ``with`` to its end.

    One process keeps the index of a folder; another one beside it only reads.
    """

    def __init__(self, folder: Path) -> None:
        """Open.

        Raises:
            StoreError: if there is no store, or it is not one that this program reads.
        """
        self._reader = open_reader(folder)
        try:
            self._index: SearchIndex | None = SearchIndex(folder, self._reader)
        except BlockingIOError:
            self._index = None
        self.readers = SqliteReaders(folder)
        self._search = EventSearch(self.readers)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="search-index", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ending.set()
        self._thread.join()
        self.readers.close()
        if self._index is not None:
            self._index.close()
        self._reader.close()

    @property
    def behind(self) -> int:
        """How many recorded inputs the index has not seen yet."""
        row = self.readers.one(
            "SELECT (SELECT coalesce(max(seq), 0) FROM input) - value FROM search.progress WHERE name = 'seq'"
        )
        return max(0, int(row[0])) if row else 0

    def search(self) -> EventSearch:
        """The search, with everything that is recorded now.

        Raises:
            BuildingError: if the index is far behind.
        """
        behind = self.behind
        if behind > _NEAR:
            raise BuildingError(behind)
        if self._index is not None:
            self._index.catch_up()
            return self._search
        deadline_s = time.monotonic() + _OTHERS_S
        while (behind := self.behind) and time.monotonic() < deadline_s:
            time.sleep(0.02)
        if behind:
            raise BuildingError(behind)
        return self._search

    def _keep(self) -> None:
        while self._index is not None and not self._ending.is_set():
            try:
                done = self._index.catch_up(_CHUNK)
            except Exception:  # the next round tries again; readers are told what went wrong by their own
                log.exception("the index of events cannot be kept up")
                done = True
            self._ending.wait(_EVERY_S if done else 0.001)
