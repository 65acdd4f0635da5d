"""The store's list of deleted events gets shorter, and nothing that was deleted is ever found again."""

from __future__ import annotations

import itertools
import shutil
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailbell.store.forgotten import drop_taken_over
from trailbell.store.ledger import StoreLedger
from trailbell.store.reading import SqliteReaders, open_reader
from trailbell.store.search import EventSearch, Filters
from trailbell.store.search_index import SearchIndex
from trailbell.store.search_tables import index_path
from trailbell.upkeep.retention import Retention, step
from trailbell_engine.timestamps import DAY_US, parse_time

_numbers = itertools.count()


class World:
    """A store and its index, at which things happen."""

    def __init__(self, database, event):
        self.database = database
        self._event = event
        self._numbers = 0
        self.alive = set()
        self.reader = open_reader(database.folder)
        self.index = SearchIndex(database.folder, self.reader)

    def record(self, count):
        ledger = StoreLedger(self.database)
        with ledger.transaction():
            for _ in range(count):
                self._numbers += 1
                item = self._event(self._numbers)
                ledger.record([item])
                self.alive.add(item.id)

    def delete(self, newest, count):
        with self.database.transaction():
            rows = sorted(self.database.rows("SELECT seq, id FROM input"), reverse=newest)[:count]
            self.database.executemany("DELETE FROM input WHERE seq = ?", [(seq,) for seq, _ in rows])
        self.alive -= {event_id for _, event_id in rows}

    def catch_up(self, limit):
        self.index.catch_up(limit)

    def drop(self):
        with self.database.transaction():
            drop_taken_over(self.database)

    def reopen(self, *, power_cut=False):
        """The index is closed and opened; after a power cut it is what it was at an earlier moment."""
        self.index.close()
        kept = index_path(self.database.folder).with_suffix(".kept")
        if power_cut and kept.exists():
            shutil.copy(kept, index_path(self.database.folder))
        shutil.copy(index_path(self.database.folder), kept)
        self.index = SearchIndex(self.database.folder, self.reader)

    def check(self):
        """Lists, totals and searches know what is there, and nothing else."""
        while not self.index.catch_up():
            pass
        with closing(SqliteReaders(self.database.folder)) as readers:
            search = EventSearch(readers)
            for filters in (Filters(), Filters(text="ada@example"), Filters(types=("NUMBER_UPDATED",))):
                found = search.page(filters, 0, 1000)
                assert {item.id for item in found.events} == self.alive
                assert found.total == len(self.alive)

    def listed(self):
        """How long the list is."""
        return self.database.one("SELECT count(*) FROM forgotten")[0]

    def close(self):
        self.index.close()
        self.reader.close()


@pytest.fixture
def world(store, event):
    world = World(store(), event)
    yield world
    world.close()


STEPS = st.one_of(
    st.tuples(st.just("record"), st.integers(1, 6)),
    st.tuples(st.just("delete"), st.booleans(), st.integers(1, 6)),
    st.tuples(st.just("catch_up"), st.sampled_from([1, 3, None])),
    st.tuples(st.just("drop")),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS | st.tuples(st.just("reopen")), max_size=25), power_cut=st.booleans())
def test_nothing_that_was_deleted_is_found_again(store, event, steps, power_cut):
    """In whatever order events are recorded, deleted, indexed and dropped, and wherever the index is closed."""
    with closing(store(f"s{next(_numbers)}")) as database, closing(World(database, event)) as world:
        world.record(5)
        for what, *values in steps:
            getattr(world, what)(*values, **({"power_cut": power_cut} if what == "reopen" else {}))
        world.check()
        world.drop()
        assert world.listed() <= 1
        world.check()


def test_an_index_that_lost_its_last_seconds_is_made_anew(world):
    """A power cut takes back what it had removed, and the list knows that no more."""
    world.record(10)
    world.catch_up(None)
    world.reopen()
    world.delete(False, 6)
    world.catch_up(None)
    world.drop()
    assert world.listed() == 1
    world.reopen(power_cut=True)
    world.check()


def test_without_an_index_the_list_is_kept(store, event):
    """One may be in the making by another process."""
    with closing(World(store(), event)) as world:
        world.record(5)
        world.catch_up(None)
        world.delete(False, 3)
        index_path(world.database.folder).rename(world.database.folder / "elsewhere.db")
        world.drop()
        assert world.listed() == 3


def test_retention_shortens_the_list(world):
    """Hour by hour, or purge by purge, as events go."""
    retention, now_us = Retention(events_us=2 * DAY_US), parse_time("2026-11-04T10:00:30Z")
    world.record(20)
    world.catch_up(None)
    world.record(20)
    while step(world.database, retention, now_us).events:
        pass
    kept = {event_id for (event_id,) in world.database.rows("SELECT id FROM input WHERE kind = 0")}
    assert len(kept) == 11
    world.alive &= kept
    world.check()
    assert world.listed() == 29
    step(world.database, retention, now_us)
    assert world.listed() == 1
    world.check()
