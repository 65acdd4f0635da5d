"""Delivered objects: each is read once, whenever it comes and however the reading is cut short."""

import gzip
import itertools
import json
import os

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell.sources import objects
from trailbell.sources.base import LIVE_BATCH
from trailbell.sources.buckets import FolderBucket, bucket_at
from trailbell.sources.errors import SourceError
from trailbell.sources.kinds import SettingsError, maker_of
from trailbell.sources.objects import ObjectSource
from trailbell.sources.polling import Pace, Polling
from trailbell.sources.vendors.cloudtrail import is_wanted, time_of
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.event import Event, Malformed, Tick
from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_time, parse_time

NOW_US = parse_time("2026-11-23T12:00:00Z")
POLLING = Polling(overlap_us=DAY_US, lateness_us=15 * MINUTE_US, first_us=30 * DAY_US)
_roots = itertools.count()


def packed(*records):
    return gzip.compress(json.dumps({"Records": list(records)}).encode(), mtime=0)


def record(event_id, time_us):
    return {"eventID": event_id, "eventName": "ConsoleLogin", "eventTime": format_time(time_us), "eventVersion": "1.10"}


def key_of(time_us, unique="a", folder="CloudTrail"):
    text = format_time(time_us)
    day, stamp = text[:10].replace("-", "/"), text[:16].replace("-", "").replace(":", "")
    return f"AWSLogs/123456789012/{folder}/eu-west-1/{day}/123456789012_{folder}_eu-west-1_{stamp}Z_{unique}.json.gz"


class Folder:
    """A bucket on disk."""

    def __init__(self, path):
        self.path = path
        self.bucket = FolderBucket(path)

    def put(self, key, data, changed_us=NOW_US - DAY_US):
        file = self.path / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        os.utime(file, ns=(changed_us * 1000, changed_us * 1000))

    def delete(self, key):
        (self.path / key).unlink()


class Memory:
    """A bucket of fsspec's own."""

    def __init__(self):
        self.root = f"/trail{next(_roots)}"
        self.bucket = bucket_at(f"memory:/{self.root}")
        self.filesystem = fsspec.filesystem("memory")
        self.filesystem.makedirs(self.root)

    def put(self, key, data):
        self.filesystem.pipe(f"{self.root}/{key}", data)

    def delete(self, key):
        self.filesystem.rm(f"{self.root}/{key}")


@pytest.fixture(params=["folder", "memory"])
def store(request, tmp_path):
    return Folder(tmp_path) if request.param == "folder" else Memory()


def source(store, *, now_us=NOW_US, polling=POLLING, **keywords):
    pace = Pace(follow=False, now_us=lambda: now_us, **keywords)
    return ObjectSource(
        store.bucket, PRESETS["cloudtrail"], polling, name="aws", wanted=is_wanted, time_of=time_of, pace=pace
    )


def read(one, checkpoint=None):
    inputs = []
    for batch in one.batches(checkpoint):
        assert len(batch.inputs) <= LIVE_BATCH
        inputs += batch.inputs
        checkpoint = batch.checkpoint or checkpoint
    return inputs, checkpoint


def ids(inputs):
    return [item.id for item in inputs if isinstance(item, Event)]


def test_objects_are_read_in_the_order_of_their_names_times_each_once(store):
    """Whatever order the bucket lists them in; and then time goes on."""
    store.put(key_of(NOW_US - HOUR_US, "z"), packed(record("c", NOW_US - HOUR_US)))
    store.put(key_of(NOW_US - 25 * HOUR_US, "y"), packed(record("a", NOW_US - 25 * HOUR_US)))
    store.put(key_of(NOW_US - 2 * HOUR_US, "x"), packed(record("b", NOW_US - 2 * HOUR_US)))
    inputs, checkpoint = read(source(store))
    assert ids(inputs) == ["a", "b", "c"]
    assert inputs[-1] == Tick(NOW_US - SECOND_US - 15 * MINUTE_US, "aws")
    assert inputs[0].source == "aws"
    again, _ = read(source(store), checkpoint)
    assert ids(again) == []


def test_a_late_object_of_an_earlier_time_is_read(store):
    """A region that was cut off delivers hours later, into yesterday's folder."""
    store.put(key_of(NOW_US), packed(record("new", NOW_US)))
    _, checkpoint = read(source(store))
    store.put(key_of(NOW_US - 20 * HOUR_US, "late"), packed(record("late", NOW_US - 20 * HOUR_US)))
    inputs, _ = read(source(store), checkpoint)
    assert ids(inputs) == ["late"]


def test_folders_of_days_that_are_long_over_are_not_listed(tmp_path):
    """A bucket of ten years is not walked each minute."""
    store = Folder(tmp_path)
    for days in (0, 1, 3, 40, 400):
        store.put(key_of(NOW_US - days * DAY_US, f"d{days}"), packed(record(f"d{days}", NOW_US - days * DAY_US)))
    _, checkpoint = read(source(store))
    listed = []
    level = store.bucket.level
    store.bucket.level = lambda folder: listed.append(folder) or level(folder)
    read(source(store), checkpoint)
    assert {folder.partition("eu-west-1/")[2] for folder in listed} - {""} == {
        "2026",
        "2026/11",
        "2026/11/23",
        "2026/11/22",
    }


def test_what_was_before_the_first_look_is_not_read(store):
    """`since` says how far back the first run looks."""
    store.put(key_of(NOW_US - 40 * DAY_US), packed(record("old", NOW_US - 40 * DAY_US)))
    store.put(key_of(NOW_US - DAY_US), packed(record("new", NOW_US - DAY_US)))
    inputs, _ = read(source(store))
    assert ids(inputs) == ["new"]


def test_digests_and_insights_hold_no_events_of_the_trail(store):
    """They lie beside it."""
    for folder in ("CloudTrail", "CloudTrail-Digest", "CloudTrail-Insight"):
        store.put(key_of(NOW_US, folder=folder), packed(record(folder, NOW_US)))
    inputs, _ = read(source(store))
    assert ids(inputs) == ["CloudTrail"]
    assert is_wanted(key_of(NOW_US, folder="CloudTrail-Insight"), insights=True)
    assert not is_wanted(key_of(NOW_US, folder="CloudTrail-Digest"), insights=True)


def test_names_without_dates_are_read_by_the_time_of_writing(store):
    """A folder into which somebody copies files, in no order."""
    store.put("b.json", json.dumps({"Records": [record("b", NOW_US)]}).encode())
    store.put("deep/er/a.json.gz", packed(record("a", NOW_US - HOUR_US)))
    store.put("notes.txt", b"no events")
    inputs, checkpoint = read(source(store))
    assert sorted(ids(inputs)) == ["a", "b"]
    assert ids(read(source(store), checkpoint)[0]) == []


@pytest.mark.parametrize("cut", [0, 1, 20, -1])
def test_a_half_written_object_waits_until_it_is_whole(tmp_path, cut):
    """On a disk a file is there before it is finished; no clock tick passes it by."""
    store, whole = Folder(tmp_path), packed(record("a", NOW_US))
    now_us = _today_us()
    key = key_of(now_us)
    (tmp_path / key).parent.mkdir(parents=True)
    (tmp_path / key).write_bytes(whole[:cut])
    inputs, checkpoint = read(source(store, now_us=now_us))
    assert inputs == []
    (tmp_path / key).write_bytes(whole)
    inputs, _ = read(source(store, now_us=now_us), checkpoint)
    assert ids(inputs) == ["a"]


def test_a_half_written_text_waits_too(tmp_path):
    """Unpacked JSON breaks off without any mark."""
    store, now_us = Folder(tmp_path), _today_us()
    (tmp_path / "a.json").write_bytes(b'{"Records": [{"eventID": "a", "eve')
    assert read(source(store, now_us=now_us))[0] == []


def _today_us():
    from trailbell.clock import now_us

    return now_us()


@pytest.mark.parametrize(
    "data", [b"", b"\x1f\x8bxx", gzip.compress(b"{", mtime=0), packed(record("a", NOW_US))[:-9], b"[1"]
)
def test_an_object_that_stays_broken_goes_into_quarantine(tmp_path, data):
    """After ten minutes nobody writes it any more; the others are read all the same, and it is not looked at again."""
    store = Folder(tmp_path)
    store.put(key_of(NOW_US - HOUR_US), data)
    store.put(key_of(NOW_US, "b"), packed(record("b", NOW_US)))
    later_us = _today_us() + HOUR_US
    inputs, checkpoint = read(
        source(store, now_us=later_us, polling=Polling(overlap_us=DAY_US, first_us=3650 * DAY_US))
    )
    (malformed,) = [item for item in inputs if isinstance(item, Malformed)]
    assert "2026/11/23" in malformed.place
    assert ids(inputs) == ["b"]
    assert not [item for item in read(source(store, now_us=later_us), checkpoint)[0] if not isinstance(item, Tick)]


def test_an_object_that_unpacks_without_end_is_not_unpacked_to_its_end(store, monkeypatch):
    """A bomb costs no more memory than the largest file."""
    monkeypatch.setattr(objects, "WRAPPING_LIMIT_BYTES", 1 << 20)
    store.put(key_of(NOW_US), gzip.compress(b" " * (50 << 20)))
    inputs, _ = read(source(store))
    (malformed, _) = inputs
    assert malformed.reason == "unpacks to more than 1 MiB"
    assert len(malformed.raw) <= 64 * 1024


def test_an_object_that_is_gone_between_list_and_read_stops_nothing(store):
    """A lifecycle rule took it."""
    store.put(key_of(NOW_US - HOUR_US), packed(record("a", NOW_US)))
    store.put(key_of(NOW_US), packed(record("b", NOW_US)))
    one = source(store)
    opened = store.bucket.open

    def vanishing(key):
        if key == key_of(NOW_US - HOUR_US):
            store.delete(key)
        return opened(key)

    store.bucket.open = vanishing
    assert ids(read(one)[0]) == ["b"]


def test_a_bucket_that_is_not_there_says_so(tmp_path):
    """A mistyped address is no empty bucket."""
    with pytest.raises(SourceError, match="is not there") as caught:
        read(source(Folder(tmp_path / "nowhere")))
    assert not caught.value.transient


def test_a_storage_that_fails_is_tried_again(store):
    """What was read before stands, and the rest follows."""
    store.put(key_of(NOW_US - HOUR_US), packed(record("a", NOW_US)))
    store.put(key_of(NOW_US), packed(record("b", NOW_US)))
    opened, failures = store.bucket.open, [True]

    def failing(key):
        if key == key_of(NOW_US) and failures.pop():
            raise SourceError("away", transient=True)
        return opened(key)

    store.bucket.open = failing
    failures[:] = [False, True]
    troubles, waits = [], []
    pace = Pace(now_us=lambda: NOW_US, on_trouble=troubles.append, sleep=lambda s: waits.append(s) or len(waits) == 2)
    one = ObjectSource(
        store.bucket, PRESETS["cloudtrail"], POLLING, name="aws", wanted=is_wanted, time_of=time_of, pace=pace
    )
    assert ids(read(one)[0]) == ["a", "b"]
    assert len(troubles) == 1


def test_remembered_names_are_bounded(store, monkeypatch, caplog):
    """With more of them the horizon moves up, and the log says so."""
    monkeypatch.setattr(objects, "SEEN_LIMIT", 10)
    for number in range(30):
        store.put(key_of(NOW_US - number * MINUTE_US, f"n{number}"), packed(record(f"n{number}", NOW_US)))
    inputs, checkpoint = read(source(store))
    assert len(ids(inputs)) == 30
    assert len(checkpoint["seen"]) == 10
    assert "overlap" in caplog.text


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_comes_late_and_wherever_it_crashes_nothing_is_lost(data):
    """Objects appear in any order within a day; the run is killed after any batch and goes on from its checkpoint."""
    store = Memory()
    ages = data.draw(st.lists(st.integers(0, 22 * 60), min_size=1, max_size=40))
    arrivals = [(data.draw(st.integers(0, 4)), number, age) for number, age in enumerate(ages)]
    committed, checkpoint = [], None
    for round_ in range(5):
        for arrival, number, age in arrivals:
            if arrival == round_:
                at_us = NOW_US - age * MINUTE_US
                store.put(key_of(at_us, f"u{number}"), packed(*(record(f"{number}-{i}", at_us) for i in range(3))))
        survives = data.draw(st.integers(0, 30)) if round_ < 4 else 10**6
        for batch in itertools.islice(source(store).batches(checkpoint), survives):
            committed += ids(batch.inputs)
            checkpoint = batch.checkpoint or checkpoint
    wanted = {f"{number}-{i}" for number in range(len(ages)) for i in range(3)}
    assert set(committed) == wanted


def test_a_configuration_names_a_folder(tmp_path):
    """`cloudtrail: {url: …}`; with `once` it ends."""
    store = Folder(tmp_path)
    store.put("x.json.gz", packed(record("a", NOW_US)))
    one = maker_of("cloudtrail").build("cloudtrail", {"url": str(tmp_path), "since": "3650d"}, {}, once=True)
    assert one.lateness_us == 15 * MINUTE_US
    assert ids(read(one)[0]) == ["a"]


@pytest.mark.parametrize(("url", "words"), [("s3://key:secret@bucket/x", "credentials"), ("nonsense://x", "not known")])
def test_an_address_that_cannot_work_is_refused_without_its_secrets(url, words):
    """At the start, not at the first poll."""
    with pytest.raises(SettingsError, match=words) as caught:
        maker_of("cloudtrail").build("cloudtrail", {"url": url}, {}, once=True)
    assert "secret@" not in str(caught.value)
