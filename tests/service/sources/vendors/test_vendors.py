"""Vendors' audit logs against fakes that page as the vendors do: nothing is lost, and no refusal kept quiet about."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trailbell.audit.retry import RetryPolicy
from trailbell.sources.errors import SourceError
from trailbell.sources.feeds import FeedSource
from trailbell.sources.polling import Pace, Polling
from trailbell.sources.vendors import auth0, cloudflare, github, gworkspace, okta, slack
from trailbell.sources.vendors.api import Token, VendorApi
from trailbell.sources.windows import WindowSource
from trailbell.testing.loopback import Answer
from trailbell.testing.vendor_logs import (
    TOKEN,
    FakeAuth0,
    FakeCloudflare,
    FakeGitHub,
    FakeGoogleReports,
    FakeOkta,
    FakeSlackAudit,
    json_answer,
)
from trailbell_engine.decoding.maps import PRESETS, detect
from trailbell_engine.event import Event, Malformed, Tick
from trailbell_engine.timestamps import HOUR_US, MINUTE_US, SECOND_US, parse_time

from . import records

START_US = parse_time("2026-11-02T10:00:00Z")
POLLING = Polling(overlap_us=10 * MINUTE_US, lateness_us=MINUTE_US, first_us=HOUR_US, window_us=20 * MINUTE_US)


def _api(fake, scheme="Bearer", path="", **keywords):
    keywords = {"retry": RetryPolicy(attempts=3, sleep=lambda _s: None)} | keywords
    return VendorApi(fake.base_url + path, Token(scheme, lambda: TOKEN), **keywords)


VENDORS = {
    "okta": (FakeOkta, records.okta, FeedSource, lambda fake: okta.Log(_api(fake, "SSWS"))),
    "auth0": (FakeAuth0, records.auth0, FeedSource, lambda fake: auth0.Log(_api(fake))),
    "github": (FakeGitHub, records.github, WindowSource, lambda fake: github.AuditLog(_api(fake), "acme").read),
    "slack": (FakeSlackAudit, records.slack, WindowSource, lambda fake: slack.AuditLogs(_api(fake)).read),
    "cloudflare": (
        FakeCloudflare,
        records.cloudflare,
        WindowSource,
        lambda fake: cloudflare.AuditLogs(_api(fake, path="/client/v4"), "acc").read,
    ),
    "gworkspace": (
        FakeGoogleReports,
        records.google,
        WindowSource,
        lambda fake: gworkspace.Reports(_api(fake), ["login", "admin"]).read,
    ),
}


class World:
    """A vendor, a source that reads it, and a clock that the test moves."""

    def __init__(self, vendor, page_size=1000):
        fake, self.record, self.source_class, self.reader = VENDORS[vendor]
        self.vendor = vendor
        self.fake = fake(page_size=page_size)
        self.now_us = START_US
        self.troubles = []
        self.numbers = 0

    def __enter__(self):
        self.fake.__enter__()
        return self

    def __exit__(self, *exception):
        self.fake.__exit__(*exception)

    def happen(self, time_us):
        """Something becomes visible now that happened at that time; its number."""
        self.numbers += 1
        self.fake.add(self.record(self.numbers, time_us - time_us % SECOND_US))
        return self.numbers

    def source(self, *, follow=False, sleep=None):
        pace = Pace(follow=follow, now_us=lambda: self.now_us, sleep=sleep, on_trouble=self.troubles.append)
        return self.source_class(self.reader(self.fake), PRESETS[self.vendor], POLLING, name=self.vendor, pace=pace)

    def read(self, checkpoint=None):
        """What one run that catches up hands out, and where it was then."""
        inputs = []
        for batch in self.source().batches(checkpoint):
            inputs += batch.inputs
            checkpoint = batch.checkpoint or checkpoint
        return inputs, checkpoint


@pytest.fixture(params=VENDORS)
def world(request):
    with World(request.param, page_size=3) as world:
        yield world


def events(inputs):
    return [item for item in inputs if isinstance(item, Event)]


def test_history_of_many_pages_comes_whole(world):
    """Every record once the pages are through, with the id, type and time that the vendor gave it."""
    for number in range(20):
        world.happen(START_US - 50 * MINUTE_US + number * 2 * MINUTE_US)
    inputs, _ = world.read()
    found = events(inputs)
    assert {event.id for event in found} == {_expected(world, number + 1) for number in range(20)}
    assert not [item for item in inputs if isinstance(item, Malformed)]
    assert all(event.event_type and not event.untimed and event.source == world.vendor for event in found)
    assert min(event.time_us for event in found) == START_US - 50 * MINUTE_US


def _expected(world, number):
    record = world.record(number, START_US)
    (path,) = PRESETS[world.vendor].id[:1]
    for segment in path.segments:
        record = record[segment]
    return record


def test_a_run_goes_on_where_the_one_before_it_ended(world):
    """What came meanwhile is read, and the ticks of time go on."""
    world.happen(START_US - 5 * MINUTE_US)
    _, checkpoint = world.read()
    world.now_us += 30 * MINUTE_US
    number = world.happen(world.now_us - MINUTE_US)
    inputs, _ = world.read(checkpoint)
    assert _expected(world, number) in {event.id for event in events(inputs)}
    last = [item for item in inputs if isinstance(item, Tick)][-1]
    assert last.time_us == world.now_us - SECOND_US - POLLING.lateness_us


def test_what_becomes_visible_late_is_not_missed(world):
    """An event of some minutes before the last poll is found by the next one."""
    world.happen(START_US - MINUTE_US)
    _, checkpoint = world.read()
    world.now_us += 2 * MINUTE_US
    number = world.happen(START_US - 4 * MINUTE_US)
    inputs, _ = world.read(checkpoint)
    assert _expected(world, number) in {event.id for event in events(inputs)}


@pytest.mark.parametrize("vendor", VENDORS)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 8 * 60), st.lists(st.integers(0, 9 * 60), max_size=7), st.booleans()), max_size=8
    ),
    page_size=st.integers(1, 5),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_is_lost(vendor, steps, page_size):
    """Whatever comes however late within the overlap, in whatever pages, with a crash anywhere: all of it is read."""
    with World(vendor, page_size=page_size) as world:
        expected, found, checkpoint = set(), set(), None
        for wait_s, ages_s, crash in [*steps, (20 * 60, [], False)]:
            world.now_us += wait_s * SECOND_US
            expected |= {_expected(world, world.happen(world.now_us - age_s * SECOND_US)) for age_s in ages_s}
            batches = world.source().batches(checkpoint)
            for batch in batches:
                found |= {event.id for event in events(batch.inputs)}
                checkpoint = batch.checkpoint or checkpoint
                if crash:
                    break
            batches.close()
        assert expected <= found


@pytest.mark.parametrize("earlier", [0, 1, 5])
def test_a_first_run_begins_before_what_was_written_first(monkeypatch, earlier):
    """What was written first and happened last is read, however many others a search shows before it."""
    monkeypatch.setattr(auth0, "PAGE_SIZE", 3)
    with World("auth0", page_size=3) as world:
        for number in range(earlier):
            world.happen(START_US - (20 - number) * HOUR_US)
        first = world.happen(START_US - 9 * MINUTE_US)
        for number in range(10):
            world.happen(START_US - 55 * MINUTE_US + number * MINUTE_US)
        inputs, _ = world.read()
        found = {event.id for event in events(inputs)}
        assert {_expected(world, number) for number in range(first, first + 11)} <= found
        assert not {_expected(world, number + 1) for number in range(earlier)} & found


def test_a_first_run_does_not_wait_for_the_search():
    """What was written and cannot be found by a search yet is read behind the id to begin with."""
    with World("auth0", page_size=3) as world:
        world.happen(START_US - 3 * HOUR_US)
        late = [world.happen(START_US - minutes * MINUTE_US) for minutes in (2, 50, 1)]
        world.fake.unsearchable = {_expected(world, late[0])}
        inputs, _ = world.read()
        assert {event.id for event in events(inputs)} == {_expected(world, number) for number in late}


@given(
    delays_s=st.lists(st.tuples(st.integers(0, 3 * 3600), st.integers(0, 3600)), max_size=30),
    page_size=st.integers(1, 4),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_first_run_loses_nothing(monkeypatch, delays_s, page_size):
    """Whenever things happened, and in whatever order within an hour they were written: all since then is read."""
    monkeypatch.setattr(auth0, "PAGE_SIZE", page_size)
    with World("auth0", page_size=page_size) as world:
        written = sorted((START_US - (ago_s - delay_s) * SECOND_US, ago_s) for ago_s, delay_s in delays_s)
        ages_s = [ago_s for written_us, ago_s in written if written_us <= START_US]
        world.fake.hits_limit = auth0.SEARCH_PAGES * page_size
        numbers = {world.happen(START_US - ago_s * SECOND_US): ago_s for ago_s in ages_s}
        found = {event.id for event in events(world.read()[0])}
        assert {_expected(world, number) for number, ago_s in numbers.items() if ago_s <= 3600} <= found


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again(world, status):
    """A limit that ends or a server that falls over costs a pause, not an event."""
    number = world.happen(START_US - MINUTE_US)
    world.fake.fail(json_answer({"message": "later"}, status, Retry_After="0"), Answer(cut=True))
    inputs, _ = world.read()
    assert _expected(world, number) in {event.id for event in events(inputs)}


def test_a_body_that_breaks_off_is_asked_for_again(world):
    """Half a page is no page."""
    number = world.happen(START_US - MINUTE_US)
    world.fake.fail(Answer(200, b'[{"id": "e'))
    inputs, _ = world.read()
    assert _expected(world, number) in {event.id for event in events(inputs)}


@pytest.mark.parametrize(("status", "word"), [(401, "token"), (403, "right"), (404, "organisation")])
def test_a_refusal_is_said_in_words(world, status, word):
    """With the place, the vendor's own words and a way out; never with the token."""
    world.fake.fail(json_answer({"message": "no\x1b[31m way " + TOKEN}, status))
    with pytest.raises(SourceError) as error:
        world.read()
    assert f"{status}" in error.value.message
    assert "no [31m way ***" in error.value.message
    assert word in error.value.help
    assert not error.value.transient


def test_an_answer_of_another_shape_is_no_list(world):
    """A page for people behind the address does not pass for an empty log."""
    world.fake.fail(json_answer("welcome"))
    with pytest.raises(SourceError):
        world.read()


def test_a_following_source_outlives_trouble(world):
    """While the vendor is away the source waits and goes on; a stop ends it."""
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        world.now_us += int(seconds * SECOND_US)
        return len(waits) >= 3

    number = world.happen(START_US - MINUTE_US)
    world.fake.fail(*[json_answer({}, 503)] * 3)
    found = [
        event.id for batch in world.source(follow=True, sleep=sleep).batches(None) for event in events(batch.inputs)
    ]
    assert len(world.troubles) == 1
    assert _expected(world, number) in found


def test_stop_ends_the_waiting(world):
    """A source that sleeps between polls wakes and ends."""
    pace = Pace(now_us=lambda: world.now_us)
    source = world.source_class(world.reader(world.fake), PRESETS[world.vendor], POLLING, name="x", pace=pace)
    seen = 0
    for _ in source.batches(None):
        seen += 1
        source.stop()
    assert seen >= 1


def test_a_limit_that_ends_at_a_time_is_waited_for(world):
    """``X-Rate-Limit-Reset`` is seconds since the epoch."""
    waited = []
    fake, api = world.fake, None
    fake.fail(json_answer({}, 429, X_Rate_Limit_Reset="1000"))
    api = _api(
        fake,
        fake.scheme,
        retry=RetryPolicy(attempts=2, sleep=waited.append),
        wall_clock=lambda: 970.0,
    )
    with pytest.raises(SourceError):
        api.get("/nowhere")
    assert waited == [30.0]


def test_the_rate_is_kept_beforehand():
    """Two requests in a row are as far apart as the vendor wants them."""
    with FakeOkta() as fake:
        waited, clock = [], iter([0.0, 0.0, 0.5, 0.5])
        api = _api(fake, "SSWS", interval_s=2.0, monotonic=lambda: next(clock), retry=RetryPolicy(sleep=waited.append))
        for _ in range(2):
            api.get("/api/v1/logs", {"since": "2026-11-02T00:00:00Z", "limit": "1"})
        assert waited == [1.5]


def test_a_next_page_elsewhere_is_not_asked_for():
    """The token goes to no other host, whatever a ``Link`` header says."""
    with FakeOkta() as fake, FakeOkta() as other:
        fake.fail(json_answer([], link=f'<{other.base_url}/api/v1/logs?after=1>; rel="next"'))
        with pytest.raises(SourceError, match="names"):
            _api(fake, "SSWS").get("/api/v1/logs", {"since": "2026-11-02T00:00:00Z", "limit": "1"})
        assert other.seen == []


def test_plain_http_to_elsewhere_is_refused():
    """It would show the token to everybody on the way."""
    with pytest.raises(ValueError, match="unencrypted"):
        VendorApi("http://api.example.com", Token("Bearer", lambda: TOKEN))


def test_a_cursor_that_comes_again_is_no_complete_list():
    """An API that turns in circles is doubted, and the window asked for again."""
    with World("slack") as world:
        world.fake.fail(*[json_answer({"entries": [], "response_metadata": {"next_cursor": "same"}})] * 2)
        with pytest.raises(SourceError, match="second time"):
            world.read()


@pytest.mark.parametrize("vendor", VENDORS)
def test_records_are_known_by_their_look(vendor):
    """A file of such records needs no ``--map``."""
    if vendor == "slack":
        assert detect({"entries": [VENDORS[vendor][1](1, START_US)]}) is PRESETS[vendor]
    assert detect(VENDORS[vendor][1](1, START_US)) is PRESETS[vendor]
