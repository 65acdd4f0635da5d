"""The poller against a fake Audit API that does what offset paging over a live log does: nothing may be lost."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailbell.audit import AuditClient, RetryPolicy
from trailbell.sources.base import LIVE_BATCH
from trailbell.sources.errors import SourceError
from trailbell.sources.polling import Pace, Polling
from trailbell.sources.vonage import VonageSource
from trailbell.testing.vonage_api import KEY, SECRET, FakeAuditApi
from trailbell.testing.vonage_faults import Body, Drop, Insert, Pass, RepeatPage, Status, Truncate
from trailbell_engine.event import Event, Malformed, Tick
from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_time, parse_time

START_US = parse_time("2026-11-02T10:00:00Z")


def event_at(number, time_us):
    return {
        "id": f"{number:08x}-0000-4000-a000-000000000000",
        "event_type": "USER_LOGIN",
        "created_at": format_time(time_us - time_us % SECOND_US)[:-1],
        "account_id": "abcd1234",
    }


class World:
    """A clock that the test moves, and events that happen at one instant and become visible at another."""

    def __init__(self, api):
        self.api = api
        self.now_us = START_US
        self.hidden = []  # (visible_us, event)
        self.troubles = []
        self.client = AuditClient(
            KEY, SECRET, api.base_url, retry=RetryPolicy(attempts=3, sleep=self.sleep, jitter=lambda: 1.0)
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()

    def happen(self, number, time_us, lag_us=0):
        self.hidden.append((time_us + lag_us, event_at(number, time_us)))
        self.reveal()

    def reveal(self):
        for visible_us, event in self.hidden:
            if visible_us <= self.now_us:
                self.api.add(event)
        self.hidden = [(visible_us, event) for visible_us, event in self.hidden if visible_us > self.now_us]

    def sleep(self, seconds):
        self.now_us += int(seconds * SECOND_US)
        self.reveal()

    def source(self, polling=None, **keywords):
        since_us = keywords.pop("since_us", None)
        keywords = {"now_us": lambda: self.now_us, "sleep": self.sleep, "on_trouble": self.troubles.append} | keywords
        return VonageSource(self.client, polling, since_us=since_us, pace=Pace(**keywords))


@pytest.fixture
def api():
    with FakeAuditApi() as api:
        yield api


@pytest.fixture
def world(api):
    with World(api) as world:
        yield world


def read(source, checkpoint=None):
    """All of a bounded source: inputs, and the last checkpoint."""
    inputs = []
    for batch in source.batches(checkpoint):
        assert len(batch.inputs) <= LIVE_BATCH
        inputs.extend(batch.inputs)
        checkpoint = batch.checkpoint or checkpoint
    return inputs, checkpoint


def ids(inputs):
    return [item.id for item in inputs if isinstance(item, Event)]


# One window


def test_a_window_ends_with_a_tick_and_a_checkpoint(world):
    """The tick is the window's end less the lateness; both say that everything before is there."""
    world.happen(1, START_US - 3 * MINUTE_US)
    (batch,) = world.source(follow=False).batches(None)
    event, tick = batch.inputs
    end_us = START_US - SECOND_US
    assert event == Event("vonage", event.id, "USER_LOGIN", START_US - 3 * MINUTE_US, event_at(1, event.time_us))
    assert tick == Tick(end_us - MINUTE_US, "vonage")
    assert batch.checkpoint["reached_us"] == end_us
    assert batch.checkpoint["last_time_us"] == event.time_us


def test_an_empty_window_still_moves_time(world):
    """A rule about absence needs the clock."""
    (batch,) = world.source(follow=False).batches(None)
    assert [type(item) for item in batch.inputs] == [Tick]


def test_only_the_last_batch_of_a_window_carries_the_checkpoint(world):
    """A crash in the middle asks for the whole window again."""
    for number in range(250):
        world.happen(number, START_US - HOUR_US + number * SECOND_US)
    batches = list(world.source(follow=False).batches(None))
    assert [len(batch.inputs) for batch in batches] == [100, 100, 51]
    assert [batch.checkpoint is None for batch in batches] == [True, True, False]
    assert len(set(ids(item for batch in batches for item in batch.inputs))) == 250


def test_events_come_in_the_order_of_time(world):
    """The API's order is anybody's guess."""
    for number in range(50):
        world.happen(number, START_US - Random(number).randrange(HOUR_US))
    inputs, _ = read(world.source(follow=False))
    times = [item.time_us for item in inputs[:-1]]
    assert times == sorted(times)


def test_catching_up_goes_in_windows_of_a_day_without_pauses(world, api):
    """And every window has both ends pinned, the later ones with an overlap."""
    world.sleep = None  # a pause would fail
    source = world.source(since_us=START_US - 2 * DAY_US - HOUR_US, follow=False)
    assert len(list(source.batches(None))) == 3
    windows = [(seen.parameters["date_from"], seen.parameters["date_to"]) for seen in api.seen]
    assert windows == [
        ("2026-10-31T09:00:00", "2026-11-01T09:00:00"),
        ("2026-11-01T08:55:00", "2026-11-02T09:00:00"),
        ("2026-11-02T08:55:00", "2026-11-02T09:59:59"),
    ]


def test_a_record_that_is_no_event_is_malformed_and_stops_nothing(world, api):
    """The window is complete with it."""
    api.script(Body(b'{"_embedded": {"events": [5, {"id": "a", "created_at": "?"}]}, "page": {"totalElements": 2}}'))
    inputs, checkpoint = read(world.source(follow=False))
    malformed, event, _tick = inputs
    assert isinstance(malformed, Malformed)
    assert (event.id, event.untimed, event.time_us) == ("a", True, START_US - DAY_US)
    assert checkpoint


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("order", ["newest", "oldest", "id"])
def test_neither_order_nor_the_bounds_of_the_api_matter(order, inclusive):
    """Both are undocumented; a second that holds more events than a page is nothing special either."""
    with FakeAuditApi(order=order, inclusive=inclusive) as api, World(api) as world:
        for number in range(40):
            world.happen(number, START_US - (number % 4) * SECOND_US)
        polling = Polling(page_size=3)
        inputs, checkpoint = read(world.source(polling, follow=False))
        world.sleep(5)
        more, _ = read(world.source(polling, follow=False), checkpoint)
        assert set(ids(inputs + more)) == {event_at(number, 0)["id"] for number in range(40)}


# A list that moves


def late(*numbers):
    return Insert(tuple(event_at(number, START_US - 30 * MINUTE_US) for number in numbers))


@pytest.mark.parametrize(
    "faults",
    [
        [Pass(), late(100, 101)],
        [Pass(), Pass(), Pass(), late(100)],
        [Pass(), RepeatPage(1)],
        [RepeatPage(2), Pass(), RepeatPage(2), RepeatPage(3)],
        [Pass(), Status(500), Truncate(), Pass(), Drop()],
    ],
)
def test_a_walk_that_was_disturbed_is_walked_again(world, api, faults):
    """Inserts, repeated pages and errors on the way leave nothing out."""
    for number in range(10):
        world.happen(number, START_US - HOUR_US + number * SECOND_US)
    api.script(*faults)
    inputs, checkpoint = read(world.source(Polling(page_size=3), follow=False))
    assert sorted(ids(inputs)) == sorted(api.ledger._events)
    assert checkpoint


def test_a_list_that_never_holds_still_gives_its_events_but_no_checkpoint(world, api):
    """No alert waits for the API to behave, and nothing is taken for complete."""
    for number in range(10):
        world.happen(number, START_US - HOUR_US)
    api.on_request = lambda seen: (
        seen.parameters["page"] == "2" and api.add(event_at(100 + len(api.seen), START_US - HOUR_US))
    )
    batches = world.source(Polling(page_size=3), follow=False).batches(None)
    first = next(batches)
    assert set(ids(first.inputs)) >= {event_at(number, 0)["id"] for number in range(10)}
    assert first.checkpoint is None
    begun = next(batches)
    assert (begun.inputs, begun.checkpoint["reached_us"]) == ([], begun.checkpoint["since_us"])
    with pytest.raises(SourceError, match="did not hold still: the total went from"):
        next(batches)


@pytest.mark.parametrize(
    ("ahead_us", "begins_us"),
    [(0, START_US - HOUR_US), (10 * HOUR_US, START_US + 4 * HOUR_US)],
    ids=["a right clock", "a clock that ran ahead"],
)
def test_a_first_run_that_failed_says_where_it_was_to_begin(world, api, ahead_us, begins_us):
    """The next one begins there, hours later; where a clock had run ahead, at the latest where it would by itself."""
    polling = Polling(first_us=HOUR_US)
    world.happen(1, START_US - HOUR_US + MINUTE_US)
    api.script(*[Status(503)] * 3)
    world.now_us += ahead_us
    begun = next(world.source(polling).batches(None)).checkpoint
    world.now_us = START_US + 5 * HOUR_US
    first = next(world.source(polling, follow=False).batches(begun))
    assert first.checkpoint["since_us"] == begins_us
    assert ids(first.inputs) == ([event_at(1, 0)["id"]] if not ahead_us else [])
    assert "is_first" not in first.checkpoint


def test_a_page_that_stays_stale_is_never_taken_for_complete(world, api):
    """The announced total is not met, and that is said."""
    for number in range(6):
        world.happen(number, START_US - HOUR_US)
    api.script(*[Pass(), RepeatPage(1)] * 5)
    with pytest.raises(SourceError, match="6 events are announced, 3 were found"):
        read(world.source(Polling(page_size=3), follow=False))


# Trouble


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_ends_the_source_in_words(world, api, status):
    """Trying the same secret for ever helps nobody."""
    api.script(Status(status))
    with pytest.raises(SourceError) as caught:
        next(world.source().batches(None))
    assert caught.value.message
    assert caught.value.help


def test_an_outage_is_told_and_survived(world, api):
    """A following source goes on at its interval, from the window where it was."""
    world.happen(1, START_US - HOUR_US)
    api.script(*[Status(503)] * 7)
    batches = world.source().batches(None)
    assert next(batches).inputs == []
    assert ids(next(batches).inputs) == [event_at(1, 0)["id"]]
    assert len(world.troubles) == 2
    batches.close()


def test_an_outage_ends_a_source_that_does_not_follow(world, api):
    """A job of cron should fail, and be seen to."""
    api.script(*[Status(503)] * 3)
    with pytest.raises(SourceError, match="503"):
        read(world.source(follow=False))


def test_a_true_answer_of_sleep_ends_the_polling(world):
    """``threading.Event.wait`` says true when it is time to stop."""
    assert len(list(world.source(sleep=lambda _seconds: True).batches(None))) == 1


def test_a_clock_that_was_set_back_does_not_stop_the_polling(world):
    """The window begins before the new now, not after the old one."""
    batches = world.source().batches(None)
    next(batches)
    world.now_us -= 6 * HOUR_US
    world.happen(1, world.now_us)
    assert ids(next(batches).inputs) == [event_at(1, 0)["id"]]
    batches.close()


@pytest.mark.parametrize("name", ["interval_us", "overlap_us", "window_us"])
def test_polling_needs_whole_seconds(name):
    """The API's times have no smaller unit."""
    with pytest.raises(ValueError, match="at least one second"):
        Polling(**{name: SECOND_US - 1})


# The promise

OVERLAP_S = 40
WELL = [Pass(), Pass(), Pass()]
BADLY = [RepeatPage(1), RepeatPage(2), Status(500), Status(429, {"Retry-After": "2"}), Truncate(), Drop()]
FAULTS = st.sampled_from([*WELL, *BADLY])
SCHEDULES = st.fixed_dictionaries(
    {
        "events": st.lists(st.tuples(st.integers(0, 240), st.integers(0, OVERLAP_S)), max_size=60),
        "burst": st.tuples(st.integers(0, 240), st.integers(0, 12)),
        "faults": st.lists(FAULTS, max_size=25),
        "moves": st.lists(st.integers(0, 3), max_size=40),
        "crashes": st.sets(st.integers(0, 30), max_size=6),
        "page_size": st.integers(2, 7),
        "batch": st.integers(1, 10),
        "backlog_s": st.integers(0, 400),
        "window_s": st.sampled_from([20, 60, 3600]),
        "interval_s": st.sampled_from([15, 60]),
        "order": st.sampled_from(["newest", "oldest", "id"]),
        "inclusive": st.booleans(),
    }
)


def run(schedule, overlap_s):
    """Follow a schedule to its end, with crashes; the ids that were committed, and those that happened."""
    with FakeAuditApi(order=schedule["order"], inclusive=schedule["inclusive"]) as api, World(api) as world:
        second, amount = schedule["burst"]
        happenings = [*schedule["events"], *[(second, 0)] * amount]
        for number, (at_s, lag_s) in enumerate(happenings):
            world.happen(number, START_US + at_s * SECOND_US, lag_s * SECOND_US)
        moves = list(schedule["moves"])
        api.on_request = lambda _seen: moves and world.sleep(moves.pop())  # events become visible during a walk
        api.script(*schedule["faults"])
        polling = Polling(
            interval_us=schedule["interval_s"] * SECOND_US,
            overlap_us=overlap_s * SECOND_US,
            window_us=schedule["window_s"] * SECOND_US,
            page_size=schedule["page_size"],
        )
        world.sleep(schedule["backlog_s"])  # the engine was down for so long: the first windows are long
        end_us = START_US + (240 + 2 * OVERLAP_S + 120) * SECOND_US
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("trailbell.sources.windows.LIVE_BATCH", schedule["batch"])
            committed = follow(world, polling, schedule["crashes"], end_us)
        return committed, {event_at(number, 0)["id"] for number in range(len(happenings))}


def follow(world, polling, crashes, end_us):
    """Commit batches until the source has reached an instant; before some commits it crashes and starts again."""
    committed, checkpoint, count = set(), None, 0
    while checkpoint is None or checkpoint["reached_us"] < end_us:
        batches = world.source(polling, since_us=START_US).batches(checkpoint)
        for batch in batches:
            count += 1
            if count in crashes:
                break
            committed.update(ids(batch.inputs))
            checkpoint = batch.checkpoint or checkpoint
            if checkpoint and checkpoint["reached_us"] >= end_us:
                break
        batches.close()
    return committed


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEDULES)
def test_nothing_is_lost(schedule):
    """Late arrivals within the overlap, drifting and repeated pages, errors, crashes: all events arrive."""
    committed, happened = run(schedule, OVERLAP_S + 1)
    assert committed == happened


def test_an_overlap_shorter_than_the_lag_does_lose_events():
    """The proof above can fail: the overlap is what keeps late arrivals."""
    schedule = {
        "events": [(10, OVERLAP_S)],
        "burst": (0, 0),
        "faults": [],
        "moves": [],
        "crashes": set(),
        "page_size": 5,
        "batch": 100,
        "backlog_s": 0,
        "window_s": 60,
        "interval_s": 1,
        "order": "newest",
        "inclusive": True,
    }
    committed, happened = run(schedule, 5)
    assert (len(committed), len(happened)) == (0, 1)
    assert run(schedule, OVERLAP_S + 1)[0] == happened
