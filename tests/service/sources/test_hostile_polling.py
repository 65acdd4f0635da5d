"""The poller in generated schedules: late events, moving pages, errors, crashes, a clock that jumps. Nothing is lost.

``TRAILBELL_LONG=1`` runs 10,000 schedules with 1,000,000 events in all.
"""

import os
from random import Random

import pytest

from trailbell.audit.answers import Page
from trailbell.audit.errors import ServerError
from trailbell.sources.errors import SourceError
from trailbell.sources.lags import LONGEST_US, Lags
from trailbell.sources.polling import Pace, Polling
from trailbell.sources.vonage import VonageSource
from trailbell.testing.vonage_ledger import EventLedger, Query
from trailbell_engine.event import Event
from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_time, from_datetime, parse_time

START_US = parse_time("2026-11-02T10:00:00Z")
LONG = os.environ.get("TRAILBELL_LONG") == "1"
BLOCKS, SCHEDULES = (100, 100) if LONG else (4, 10)
EVENTS = 100
POLLING = Polling(overlap_us=30 * SECOND_US, lateness_us=MINUTE_US, first_us=HOUR_US, window_us=DAY_US, page_size=7)


class Hostile:
    """An Audit API in this process: what is visible changes between two pages, and answers fail.

    It stands for the client, below which everything is HTTP; that is tested elsewhere.
    """

    base_url = "https://api.example"

    def __init__(self, random, count):
        self.random = random
        self.now_us = START_US
        self.jump_us = 0
        self.ledger = EventLedger(order=random.choice(["newest", "oldest", "id"]), inclusive=True)
        self.has_totals = random.random() < 0.8  # without, nobody can tell a short list from a whole one
        self.trouble = random.choice([0.0, 0.02, 0.1])
        longest_us = random.choice([20 * SECOND_US, 5 * MINUTE_US, 40 * MINUTE_US])
        self.hidden = []
        for number in range(count):
            time_us = START_US + random.randrange(HOUR_US)
            if random.random() < 0.3:  # many in one second, more than a page
                time_us = START_US + random.randrange(3) * 17 * MINUTE_US
            lag_us = random.randrange(longest_us) if random.random() < 0.1 else 0
            event = {
                "id": f"{number:08x}-0000-4000-a000-{random.getrandbits(48):012x}",
                "event_type": "USER_LOGIN",
                "created_at": format_time(time_us - time_us % SECOND_US)[:-1],
            }
            self.hidden.append((time_us + lag_us, number, event))
        self.hidden.sort(reverse=True)
        self.ids = {event["id"] for _, _, event in self.hidden}

    def reveal(self):
        while self.hidden and self.hidden[-1][0] <= self.now_us:
            self.ledger.add(self.hidden.pop()[2])

    def take_server_us(self):
        return self.now_us

    def local_us(self):
        return self.now_us + self.jump_us

    def page(self, number, *, size, date_from, date_to):
        self.now_us += self.random.randrange(300_000)
        self.reveal()
        if self.random.random() < self.trouble:
            raise ServerError("500", status=500)
        query = Query(frozenset(), from_datetime(date_from), from_datetime(date_to), "", "", number, size)
        found = self.ledger.all(query)
        if self.has_totals and self.random.random() < self.trouble:
            number += 1  # a page is skipped
        events = found[(number - 1) * size : number * size]
        if self.has_totals and self.random.random() < self.trouble:
            events = events[:-1]
        return Page(events, number, len(found) if self.has_totals else None)


class Store:
    """What is committed: the events known so far, and the checkpoint."""

    def __init__(self):
        self.known = set()
        self.checkpoint = None

    def commit(self, batch):
        fresh = []
        for item in batch.inputs:
            if isinstance(item, Event) and item.id not in self.known:
                self.known.add(item.id)
                fresh.append(item)
        self.checkpoint = batch.checkpoint or self.checkpoint
        if batch.fresh is not None:
            batch.fresh(fresh)


def run(seed, count):
    """One schedule: an hour of polling with crashes, then the daily re-scan. What was lost, and the store."""
    random = Random(seed)
    api, store = Hostile(random, count), Store()
    crashes = random.choice([0.0, 0.05, 0.3])

    def poll():
        pace = Pace(follow=False, now_us=api.local_us)
        try:
            for batch in VonageSource(api, POLLING, pace=pace).batches(store.checkpoint):
                if random.random() < crashes:
                    return
                store.commit(batch)
        except SourceError as error:
            if not error.transient:
                raise

    while api.now_us < START_US + 2 * HOUR_US:
        poll()
        api.now_us += random.choice([10, 60, 60, 600]) * SECOND_US
        api.jump_us = random.choice([0, 0, 0, 3 * HOUR_US, -HOUR_US])
        api.reveal()
    api.jump_us, api.trouble, crashes = 0, 0.0, 0.0
    for _ in range(2):
        api.now_us = max(api.now_us, START_US + DAY_US) + HOUR_US
        api.reveal()
        poll()
    return api.ids - store.known, store


@pytest.mark.parametrize("block", range(BLOCKS))
def test_no_event_is_lost_in_any_schedule(block):
    """Late, on moving pages, in one second, across errors, crashes and clocks that jump: all of them arrive."""
    for number in range(SCHEDULES):
        lost, _ = run(block * SCHEDULES + number, EVENTS)
        assert not lost, f"schedule {block * SCHEDULES + number} lost {len(lost)}"


def test_events_that_come_later_than_any_overlap_are_counted():
    """The deep re-scan takes them, and the checkpoint says how many they were."""
    missed = [run(seed, EVENTS)[1].checkpoint["lags"]["missed"] for seed in range(40)]
    assert any(missed)


def test_the_overlap_is_twice_the_greatest_lag_of_a_week():
    """No less than was configured, and no more than a day."""
    lags = Lags("x", 5 * MINUTE_US)
    assert lags.overlap_us == 5 * MINUTE_US
    lags.late([_event(START_US - 4 * MINUTE_US)], START_US - MINUTE_US, START_US)
    assert lags.overlap_us == 8 * MINUTE_US
    lags.late([_event(START_US - 1)], START_US - MINUTE_US, START_US)
    again = Lags("x", 5 * MINUTE_US, lags.to_json())
    assert again.overlap_us == 8 * MINUTE_US
    later_us = START_US + 7 * DAY_US
    again.late([_event(later_us - 1 * MINUTE_US)], later_us, later_us)
    assert again.overlap_us == 5 * MINUTE_US
    again.late([_event(later_us - 2 * DAY_US)], later_us, later_us)
    assert again.overlap_us == LONGEST_US


def test_what_a_re_scan_finds_doubles_the_overlap(caplog):
    """It came later than the overlap; how much later nobody saw."""
    lags = Lags("x", 5 * MINUTE_US)
    lags.overlooked([], START_US)
    assert lags.missed == 0
    lags.overlooked([_event(START_US)], START_US)
    assert (lags.missed, lags.overlap_us) == (1, 10 * MINUTE_US)
    assert "1 event that came later" in caplog.text


def _event(time_us):
    return Event("x", str(time_us), "T", time_us, {})
