"""The server put together: over a state folder alone, or beside an engine that runs in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from trailbell.sources.inbox import Inbox
from trailbell.store.address import Address
from trailbell.store.database import Database
from trailbell.store.searching import keeper_of
from trailbell.tally import Tally
from trailbell_engine.rule import RuleSet

from .app import application
from .observed import Observed
from .parts import Parts
from .protocol import Watch
from .server import HttpServer
from .settings import HttpSettings


class Engine(Protocol):
    """What the server asks of a live run."""

    @property
    def tally(self) -> Tally:
        """Counts since its start."""

    def matching_counters(self) -> Mapping[str, int]:
        """Bytes and counts of what its matcher remembers."""

    def waiting(self) -> Mapping[str, int]:
        """How many messages wait where its sources get them, by source; of those that know."""

    def lost(self) -> Mapping[str, Mapping[str, int]]:
        """What was sent to its sources and not heard, by source and reason; of those that know."""

    def call(self, action: Callable[[], object]) -> object:
        """Have something done on its thread, between two groups."""


def inboxes_of(settings: HttpSettings) -> dict[str, Inbox]:
    """Where what is sent goes: a source for each name that senders have."""
    lateness_us: dict[str, int] = {}
    for sender in settings.senders:
        lateness_us[sender.source] = max(sender.lateness_us, lateness_us.get(sender.source, 0))
    return {name: Inbox(name, one_us) for name, one_us in lateness_us.items()}


@contextmanager
def serving_store(settings: HttpSettings, store: Address, rules: Callable[[], RuleSet]) -> Iterator[HttpServer]:
    """Serve what is recorded; nothing is taken in.

    Raises:
        StoreError: if there is no store, or it is not one that this program reads.
        ListenError: if the address cannot be listened on.
    """
    with keeper_of(store) as keeper:
        parts = Parts(settings=settings, keeper=keeper, store=store, rules=rules)
        with HttpServer(application(parts), settings, Watch(settings.per_address, parts.observed)) as server:
            yield server


@contextmanager
def serving_engine(
    settings: HttpSettings,
    store: Address,
    rules: Callable[[], RuleSet],
    *,
    engine: Engine,
    database: Database,
    inboxes: Mapping[str, Inbox],
    observed: Observed,
) -> Iterator[HttpServer]:
    """Serve beside an engine that runs, or is about to.

    Raises:
        ListenError: if the address cannot be listened on.
    """
    database.on_commit = observed.commit
    with keeper_of(store) as keeper:
        parts = Parts(
            settings=settings,
            keeper=keeper,
            store=store,
            rules=rules,
            tally=lambda: engine.tally,
            matching=engine.matching_counters,
            trouble=lambda patience_s: _trouble(engine, database, patience_s),
            inboxes=inboxes,
            observed=observed,
            waiting=engine.waiting,
            lost=engine.lost,
        )
        with HttpServer(application(parts), settings, Watch(settings.per_address, parts.observed)) as server:
            yield server


def _trouble(engine: Engine, database: Database, patience_s: float) -> str | None:
    """Have the engine write something to its store, on its own thread: then it is there, and so is the disk."""
    done = threading.Event()
    said: list[str] = []

    def write() -> None:
        try:
            with database.transaction():
                database.execute("UPDATE meta SET value = value WHERE name = 'epoch'")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
            said.append(f"the store cannot be written: {error}")
        done.set()

    engine.call(write)
    if not done.wait(patience_s):
        return f"the engine has not answered for {patience_s:g} seconds"
    return said[0] if said else None
