"""What a message may hold, and which events it becomes."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbell.sources.brokers.link import Message
from trailbell.sources.brokers.payload import Payload
from trailbell_engine.event import Event, Malformed
from trailbell_engine.timestamps import parse_time

NOW_US = parse_time("2026-11-02T10:00:00Z")
CLOUD = {"specversion": "1.0", "id": "7", "source": "/shop", "type": "order.paid", "time": "2026-11-02T09:00:00Z"}


def message(body, headers=None, position="s/1"):
    """A message as a link gives it."""
    return Message(body, headers or {}, "s/1", position, NOW_US - 5, "t")


def read(body, headers=None, *, position="s/1", **options):
    """What becomes of it."""
    return Payload("audit", **options).inputs(message(body, headers, position), NOW_US)


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": "a", "type": "X"}',
        b'[{"id": "a", "type": "X"}]',
        b'{"id": "a", "type": "X"}\n',
        gzip.compress(b'{"id": "a", "type": "X"}', mtime=0),
        gzip.compress(b'{"id": "a", ', mtime=0) + gzip.compress(b'"type": "X"}', mtime=0),
    ],
)
def test_an_event_comes_as_an_object_in_an_array_on_a_line_or_packed(body):
    """It is the same event in all of them, of the moment the broker took it."""
    assert read(body) == [Event("audit", "a", "X", NOW_US - 5, {"id": "a", "type": "X"}, untimed=True)]


def test_lines_are_events_and_a_broken_one_is_kept_aside_alone():
    """NDJSON is recognised, and can be asked for."""
    body = b'{"id": "a"}\n{"id": \n\n{"id": "b"}\n'
    for options in ({}, {"form": "ndjson"}):
        first, broken, last = read(body, **options)
        assert (first.id, last.id) == ("a", "b")
        assert isinstance(broken, Malformed)
        assert "not JSON" in broken.reason
    assert [type(item) for item in read(body, form="json")] == [Malformed]


def test_each_record_is_mapped_by_its_look_unless_a_map_is_named():
    """Records of several vendors may share a stream."""
    trail = {"eventID": "1", "eventName": "ConsoleLogin", "eventTime": "2026-11-02T09:30:00Z"}
    okta = {"uuid": "2", "eventType": "user.session.start", "published": "2026-11-02T09:31:00Z"}
    found = read(json.dumps([{"Records": [trail]}, okta]).encode())
    assert [(item.id, item.event_type) for item in found] == [("1", "ConsoleLogin"), ("2", "user.session.start")]


@pytest.mark.parametrize(
    ("prefix", "kind"), [("ce-", "content-type"), ("ce_", "content-type"), ("cloudevents:", "content-type")]
)
def test_a_cloud_event_is_the_same_in_binary_and_structured_mode(prefix, kind):
    """Its identity is its source with its id."""
    headers = {prefix + name: value for name, value in CLOUD.items()} | {kind: "application/json"}
    (binary,) = read(b'{"total": 7}', headers)
    (structured,) = read(
        json.dumps(CLOUD | {"datacontenttype": "application/json", "data": {"total": 7}}).encode(),
        {kind: "application/cloudevents+json; charset=utf-8"},
    )
    assert binary == structured
    assert (binary.id, binary.event_type, binary.data["data"]["total"]) == ("/shop 7", "order.paid", 7)


def test_data_that_are_no_json_stay_whole_in_a_cloud_event():
    """As a text, or in base64."""
    headers = {"ce_" + name: value for name, value in CLOUD.items()}
    assert read(b"plain words", headers)[0].data["data"] == "plain words"
    assert read(b"\xff\x00", headers)[0].data["data_base64"] == "/wA="
    assert "data" not in read(b"", headers)[0].data


@pytest.mark.parametrize("wrong", [{"id": ""}, {"type": 7}, {"specversion": "0.3"}])
def test_a_cloud_event_without_what_it_must_have_is_kept_aside(wrong):
    """With the reason."""
    (item,) = read(json.dumps(CLOUD | wrong).encode(), {"content-type": "application/cloudevents+json"})
    assert isinstance(item, Malformed)
    assert "no CloudEvent" in item.reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"\xff\xfe{", "UTF-16"),
        (b"7", "not an object"),
        (b"\x1f\x8bnothing", "no gzip"),
        (gzip.compress(b"{}", mtime=0)[:-3], "end early"),
        (gzip.compress(b" " * 30_000_000, mtime=0), "unpacks to more than"),
        (b'{"id": "a", "time": "2027-01-01T00:00:00Z"}', "ahead of the clock"),
    ],
)
def test_what_is_no_event_says_why(body, reason):
    """And keeps its bytes, and its place."""
    (item,) = read(body)
    assert isinstance(item, Malformed)
    assert reason in item.reason
    assert (item.place, item.raw) == ("s/1", body[: 64 * 1024])


@given(st.lists(st.binary(max_size=40), max_size=5), st.booleans())
def test_any_bytes_become_events_or_say_why_not(parts, packed):
    """Nothing is raised, and a message that comes again becomes the same."""
    body = b"\n".join(parts)
    body = gzip.compress(body, mtime=0) if packed else body
    found = read(body)
    assert found == read(body)
    assert all(item.source == "audit" for item in found)


@given(st.integers(1, 6))
def test_records_without_ids_are_told_apart_by_where_they_stand(count):
    """Equal ones in one message, too; the same message gives the same ids again."""
    body = json.dumps([{"event_type": "X"}] * count).encode()
    found = [item.id for item in read(body, position="s/9")]
    assert len(set(found)) == count
    assert found == [item.id for item in read(body, position="s/9")]
    assert not set(found) & {item.id for item in read(body, position="s/10")}
