"""The search index gives what reading every event would give."""

from __future__ import annotations

import random

import pytest

from trailbell.store import search_hits
from trailbell.store.ledger import StoreLedger
from trailbell.store.search import Filters
from trailbell.store.search_keeper import BuildingError, SearchKeeper
from trailbell.store.searching import keeper_of
from trailbell_engine.decoding.exact_json import write_json
from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US

START_US = 1_793_000_000 * SECOND_US
TYPES = ("APP_CREATE", "NUMBER_UPDATED", "USER_LOGIN", "")


@pytest.fixture
def crowd(event):
    """A function: so many events over some weeks, some sharing a second, in disorder, of three accounts."""

    def make(number, seed=1):
        rng = random.Random(seed)
        spans = (SECOND_US, MINUTE_US, HOUR_US, DAY_US, 20 * DAY_US)
        events = []
        for position in range(number):
            account = rng.choice([{"account_id": "one"}, {"account_id": "two"}, {"account_id": None}])
            person = f"user{rng.randrange(30)}@example.com"
            item = event(
                position,
                rng.choice(TYPES),
                source=rng.choice(["vonage", "app"]),
                user_email=person,
                user_id=rng.choice([rng.randrange(100, 120), "zoë"]),
                note=rng.choice(['a "quoted" \\ text', "line\nbreak", "日本語", "ÆØ", "100%_x", "* OR NOT"]),
                **account,
            )
            offset_us = rng.randrange(rng.choice(spans)) // rng.choice([1, SECOND_US]) * SECOND_US
            events.append(item._replace(time_us=START_US + offset_us % (30 * DAY_US)))
        return events

    return make


def matching(events, filters):
    """What the filters let through, by looking at every event."""
    return [
        (seq, item)
        for seq, item in enumerate(events, start=1)
        if (filters.account is None or item.data.get("account_id") == filters.account)
        and (not filters.types or item.event_type in filters.types)
        and (filters.from_us is None or item.time_us >= filters.from_us)
        and (filters.to_us is None or item.time_us < filters.to_us)
        and filters.text in write_json(item.data).decode()
        and (not filters.user_id or str(item.data.get("user_id")) == filters.user_id)
    ]


def filters_of(rng):
    """Some filters, each there or not."""
    edges = sorted(START_US + rng.randrange(30 * DAY_US) // rng.choice([1, DAY_US, HOUR_US]) for _ in range(2))
    texts = [
        "user7@example.com",
        "e",
        "ë",
        "日本",
        "\\n",
        '\\"quoted\\" \\\\',
        "%_",
        "* OR",
        "NOT",
        "no such",
        '"a',
        "\n",
    ]
    return Filters(
        account=rng.choice([None, None, "one", "nobody"]),
        types=rng.choice([(), (), ("USER_LOGIN",), ("APP_CREATE", "NUMBER_UPDATED", "NONE")]),
        from_us=rng.choice([None, edges[0]]),
        to_us=rng.choice([None, edges[1]]),
        text=rng.choice(["", *texts]),
        user_id=rng.choice(["", "", "107", "zoë"]),
    )


@pytest.mark.parametrize("read_limit", [0, 100, 20_000])
def test_lists(crowd, recorded, searching, monkeypatch, read_limit):
    """Every combination of filters, every page: the events, their order and their number are those of a full scan."""
    monkeypatch.setattr(search_hits, "_READ_LIMIT", read_limit)
    events = crowd(3_000)
    recorded(events)
    index, search = searching()
    assert index.catch_up()
    rng = random.Random(2)
    for _ in range(150):
        filters = filters_of(rng)
        expected = matching(events, filters)
        if filters.text or filters.user_id:
            expected.sort(key=lambda pair: -pair[0])
        else:
            expected.sort(key=lambda pair: (-pair[1].time_us, -pair[0]))
        offset, size = rng.choice([0, 0, 1, 7, 100, 2_000]), rng.choice([1, 30, 100])
        found = search.page(filters, offset, size)
        assert [item.id for item in found.events] == [item.id for _, item in expected[offset : offset + size]], filters
        assert (found.total, found.exact) == (len(expected), True)
        assert found.more == (offset + size < len(expected))


def test_what_the_store_deletes_is_forgotten(crowd, recorded, searching):
    """Deleted events are in no list, no total and no text search any more; the rest is as if they had never been."""
    events = crowd(600)
    database = recorded(events)
    index, search = searching()
    index.catch_up()
    gone = {seq for seq in range(1, 601) if seq % 3 == 0}
    with database.transaction():
        database.executemany("DELETE FROM input WHERE seq = ?", [(seq,) for seq in gone])
    assert index.catch_up()
    rng = random.Random(3)
    for _ in range(40):
        filters = filters_of(rng)
        left = [pair for pair in matching(events, filters) if pair[0] not in gone]
        found = search.page(filters, 0, 600)
        assert {item.id for item in found.events} == {item.id for _, item in left}
        assert found.total == len(left)


def test_the_order_of_indexing_does_not_matter(crowd, recorded, searching):
    """Caught up in steps while the store grows, or at once at its end: lists are the same."""
    events = crowd(500)
    ledger = StoreLedger(recorded(events[:100], "steps"))
    index, steps = searching("steps")
    assert index.catch_up(37) is False
    with ledger.transaction():
        for item in events[100:]:
            ledger.record([item])
    while not index.catch_up(37):
        pass
    recorded(events, "whole")
    whole_index, whole = searching("whole")
    whole_index.catch_up()
    for filters in (Filters(), Filters(text="example.com"), Filters(account="one", types=("USER_LOGIN",))):
        assert steps.page(filters, 0, 500) == whole.page(filters, 0, 500)
    assert whole.page(Filters(), 0, 500).total == 500


def test_a_number_that_is_given_again(recorded, searching, event):
    """If the newest event is deleted, the next one may get its number; it is found all the same."""
    database = recorded([event(1), event(2, "OLD")])
    index, search = searching()
    index.catch_up()
    with database.transaction():
        database.execute("DELETE FROM input WHERE id = ?", (event(2).id,))
    ledger = StoreLedger(database)
    with ledger.transaction():
        ledger.record([event(3, "NEW")])
    index.catch_up()
    assert [item.event_type for item in search.page(Filters(), 0, 10).events] == ["NEW", "NUMBER_UPDATED"]
    assert search.types() == ["NEW", "NUMBER_UPDATED"]


def test_a_damaged_index_is_made_again(crowd, recorded, searching, tmp_path):
    """The index is made of the store alone: whatever becomes of its file, it comes back."""
    recorded(crowd(100))
    for damage in (b"", b"not a database at all" * 500):
        (tmp_path / "state" / "search.db").write_bytes(damage)
        index, search = searching()
        index.catch_up()
        assert search.page(Filters(text="example.com"), 0, 1).total == 100
        index.close()


def test_one_process_keeps_the_index(crowd, recorded, searching, tmp_path):
    """A second one finds it taken, and reads it."""
    recorded(crowd(10))
    searching()
    with SearchKeeper(tmp_path / "state") as second, pytest.raises(BuildingError):
        second.search()  # nobody has begun, and it is not the second one's to do


def test_a_search_that_takes_too_long_is_ended(crowd, recorded, searching, monkeypatch):
    """It says so, and gives no list with holes."""
    monkeypatch.setattr(search_hits, "_PATIENCE_S", 0.0)
    monkeypatch.setattr(search_hits, "_CHECK_EVERY", 1)
    recorded(crowd(50))
    index, search = searching()
    index.catch_up()
    with pytest.raises(search_hits.TooBroadError, match="narrow it"):
        search.page(Filters(text="no such"), 0, 1)
    assert search.page(Filters(), 0, 1).total == 50


def test_a_user_is_found_without_looking_at_others(recorded, searching, event, monkeypatch):
    """An id of few different digits has no piece that is rare; its events are found in so few steps all the same."""
    monkeypatch.setattr(search_hits, "_READ_LIMIT", 10)
    monkeypatch.setattr(search_hits, "_PATIENCE_S", 0.0)  # the first look at the clock ends the search
    monkeypatch.setattr(search_hits, "_CHECK_EVERY", 1_000)
    recorded([event(number, user_id=1_000_000 + number % 500, note="1000000 001 010 100") for number in range(1_000)])
    index, search = searching()
    index.catch_up()
    for text in ("", "001"):
        found = search.page(Filters(user_id="1000000", text=text), 0, 10)
        assert [item.id for item in found.events] == [event(500).id, event(0).id]
    with pytest.raises(search_hits.TooBroadError):
        search.page(Filters(text="1000000"), 0, 10)


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
@pytest.mark.parametrize("read_limit", [0, 20_000])
@pytest.mark.parametrize(
    ("user_id", "asked"),
    [
        ("12", "12"),
        (12, "12"),
        ('zo\u00eb "x" \\ \U0001f600', 'zo\u00eb "x" \\ \U0001f600'),
        (True, "true"),
        (2**63, "9223372036854775808"),
        (-(10**30), "-1" + "0" * 30),
        (1e-7, "1e-7"),
        (1.5, "1.5"),
        ({"of": [1.50, "x"]}, '{"of":[1.5,"x"]}'),
    ],
)
def test_a_user_id_is_found_as_json_writes_it(recorded, address, event, monkeypatch, user_id, asked, read_limit):
    """In both stores alike: a text without its quotes, everything else as it stands in the event."""
    monkeypatch.setattr(search_hits, "_READ_LIMIT", read_limit)
    odd = event(1, user_id=user_id)
    recorded([event(0), odd, event(2, user_id=None), event(3, user_id=1)])
    with keeper_of(address()) as keeper:
        found = keeper.search()
        assert [item.id for item in found.page(Filters(user_id=asked), 0, 10).events] == [odd.id]
        assert found.page(Filters(user_id="null"), 0, 10).events == []


def test_reading_does_not_hold_up_writing(crowd, recorded, searching, event):
    """While a reader stands in the middle of a list, the engine commits."""
    database = recorded(crowd(200))
    index, search = searching()
    index.catch_up()
    with search._readers.connection() as connection:
        rows = iter(connection.execute("SELECT seq FROM input ORDER BY seq"))
        next(rows)
        ledger = StoreLedger(database)
        with ledger.transaction():
            ledger.record([event(5_000)])
        assert len(list(rows)) == 199  # the reader goes on with what was there when it began
    index.catch_up()
    assert search.page(Filters(), 0, 1).total == 201
