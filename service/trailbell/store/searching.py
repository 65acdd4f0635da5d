"""Who reads the store beside the engine, wherever the store is: a server asks these and no engine's own."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

from trailbell_engine.event import Event

from .address import Address, PostgresAddress
from .reading import Readers
from .search import Filters, Found


class Search(Protocol):
    """Questions about recorded events."""

    def page(self, filters: Filters, offset: int, size: int) -> Found:
        """So many events of a list, after the first ``offset``.

        Raises:
            TooBroadError: if it takes longer than ten seconds.
        """

    def event(self, event_id: str, account: str | None = None) -> Event | None:
        """The event of that id, whatever its source; None if there is none, or it is another account's."""

    def types(self, account: str | None = None) -> list[str]:
        """The event types that there are events of."""


class Keeper(AbstractContextManager["Keeper", Any], Protocol):
    """Search and readers of one store.

    Attributes:
        readers: for everything that is no event.
    """

    @property
    def readers(self) -> Readers:
        """For everything that is no event."""

    @property
    def behind(self) -> int:
        """How many recorded inputs a search does not see yet."""

    def search(self) -> Search:
        """The search, with everything that is recorded now.

        Raises:
            BuildingError: if its index is far behind.
        """


def keeper_of(address: Address) -> Keeper:
    """The keeper of a store.

    Raises:
        StoreError: if there is no store, or it is not one that this program reads.
    """
    if isinstance(address, PostgresAddress):
        from .postgres_search import PostgresKeeper

        return PostgresKeeper(address)
    from .search_keeper import SearchKeeper

    return SearchKeeper(address)
