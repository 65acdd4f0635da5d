"""Parts that the tests of the HTTP server stand on."""

from __future__ import annotations

from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from threading import Thread

import pytest

from trailbell.http.app import application
from trailbell.http.observed import Observed
from trailbell.http.parts import Parts
from trailbell.http.server import HttpServer
from trailbell.http.serving import inboxes_of, serving_engine
from trailbell.http.settings import HttpSettings
from trailbell.live import Live
from trailbell.store.ledger import StoreLedger
from trailbell.store.reading import SqliteReaders, open_reader
from trailbell.store.search import EventSearch
from trailbell.store.search_index import SearchIndex
from trailbell.store.searching import keeper_of
from trailbell.wiring import Receivers
from trailbell_engine.rule import RuleSet


@pytest.fixture
def recorded(store):
    """A function: a store of this test with those events recorded, and its folder."""

    def make(events, name="state"):
        database = store(name)
        ledger = StoreLedger(database)
        with ledger.transaction():
            for event in events:
                ledger.record([event])
            for source in sorted({event.source for event in events}):
                ledger.complete(source, {}, None)
        return database

    return make


@pytest.fixture
def searching(tmp_path):
    """A function: index and search over the store of that name; both are closed at the end."""
    closing = []

    def make(name="state"):
        reader = open_reader(tmp_path / name)
        index = SearchIndex(tmp_path / name, reader)
        readers = SqliteReaders(tmp_path / name)
        closing.extend((readers, index, reader))
        return index, EventSearch(readers)

    yield make
    for part in closing:
        part.close()


@pytest.fixture
def serving(address):
    """A function: a server over the store of that name, without an engine; gives its parts and itself."""
    with ExitStack() as stack:

        def make(name="state", *, rules=None, watch=None, **settings):
            chosen = HttpSettings(port=0, **settings)
            inboxes = inboxes_of(chosen)
            keeper = stack.enter_context(keeper_of(address(name)))
            parts = Parts(
                settings=chosen, keeper=keeper, store=address(name), rules=lambda: rules or RuleSet(()), inboxes=inboxes
            )
            return parts, stack.enter_context(HttpServer(application(parts), chosen, watch))

        yield make


@pytest.fixture
def running(store, address, rules):
    """A function: an engine with those rules and a server beside it; gives the server, the database and the engine."""
    with ExitStack() as stack:

        def make(text="", **settings):
            chosen = HttpSettings(port=0, **settings)
            database, rule_set, inboxes = store(), rules(text) if text else RuleSet(), inboxes_of(chosen)
            observed = Observed()
            live = Live(rule_set, database, Receivers({}, None), told=lambda _fresh: None, attempted=observed.attempt)
            stack.enter_context(live)
            server = stack.enter_context(
                serving_engine(
                    chosen,
                    address(),
                    lambda: rule_set,
                    engine=live,
                    database=database,
                    inboxes=inboxes,
                    observed=observed,
                )
            )
            engine = Thread(target=live.run, args=(list(inboxes.values()),))
            engine.start()
            stack.callback(engine.join)
            stack.callback(live.stop)
            with suppress(CancelledError):  # without sources it has ended by then
                live.call(lambda: None).result(60)  # from here on its rules run
            return server, database, live

        yield make
