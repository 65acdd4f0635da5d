"""Sent events are durable when the answer says so, whatever form they come in."""

from __future__ import annotations

import base64
import gzip
import json
import os
import threading
import time

import pytest
import requests

from trailbell.http import bodies, ingest
from trailbell.http.serving import serving_store
from trailbell.http.settings import HttpSettings, Sender
from trailbell.sources.inbox import Inbox
from trailbell_engine.event import Event
from trailbell_engine.rule import RuleSet
from trailbell_notifiers.channels.signing import standard_headers, standard_key
from trailbell_notifiers.secret import Secret

SIGNING = "whsec_" + base64.b64encode(bytes(range(32))).decode()
SENDERS = (
    Sender(source="app", proof="token", secret=Secret("tökén")),
    Sender(source="legacy", proof="basic", user="u", secret=Secret("p:w"), map="cloudtrail"),
    Sender(source="hook", proof="signature", secret=Secret(SIGNING)),
)
TOKEN = {"Authorization": "Bearer tökén".encode()}


@pytest.fixture
def engine(running):
    """A server with an engine that takes what three senders send."""
    return running(senders=SENDERS)


@pytest.fixture
def post(engine):
    """A function: send a body to the server; JSON with the token if not told otherwise."""
    server, _, _ = engine

    def send(body, kind="application/json", headers=TOKEN, **keywords):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = {**({"Content-Type": kind} if kind else {}), **headers}
        return requests.post(f"{server.url}/v1/events", data=raw, headers=head, timeout=20, **keywords)

    return send


@pytest.fixture
def stored(engine):
    """A function: what the store has, as (source, id, event type)."""
    _, database, _ = engine
    return lambda: database.rows("SELECT source, id, event_type FROM input WHERE kind = 0 ORDER BY seq")


def test_accepted_is_stored(post, stored):
    """When 202 comes back, the events are in the store; sent again, they are there once."""
    events = [{"id": str(number), "event_type": "login", "time": "2026-11-02T10:00:00Z"} for number in range(250)]
    for _ in range(2):
        reply = post(events)
        assert (reply.status_code, reply.json()) == (202, {"accepted": 250, "errors": []})
        assert stored() == [("app", str(number), "login") for number in range(250)]


def test_one_event_and_lines(post, stored):
    """A JSON object is one event, NDJSON one a line."""
    assert post({"id": "a", "event_type": "x", "time": 1_790_000_000}).json()["accepted"] == 1
    lines = b'{"id":"b","type":"y","time":1790000000}\n\n{"id":"c","type":"y","time":1790000001}\r\n'
    assert post(lines, "application/x-ndjson").json()["accepted"] == 2
    assert [event_id for _, event_id, _ in stored()] == ["a", "b", "c"]


def test_errors_are_told_by_index(post, stored):
    """What is no event is told by its place; the others are stored all the same."""
    ahead = {"id": "z", "time": "9999-01-01T00:00:00Z"}
    reply = post([{"id": "a", "event_type": "x", "time": 1_790_000_000}, 7, ahead, None])
    assert reply.status_code == 202
    assert [error["index"] for error in reply.json()["errors"]] == [1, 2, 3]
    assert [event_id for _, event_id, _ in stored()] == ["a"]
    refused = post([1, 2])
    assert refused.status_code == 400
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert [error["index"] for error in refused.json()["errors"]] == [0, 1]


def test_without_an_engine_nothing_is_taken_in(store, address):
    """`trailbell serve` says so, to those who may know and as something that passes: what is sent is not lost."""
    store()
    with serving_store(HttpSettings(port=0, senders=SENDERS), address(), RuleSet) as server:
        for path in ("events", "logs"):
            head = {**TOKEN, "Content-Type": "application/json"}
            reply = requests.post(f"{server.url}/v1/{path}", data=b"{}", headers=head, timeout=20)
            assert (reply.status_code, reply.headers["Retry-After"]) == (503, "60")
            assert "no engine runs here" in reply.text


def test_nobody_can_speak_for_trailbell(post, stored):
    """The end of a failure, told from outside, ends nothing: the sender hears that it was not taken."""
    reply = post([{"id": "a", "event_type": "SOURCE_RECOVERED", "source": "vonage"}, {"id": "b", "event_type": "x"}])
    (error,) = reply.json()["errors"]
    assert error["index"] == 0
    assert "SOURCE_RECOVERED" in error["reason"]
    assert [event_id for _, event_id, _ in stored()] == ["b"]


def test_an_event_without_time_is_of_now(post, engine):
    """It borrows the time at which it came, and is marked."""
    before_us = time.time_ns() // 1_000
    assert post({"id": "a", "event_type": "x"}).status_code == 202
    ((time_us, untimed),) = engine[1].rows("SELECT time_us, untimed FROM input WHERE id = 'a'")
    assert untimed == 1
    assert before_us <= time_us <= time.time_ns() // 1_000


def test_cloud_events(post, stored):
    """CloudEvents come single, in batches and in binary mode; their identity is source and id together."""
    event = {"specversion": "1.0", "id": "1", "source": "/a", "type": "t", "time": "2026-11-02T10:00:00Z"}
    assert post(event, "application/cloudevents+json; charset=utf-8").status_code == 202
    batch = [event, event | {"source": "/b"}, {"id": "1"}]
    reply = post(batch, "application/cloudevents-batch+json")
    assert (reply.json()["accepted"], reply.json()["errors"][0]["index"]) == (2, 2)
    binary = {"ce-specversion": "1.0", "ce-id": "2", "ce-source": "/c%20d", "ce-type": "t", **TOKEN}
    assert post({"n": 1}, headers=binary).status_code == 202
    assert [event_id for _, event_id, _ in stored()] == ["/a 1", "/b 1", "/c d 2"]


def test_maps_belong_to_senders(post, stored):
    """Each sender's events are read by its map, under its own source name."""
    record = {"eventID": "e1", "eventName": "PutObject", "eventTime": "2026-11-02T10:00:00Z"}
    pair = base64.b64encode(b"u:p:w").decode()
    assert post({"Records": [record]}, headers={"Authorization": f"Basic {pair}"}).json()["accepted"] == 1
    assert stored() == [("legacy", "e1", "PutObject")]


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer nope"}, {"Authorization": b"Bearer \xff\xfe"}, {"Authorization": "Basic dTpw"}],
)
def test_strangers_are_refused(post, stored, headers):
    """Without a known token or pair nothing is taken."""
    reply = post({"id": "a"}, headers=headers)
    assert (reply.status_code, reply.headers["Content-Type"]) == (401, "application/problem+json")
    assert "Bearer" in reply.headers["WWW-Authenticate"]
    assert stored() == []


def test_signatures(post, stored):
    """A signed body is taken if the signature is of exactly these bytes and fresh; a repeat changes nothing."""
    body = b'{"id": "a",  "event_type": "x", "time": 1790000000}'
    key, now_s = standard_key(Secret(SIGNING)), int(time.time())
    signed = standard_headers([os.urandom(32), key], "msg_1", now_s, body)
    assert post(body, headers=signed).json() == {"accepted": 1, "errors": []}
    assert post(body, headers=signed).json()["repeated"] is True
    assert post(json.dumps(json.loads(body)).encode(), headers=signed).status_code == 401
    for shift_s in (-301, 360):  # time goes on while this runs
        assert post(body, headers=standard_headers([key], "msg_2", now_s + shift_s, body)).status_code == 401
    for bad in ("v1,", "v1,###", "v2,AAAA", "", "v1a," + signed["webhook-signature"]):
        assert post(body, headers={**signed, "webhook-id": "msg_3", "webhook-signature": bad or "x"}).status_code == 401
    assert stored() == [("hook", "a", "x")]


def test_gzip(post, stored):
    """Packed bodies are unpacked; what is no gzip, ends early, or unpacks to too much is refused."""
    lines = b"".join(b'{"id":"%d","type":"y","time":1790000000}\n' % number for number in range(2_000))
    packed = {**TOKEN, "Content-Encoding": "gzip"}
    assert post(gzip.compress(lines), "application/x-ndjson", packed).json()["accepted"] == 2_000
    assert post(b"no gzip", headers=packed).status_code == 400
    assert post(gzip.compress(lines)[:-20], "application/x-ndjson", packed).status_code == 400
    assert post(gzip.compress(b" " * 200_000_000), headers=packed).status_code == 413
    assert post(gzip.compress(b" " * 5_000_000), headers=packed).status_code == 413
    assert post(b"{}", headers={**TOKEN, "Content-Encoding": "br"}).status_code == 415
    assert len(stored()) == 2_000


def test_forms_that_are_not_known(post):
    """No content type, or a foreign one, is refused with those that are known; so is what is not of its form."""
    for kind in ("", "text/plain", "application/x-www-form-urlencoded"):
        reply = post(b"{}", kind)
        assert reply.status_code == 415
        assert "application/x-ndjson" in reply.headers["Accept"]
    assert post(b"{").status_code == 400
    assert post(b"\xff\xfe{}").status_code == 400
    assert post(b"{}", "application/cloudevents-batch+json").status_code == 400


def test_too_large(running):
    """A body over the limit is refused, be its length declared or not."""
    server, _, _ = running(senders=SENDERS, max_body_bytes=1_000)
    headers = {**TOKEN, "Content-Type": "application/json"}
    assert requests.post(f"{server.url}/v1/events", data=b" " * 1_001, headers=headers, timeout=10).status_code == 413
    chunks = (b" " * 100 for _ in range(20))
    assert requests.post(f"{server.url}/v1/events", data=chunks, headers=headers, timeout=10).status_code == 413


def test_an_inbox_is_bounded():
    """It takes what there is room for, all or nothing; something large only when it is empty."""
    inbox = Inbox("app", capacity=10)
    event = Event("app", "1", "x", 1, {})
    stored = []
    assert inbox.offer([event] * 30, lambda: stored.append("large"))
    assert not inbox.offer([event], lambda: stored.append("refused"))
    batches = inbox.batches(None)
    inbox.stop()
    for batch in batches:
        if batch.committed is not None:
            batch.committed()
    assert (stored, inbox.depth) == (["large"], 0)
    assert not inbox.offer([event], lambda: None)


def test_what_was_not_committed_is_given_again():
    """After a failure the next reading begins with what was given out and never became durable."""
    inbox = Inbox("app")
    stored = []
    for name in "ab":
        inbox.offer([Event("app", name, "x", 1, {})], lambda name=name: stored.append(name))
    first = inbox.batches(None)
    next(first), next(first)
    first.close()
    second = inbox.batches(None)
    again = [next(second), next(second)]
    assert [batch.inputs[0].id for batch in again] == ["a", "b"]
    for batch in again:
        batch.committed()
    assert stored == ["a", "b"]


def test_back_pressure(recorded, serving, event):
    """With an engine that does not take, senders are told to come again, and nothing is promised."""
    recorded([event(1)])
    parts, server = serving(senders=SENDERS[:1])
    assert parts.inboxes["app"].offer([event(2)] * 20_000, lambda: None)
    reply = requests.post(f"{server.url}/v1/events", json={"id": "a"}, headers=TOKEN, timeout=10)
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "1")


def test_no_promise_without_a_commit(recorded, serving, event, monkeypatch):
    """If the commit does not come in time, the answer is 503 and when to come again."""
    recorded([event(1)])
    monkeypatch.setattr(ingest.ingest_routes, "__kwdefaults__", {"commit_s": 0.2})
    _, server = serving(senders=SENDERS[:1])
    reply = requests.post(f"{server.url}/v1/events", json={"id": "a"}, headers=TOKEN, timeout=10)
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "10")


def test_many_senders_at_once(post, stored):
    """Every event that was accepted, by whichever of many connections, is stored once."""
    replies = []

    def send(number):
        replies.extend(post([{"id": f"{number}-{turn}", "time": 1_790_000_000}]).status_code for turn in range(20))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == [202] * 160
    assert len(stored()) == len({event_id for _, event_id, _ in stored()}) == 160


def test_the_ratio_is_ours():
    """Small bodies may unpack freely, up to 64 KiB."""
    assert len(bodies.unpacked(gzip.compress(b" " * 60_000), "gzip", 1_000_000)) == 60_000
