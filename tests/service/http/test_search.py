"""The search index gives what reading every event would give."""

from __future__ import annotations

import random

import pytest

from trailbell.store import search_hits
from trailbell.store.search import Filters
from trailbell_engine.decode import write_json
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


@pytest.mark.parametrize("read_limit", [0, 20_000])
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
