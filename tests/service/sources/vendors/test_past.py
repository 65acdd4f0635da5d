"""The past of every source that has one: all that happened between two instants, once, whatever happens on the way."""

import gzip
import json
import random
from itertools import accumulate, pairwise
from typing import NamedTuple
from uuid import UUID

import pytest

from trailbell.clock import now_us
from trailbell.sources.base import HISTORY_BATCH
from trailbell.sources.errors import NoPastError, SourceError
from trailbell.sources.inbox import Inbox
from trailbell.sources.kinds import KINDS, WITH_PAST, maker_of
from trailbell.sources.past import TRIES, Past, past_of, windows_of
from trailbell.sources.vendors import auth0, cloudflare, github, slack
from trailbell.sources.window import Window
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
from trailbell.testing.vonage_api import KEY, SECRET, FakeAuditApi
from trailbell.testing.vonage_faults import Status
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.event import Event, Malformed
from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_time, parse_time

from . import records

MS_US = 1000
NOW_US = now_us()
UNTIL_US = NOW_US - NOW_US % HOUR_US - 2 * DAY_US
SINCE_US = UNTIL_US - 3 * DAY_US
PAST = sorted(set(WITH_PAST) - {"nats"})  # brokers have tests of their own
APIS = sorted({*PAST} - {"cloudtrail"})
FINEST_US = {"vonage": SECOND_US, "slack_audit": SECOND_US, "cloudtrail": SECOND_US}
"""Where the vendor's times are not in milliseconds."""


class _Vendor(NamedTuple):
    """A vendor's fake, what a source needs beside its address, and a record."""

    fake: type
    settings: dict
    path: str
    record: object


def _vonage(number, time_us):
    return {"id": str(UUID(int=number)), "event_type": "USER_LOGIN", "created_at": format_time(time_us)[:19]}


VENDORS = {
    "okta": _Vendor(FakeOkta, {"token": TOKEN}, "", records.okta),
    "auth0": _Vendor(FakeAuth0, {"token": TOKEN}, "", records.auth0),
    "github": _Vendor(FakeGitHub, {"token": TOKEN, "organization": "acme"}, "", records.github),
    "slack_audit": _Vendor(FakeSlackAudit, {"token": TOKEN}, "", records.slack),
    "cloudflare": _Vendor(FakeCloudflare, {"token": TOKEN, "account": "acc"}, "/client/v4", records.cloudflare),
    "gworkspace": _Vendor(
        FakeGoogleReports, {"subject": "a@acme.example", "applications": ["login", "admin"]}, "", records.google
    ),
}


class _Log:
    """A vendor's log over a socket."""

    def __init__(self, vendor, settings):
        self.fake = vendor.fake(page_size=3)
        self.settings = vendor.settings | settings | {"url": self.fake.base_url + vendor.path}
        self.record = vendor.record

    def put(self, happened):
        self.fake.add(*[self.record(number, time_us) for number, time_us in happened])

    def later(self, times):
        self.fake.fail(*[json_answer({"message": "later"}, 429, Retry_After="0")] * times)

    def refuse(self):
        self.fake.fail(json_answer({"message": "no"}, 403))


class _Vonage:
    """The Audit API."""

    def __init__(self):
        self.fake = FakeAuditApi()
        self.settings = {"url": self.fake.base_url, "api_key": KEY, "api_secret": SECRET}

    def put(self, happened):
        for number, time_us in happened:
            self.fake.ledger.add(_vonage(number, time_us))

    def later(self, times):
        self.fake.script(*[Status(429, {"Retry-After": "0"})] * times)

    def refuse(self):
        self.fake.script(*[Status(403)])


class _Trail:
    """A folder that CloudTrail delivers into some minutes after a call; calls of ten minutes may share an object."""

    def __init__(self, folder):
        self.folder = folder
        self.settings = {"url": str(folder)}

    def put(self, happened):
        objects = []
        for number, time_us in sorted(happened, key=lambda one: one[1]):
            if not objects or len(objects[-1]) > 2 or time_us - objects[-1][-1][1] > 10 * MINUTE_US:
                objects.append([])
            objects[-1].insert(0, (number, time_us))  # the newest first
        for unique, calls in enumerate(objects):
            self._deliver(unique, calls)

    def _deliver(self, unique, calls):
        text = format_time(calls[0][1] + 9 * MINUTE_US)
        day, stamp = text[:10].replace("-", "/"), text[:16].replace("-", "").replace(":", "")
        file = self.folder / f"eu-west-1/{day}/1_CloudTrail_eu-west-1_{stamp}Z_{unique}.json.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        records = [
            {"eventID": f"e{number}", "eventName": "ConsoleLogin", "eventTime": format_time(time_us)[:19] + "Z"}
            for number, time_us in calls
        ]
        file.write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))


class _World:
    """A vendor's log, and the source that reads it."""

    def __init__(self, kind, log):
        self.kind = kind
        self.log = log

    def past(self, since_us=SINCE_US, until_us=UNTIL_US):
        source = maker_of(self.kind).build("mine", self.log.settings, {}, once=True)
        return past_of(source, since_us, until_us)


@pytest.fixture
def world(kind, tmp_path, monkeypatch, request):
    """The source of that kind, with small pages; its rate is no limit."""
    for module in (cloudflare, github, slack):
        monkeypatch.setattr(module, "INTERVAL_S", 0.0)
    monkeypatch.setattr(auth0, "PAGE_SIZE", 3)
    monkeypatch.setattr(FakeAuth0, "hits_limit", 30)
    if kind == "cloudtrail":
        yield _World(kind, _Trail(tmp_path / "trail"))
        return
    if kind == "gworkspace":
        request.getfixturevalue("google_key")(TOKEN)
    settings = {"key_file": str(tmp_path / "key.json")} if kind == "gworkspace" else {}
    log = _Vonage() if kind == "vonage" else _Log(VENDORS[kind], settings)
    with log.fake:
        yield _World(kind, log)


def happenings(kind):
    """Numbers and times, in an order that is not that of time: the ones that count, and the ones just outside."""
    finest_us = FINEST_US.get(kind, MS_US)
    edges = [SINCE_US, SINCE_US + finest_us, UNTIL_US - finest_us]
    meetings = [SINCE_US + hours * HOUR_US + off for hours in (6, 24, 48) for off in (-finest_us, 0, finest_us)]
    chance = random.Random(3)
    others = [SINCE_US + chance.randrange(3 * DAY_US // SECOND_US) * SECOND_US for _ in range(60)]
    crowd = [SINCE_US + 30 * HOUR_US] * 8
    inside = list(enumerate([*edges, *meetings, *others, *crowd]))
    beyond = [SINCE_US - finest_us, SINCE_US - HOUR_US, UNTIL_US, UNTIL_US + finest_us, UNTIL_US + 12 * HOUR_US]
    outside = list(enumerate(beyond, start=1000))
    both = inside + outside
    chance.shuffle(both)
    return both, {f"e{number}": time_us for number, time_us in inside}


def called(event_id):
    """How it is called here: some vendors write nothing but digits, and UUIDs."""
    if event_id.isdecimal():
        return f"e{int(event_id[1:])}"
    return event_id if event_id[0] == "e" else f"e{UUID(event_id).int}"


def told(batches):
    """Id and time of every event."""
    inputs = [item for batch in batches for item in batch.inputs]
    assert not [item for item in inputs if isinstance(item, Malformed)]
    events = [item for item in inputs if isinstance(item, Event)]
    assert not [event for event in events if event.untimed or event.source != "mine"]
    return [(called(event.id), event.time_us) for event in events]


def with_newest(found):
    """The newest time so far, and the time, of every event."""
    times = [time_us for _, time_us in found]
    return zip(accumulate(times, max), times, strict=True)


@pytest.mark.parametrize("kind", PAST)
def test_every_event_comes_once_and_none_from_outside(world):
    """Also those at the edges, where windows meet, and at one instant over several pages."""
    happened, expected = happenings(world.kind)
    world.log.put(happened)
    past = world.past()
    found = told(past.batches(None))
    assert len(found) == len(expected)
    assert dict(found) == expected
    assert all(newest - time_us <= past.lateness_us for newest, time_us in with_newest(found))
    assert past.events_read == len(expected)
    assert told(past.batches(None)) == found


@pytest.mark.parametrize("kind", PAST)
def test_edges_within_a_second_are_kept_to(world):
    """`30d` ago is seldom a whole second; APIs know only those."""
    happened, expected = happenings(world.kind)
    world.log.put(happened)
    since_us, until_us = SINCE_US + 300 * MS_US, UNTIL_US - 300 * MS_US
    found = told(world.past(since_us, until_us).batches(None))
    assert dict(found) == {key: at for key, at in expected.items() if since_us <= at < until_us}


@pytest.mark.parametrize("kind", PAST)
def test_what_is_covered_is_said_without_a_gap(world):
    """From the first instant to the second, and in batches of history."""
    world.log.put(happenings(world.kind)[0])
    batches = list(world.past().batches(None))
    covered = [batch.covers for batch in batches if batch.covers is not None]
    assert (covered[0][0], covered[-1][1]) == (SINCE_US, UNTIL_US)
    assert all(before[1] == after[0] for before, after in pairwise(covered))
    assert all(len(batch.inputs) <= HISTORY_BATCH for batch in batches)


@pytest.mark.parametrize("kind", APIS)
def test_a_limit_in_the_middle_costs_a_pause(world):
    """The vendor says later, and is asked later."""
    happened, expected = happenings(world.kind)
    world.log.put(happened)
    found = []
    for number, batch in enumerate(world.past().batches(None)):
        found += told([batch])
        if number < 3:
            world.log.later(2)
    assert dict(found) == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize("kind", APIS)
def test_an_error_in_the_middle_leaves_what_was_read(world):
    """All until then, and it says how far that is; the next reading has everything."""
    happened, expected = happenings(world.kind)
    world.log.put(happened)
    past, found = world.past(), []
    batches = past.batches(None)
    found += told([next(batches)])
    world.log.refuse()
    with pytest.raises(SourceError, match="403"):
        found += told(batches)
    assert SINCE_US < past.reached_us < UNTIL_US
    assert dict(found) == {key: at for key, at in expected.items() if at < past.reached_us}
    assert dict(told(past.batches(None))) == expected


@pytest.mark.parametrize("kind", ["slack_audit"])
def test_a_list_that_does_not_hold_still_is_asked_for_again(world):
    """Until it does; or it is said that it does not."""
    happened, expected = happenings(world.kind)
    world.log.put(happened)
    circle = [json_answer({"entries": [], "response_metadata": {"next_cursor": "same"}})] * 2
    world.log.fake.fail(*circle)
    assert dict(told(world.past().batches(None))) == expected
    world.log.fake.fail(*circle * TRIES)
    with pytest.raises(SourceError, match=r"hold still: .*second time"):
        list(world.past().batches(None))


@pytest.mark.parametrize("kind", ["auth0"])
def test_more_than_a_search_shows_is_searched_on(world):
    """A search has ten pages; the next one begins with the last instant of the one before."""
    happened = [(number, SINCE_US + number // 4 * SECOND_US) for number in range(100)]
    world.log.put(happened)
    assert len(told(world.past().batches(None))) == len(happened)


@pytest.mark.parametrize("kind", ["auth0"])
def test_more_at_one_instant_than_a_search_shows_is_said(world):
    """Nothing is left out in silence."""
    world.log.put([(number, SINCE_US) for number in range(31)])
    with pytest.raises(SourceError, match="more happened at"):
        list(world.past().batches(None))


@pytest.mark.parametrize("kind", ["github", "okta", "gworkspace"])
def test_what_the_vendor_has_deleted_is_not_asked_for(world):
    """The past begins where what is kept begins, and knows where it was to begin."""
    past = world.past(NOW_US - 400 * DAY_US, NOW_US - 50 * DAY_US)
    assert past.asked_us == NOW_US - 400 * DAY_US
    assert past.since_us >= NOW_US - past.kept_us > past.asked_us
    over = world.past(NOW_US - 400 * DAY_US, NOW_US - 300 * DAY_US)
    assert list(over.batches(None)) == []
    assert world.log.fake.seen == []


@pytest.mark.parametrize("kind", ["cloudtrail"])
def test_only_folders_of_the_days_in_between_are_listed(world):
    """A month of a large trail is thousands of requests."""
    world.log.put([(number, UNTIL_US - number * DAY_US + HOUR_US) for number in range(40)])
    source = maker_of("cloudtrail").build("mine", world.log.settings, {}, once=True)
    listed, level = [], source._bucket.level
    source._bucket.level = lambda folder: listed.append(folder) or level(folder)
    assert len(told(past_of(source, SINCE_US, UNTIL_US).batches(None))) == 3
    assert sum(folder.count("/") == 3 for folder in listed) <= 6


def listing(records, asked):
    """What lists records of Okta between two instants, and those without a time, which it has everywhere."""

    def read(from_us, to_us):
        asked.append((from_us, to_us))
        times = [(parse_time(dict(record or {}).get("published", "")), record) for record in records]
        return Window([record for at, record in times if at is None or from_us <= at <= to_us], "here")

    return read


def test_windows_are_whole_seconds_that_enclose_the_instants():
    """What an API does with a fraction of a second is its own affair."""
    asked = []
    span_us = (SINCE_US + 1, SINCE_US + 3 * HOUR_US + 1)
    past = Past("mine", PRESETS["okta"], span_us, windows_of(listing([], asked), HOUR_US))
    assert [batch.covers[1] for batch in past.batches(None)] == [SINCE_US + hours * HOUR_US + 1 for hours in (1, 2, 3)]
    ends = [SINCE_US + hours * HOUR_US for hours in range(4)]
    assert asked == [(start, end + SECOND_US) for start, end in pairwise(ends)]


def test_what_has_no_time_comes_once():
    """Where windows meet it is listed in both, as is what is no event at all; pages that move repeat events, too."""
    timed = records.okta(1, SINCE_US + HOUR_US)
    listed = [{"uuid": "e2", "eventType": "x"}, timed, timed, None]
    past = Past("mine", PRESETS["okta"], (SINCE_US, UNTIL_US), windows_of(listing(listed, []), HOUR_US))
    inputs = [item for batch in past.batches(None) for item in batch.inputs]
    assert sorted(item.id for item in inputs if isinstance(item, Event)) == ["e1", "e2"]
    assert sum(isinstance(item, Malformed) for item in inputs) == 1


NO_PAST = {
    "syslog": {"listen": ["udp://127.0.0.1:0"]},
    "files": {"paths": ["/var/log/app.log"]},
    "redis": {"url": "redis://127.0.0.1:1/0", "stream": "s"},
    "kafka": {"brokers": ["127.0.0.1:1"], "topics": ["t"]},
    "rabbitmq": {"url": "amqp://127.0.0.1:1/", "queue": "q"},
}


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - set(WITH_PAST)))
def test_a_source_without_a_past_says_why(kind):
    """Every kind has the one or the other."""
    source = maker_of(kind).build("mine", NO_PAST[kind], {}, once=True)
    with pytest.raises(NoPastError, match=r"the source mine has no past: .*[a-z]"):
        past_of(source, SINCE_US, UNTIL_US)


def test_standard_input_and_what_is_pushed_have_none():
    """Nor has a source of another package that does not know of it."""
    stdin = maker_of("files").build("pipe", {"paths": ["-"]}, {}, once=True)
    for source, why in [(stdin, "read once"), (Inbox("push"), "pushes it"), (NoWords(), "asked for it")]:
        with pytest.raises(NoPastError, match=why):
            past_of(source, SINCE_US, UNTIL_US)


class NoWords:
    """A source that was written before there was a past."""

    name = "old"
