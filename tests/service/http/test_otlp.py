"""Log records that OpenTelemetry exports become events, in JSON as in Protocol Buffers, durable before the answer."""

from __future__ import annotations

import copy
import gzip
import json
import time
from contextlib import suppress

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from trailbell.http import otlp
from trailbell.http.answers import RefusalError
from trailbell.http.otlp_messages import read_request, write_response, write_status
from trailbell.http.otlp_records import read_records
from trailbell.http.protobuf import NotProtobufError
from trailbell.http.settings import Sender
from trailbell_engine.event import Event
from trailbell_engine.path import parse_path
from trailbell_notifiers.channels.signing import standard_headers, standard_key
from trailbell_notifiers.secret import Secret

SIGNING = "whsec_" + "QUFB" * 10
SENDERS = (
    Sender(source="otel", proof="token", secret=Secret("t")),
    Sender(source="signed", proof="signature", secret=Secret(SIGNING)),
)
TOKEN = {"Authorization": "Bearer t"}
JSON, PROTOBUF = "application/json", "application/x-protobuf"
NOW_US = 1_790_000_000_000_000
NANOSECONDS = 1_544_712_660_300_000_000


def pair(key, **value):
    """A ``KeyValue``."""
    return {"key": key, "value": value}


def request_of(*records, resource=(), scope=None):
    """An ``ExportLogsServiceRequest`` of one scope."""
    return {
        "resourceLogs": [
            {"resource": {"attributes": [*resource]}, "scopeLogs": [{"scope": scope or {}, "logRecords": [*records]}]}
        ]
    }


# The values of https://github.com/open-telemetry/opentelemetry-proto/blob/v1.8.0/examples/logs.json
RECORD = {
    "timeUnixNano": str(NANOSECONDS),
    "observedTimeUnixNano": str(NANOSECONDS),
    "severityNumber": 10,
    "severityText": "Information",
    "traceId": "5B8EFFF798038103D269B633813FC60C",
    "spanId": "EEE19B7EC3C1B174",
    "body": {"stringValue": "Example log record"},
    "attributes": [
        pair("string.attribute", stringValue="some string"),
        pair("boolean.attribute", boolValue=True),
        pair("int.attribute", intValue="10"),
        pair("double.attribute", doubleValue=637.704),
        pair("array.attribute", arrayValue={"values": [{"stringValue": "many"}, {"stringValue": "values"}]}),
        pair("map.attribute", kvlistValue={"values": [pair("some.map.key", stringValue="some value")]}),
    ],
}
EXAMPLE = request_of(
    RECORD,
    resource=[pair("service.name", stringValue="my.service")],
    scope={
        "name": "my.library",
        "version": "1.0.0",
        "attributes": [pair("my.scope.attribute", stringValue="some scope attribute")],
    },
)
DATA = {
    "time_unix_nano": NANOSECONDS,
    "observed_time_unix_nano": NANOSECONDS,
    "severity_text": "Information",
    "severity_number": 10,
    "body": "Example log record",
    "attributes": {
        "string.attribute": "some string",
        "boolean.attribute": True,
        "int.attribute": 10,
        "double.attribute": 637.704,
        "array.attribute": ["many", "values"],
        "map.attribute": {"some.map.key": "some value"},
    },
    "resource": {"service.name": "my.service"},
    "scope": {
        "name": "my.library",
        "version": "1.0.0",
        "attributes": {"my.scope.attribute": "some scope attribute"},
    },
    "trace_id": "5b8efff798038103d269b633813fc60c",
    "span_id": "eee19b7ec3c1b174",
}
# What the package opentelemetry-proto 1.45.2 writes: the example, a record of unusual values, and an answer.
EXAMPLE_WIRE = bytes.fromhex(
    "0a88030a1e0a1c0a0c736572766963652e6e616d65120c0a0a6d792e7365727669636512e5020a410a0a6d792e6c69627261"
    "72791205312e302e301a2c0a126d792e73636f70652e61747472696275746512160a14736f6d652073636f70652061747472"
    "6962757465129f020900eb3af5faeb6f15100a1a0b496e666f726d6174696f6e2a140a124578616d706c65206c6f67207265"
    "636f726432210a10737472696e672e617474726962757465120d0a0b736f6d6520737472696e6732170a11626f6f6c65616e"
    "2e6174747269627574651202100132130a0d696e742e6174747269627574651202180a321d0a10646f75626c652e61747472"
    "69627574651209211283c0caa1ed834032270a0f61727261792e61747472696275746512142a120a060a046d616e790a080a"
    "0676616c75657332310a0d6d61702e6174747269627574651220321e0a1c0a0c736f6d652e6d61702e6b6579120c0a0a736f"
    "6d652076616c75654a105b8efff798038103d269b633813fc60c5208eee19b7ec3c1b1745900eb3af5faeb6f15"
)
UNUSUAL_WIRE = bytes.fromhex(
    "0a8a011287011284012a6b32690a100a016e120b18fbffffffffffffffff010a120a03626967120b18808080808080808080"
    "010a0b0a0372617712043a0200ff0a080a026e6f120210000a0b0a05656d70747912020a000a100a036e616e120921000000"
    "000000f87f0a0b0a076e6f7468696e671200380345010000005901eb3af5faeb6f1562056c6f67696e"
)
ANSWER_WIRE = bytes.fromhex("0a0808ac021203776879")


@pytest.fixture
def engine(running):
    """A server with an engine that takes log records."""
    return running(senders=SENDERS)


@pytest.fixture
def post(engine):
    """A function: export a document, or bytes, to the server; as JSON with the token if not told otherwise."""

    def send(body, kind=JSON, headers=TOKEN):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = {"Content-Type": kind, **headers}
        return requests.post(f"{engine[0].url}/v1/logs", data=raw, headers=head, timeout=20)

    return send


@pytest.fixture
def stored(engine):
    """A function: the events in the store, as (id, event type, time, data)."""

    def rows():
        found = engine[1].rows("SELECT id, event_type, time_us, data FROM input WHERE kind = 0 ORDER BY seq")
        return [(*row[:3], json.loads(row[3])) for row in found]

    return rows


def test_the_specifications_example(post, stored):
    """It is stored when 200 comes back, as JSON or as Protocol Buffers, packed or not, and always the same event."""
    for body, kind, headers, expected in (
        (EXAMPLE, f"{JSON}; charset=utf-8", {}, b"{}"),
        (EXAMPLE_WIRE, PROTOBUF, {}, b""),
        (gzip.compress(EXAMPLE_WIRE), PROTOBUF, {"Content-Encoding": "gzip"}, b""),
    ):
        reply = post(body, kind, TOKEN | headers)
        assert (reply.status_code, reply.content) == (200, expected)
        assert reply.headers["Content-Type"] == kind.partition(";")[0]
        ((_, event_type, time_us, data),) = stored()
        assert (event_type, time_us, data) == ("", NANOSECONDS // 1_000, DATA)


def event_of(record, **around):
    """The event of one record."""
    ((found,), refused) = read_records(request_of(record, **around), "otel", NOW_US)
    assert refused == []
    assert isinstance(found, Event)
    return found


@pytest.mark.parametrize(
    ("record", "event_type"),
    [
        ({"eventName": "a", "attributes": [pair("event.name", stringValue="b")]}, "a"),
        (
            {
                "attributes": [pair("event.name", stringValue="b")],
                "body": {"kvlistValue": {"values": [pair("event_type", stringValue="c")]}},
            },
            "b",
        ),
        ({"body": {"kvlistValue": {"values": [pair("event_type", stringValue="c")]}}}, "c"),
        ({"body": {"stringValue": "text"}}, ""),
    ],
)
def test_the_kind_of_event(record, event_type):
    """It is the event's name, wherever the exporter puts it."""
    assert event_of(record).event_type == event_type


@pytest.mark.parametrize("name", ["event.id", "log.record.uid"])
def test_a_record_with_an_id_keeps_it(name):
    """So what an exporter sends again counts once, changed or not."""
    assert event_of({"attributes": [pair(name, stringValue="01J")]}).id == "01J"


def test_a_record_without_an_id_is_known_by_its_content():
    """Two collectors that read the same log observe it at different times; anything else makes another event."""
    later = RECORD | {"observedTimeUnixNano": str(NANOSECONDS + 5)}
    assert event_of(later).id == event_of(RECORD).id
    others = [event_of(RECORD | {"severityNumber": 9}), event_of(RECORD, resource=[pair("host", stringValue="b")])]
    assert len({event_of(RECORD).id, *(event.id for event in others)}) == 3


def test_times():
    """That of the event; else when it was observed; else of now, and marked."""
    assert event_of({"timeUnixNano": 0, "observedTimeUnixNano": 5_999}).time_us == 5
    bare = event_of({"body": {"stringValue": "x"}})
    assert (bare.time_us, bare.untimed) == (NOW_US, True)
    assert not event_of(RECORD).untimed


def test_unusual_values_on_the_wire():
    """Negative and large integers, bytes, empty and absent values, and numbers that JSON does not know."""
    event = read_records(read_request(UNUSUAL_WIRE), "otel", NOW_US).inputs[0]
    assert (event.event_type, event.data["flags"], event.data["dropped_attributes_count"]) == ("login", 1, 3)
    assert event.data["observed_time_unix_nano"] == NANOSECONDS + 1
    assert event.data["body"] == {
        "n": -5,
        "big": -(2**63),
        "raw": "AP8=",
        "no": False,
        "empty": "",
        "nan": "NaN",
        "nothing": None,
    }


def test_rules_reach_attributes_by_quoted_names():
    """As the guide says."""
    assert parse_path('attributes."enduser.id"').segments == ("attributes", "enduser.id")


def test_no_record_can_speak_for_trailbell():
    """One that is called as trailbell's own events are is none."""
    records = read_records(request_of({"eventName": "SOURCE_RECOVERED"}, {"eventName": "login"}), "app", NOW_US)
    (refused,) = records.refused
    assert "SOURCE_RECOVERED" in refused
    assert [item.event_type for item in records.inputs if isinstance(item, Event)] == ["login"]


def test_records_that_are_no_events_are_told_and_kept(post, stored, engine):
    """They are counted in the answer with the first reason, and stand in quarantine with their places."""
    ahead = {"timeUnixNano": str((time.time_ns() // 10**9 + 86_400) * 10**9)}
    records = [RECORD, 7, ahead, {"body": {"stringValue": 7}}]
    reply = post(request_of(*records))
    assert reply.status_code == 200
    told = reply.json()["partialSuccess"]
    assert (told["rejectedLogRecords"], told["errorMessage"]) == (
        "3",
        "resourceLogs[0].scopeLogs[0].logRecords[1]: it is no object",
    )
    assert len(stored()) == 1
    kept = engine[1].rows("SELECT place, reason FROM quarantine ORDER BY seq")
    assert [place[-13:] for place, _ in kept] == ["logRecords[1]", "logRecords[2]", "logRecords[3]"]
    assert "ahead of the clock" in kept[1][1]
    assert "body is no value" in kept[2][1]


def test_answers_on_the_wire():
    """They are those that the official package writes."""
    assert write_response(300, "why") == ANSWER_WIRE
    assert write_response(0, "") == b""
    assert write_status(3, "why") == b"\x08\x03\x12\x03why"


def test_refusals_are_of_the_form_of_the_request(post):
    """A Status with words, in JSON or Protocol Buffers; other forms are refused with those that are known."""
    reply = post(b"{")
    assert (reply.status_code, reply.json()["code"]) == (400, 3)
    assert "not JSON" in reply.json()["message"]
    reply = post(b"\x0a\x05", PROTOBUF)
    assert (reply.status_code, reply.headers["Content-Type"]) == (400, PROTOBUF)
    assert b"ends in the middle" in reply.content
    reply = post(EXAMPLE, "text/plain")
    assert (reply.status_code, reply.headers["Accept"]) == (415, f"{PROTOBUF}, {JSON}")
    assert post({"resourceLogs": 7}).status_code == 400
    assert post(gzip.compress(b" " * 5_000_000), headers=TOKEN | {"Content-Encoding": "gzip"}).status_code == 413


def test_strangers_are_refused(post, stored):
    """Without a known token nothing is taken."""
    reply = post(EXAMPLE, headers={"Authorization": "Bearer nope"})
    assert (reply.status_code, reply.json()["code"]) == (401, 16)
    assert "Bearer" in reply.headers["WWW-Authenticate"]
    assert stored() == []


def test_signatures(post, stored):
    """A signed request counts once, however often it is sent."""
    body = json.dumps(EXAMPLE).encode()
    signed = standard_headers([standard_key(Secret(SIGNING))], "m1", int(time.time()), body)
    for _ in range(2):
        reply = post(body, headers=signed)
        assert (reply.status_code, reply.json()) == (200, {})
    assert len(stored()) == 1


def test_nothing_sent_is_nothing_stored(post, stored):
    """Exporters may send empty requests."""
    assert [post({}).status_code, post(b"", PROTOBUF).status_code] == [200, 200]
    assert stored() == []


def test_back_pressure(recorded, serving, event):
    """With no room, or without a commit in time, exporters are told to come again."""
    recorded([event(1)])
    parts, server = serving(senders=SENDERS[:1])
    assert parts.inboxes["otel"].offer([event(2)] * 20_000, lambda: None)
    reply = requests.post(f"{server.url}/v1/logs", json=EXAMPLE, headers=TOKEN, timeout=10)
    assert (reply.status_code, reply.headers["Retry-After"], reply.json()["code"]) == (429, "1", 8)


def test_no_promise_without_a_commit(recorded, serving, event, monkeypatch):
    """If the commit does not come in time, the answer is 503 and when to come again."""
    recorded([event(1)])
    monkeypatch.setattr(otlp.otlp_routes, "__kwdefaults__", {"commit_s": 0.2})
    _, server = serving(senders=SENDERS[:1])
    reply = requests.post(f"{server.url}/v1/logs", json=EXAMPLE, headers=TOKEN, timeout=10)
    assert (reply.status_code, reply.headers["Retry-After"], reply.json()["code"]) == (503, "10", 14)


def test_values_that_are_nested_deep_are_refused():
    """Without end of the stack."""
    value = {"stringValue": "x"}
    for _ in range(200):
        value = {"arrayValue": {"values": [value]}}
    (_, refused) = read_records(request_of({"body": value}), "otel", NOW_US)
    assert "deeper than 64 levels" in refused[0]
    wire = b""
    for tag in [b"\x0a", b"\x2a"] * 60 + [
        b"\x2a",
        b"\x12",
        b"\x12",
        b"\x0a",
    ]:  # values, arrays, body, record, scope, group
        wire = tag + _length(wire) + wire
    with pytest.raises(NotProtobufError, match="deeper than 100"):
        read_request(wire)


def _length(content):
    size, written = len(content), b""
    while size > 0x7F:
        written += bytes([size & 0x7F | 0x80])
        size >>= 7
    return written + bytes([size])


@given(st.data())
def test_broken_messages_never_end_in_a_traceback(data):
    """Whatever bytes of a message are changed, cut or added, it is read, or refused in words."""
    raw = bytearray(data.draw(st.sampled_from([EXAMPLE_WIRE, UNUSUAL_WIRE])))
    for _ in range(data.draw(st.integers(1, 5))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    del raw[data.draw(st.integers(0, len(raw))) :]
    try:
        document = read_request(bytes(raw))
    except NotProtobufError:
        return
    assert len(read_records(document, "otel", NOW_US).inputs) <= 1


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
_NAMES = ("timeUnixNano", "body", "attributes", "traceId", "severityNumber", "eventName", "flags")
_VALUE_NAMES = ("stringValue", "intValue", "doubleValue", "arrayValue", "kvlistValue", "bytesValue", "boolValue")
_ANY = st.dictionaries(st.sampled_from(_VALUE_NAMES), _JSON, max_size=1)


@given(
    _JSON
    | st.dictionaries(
        st.sampled_from(_NAMES), _JSON | _ANY | st.lists(st.fixed_dictionaries({"key": _JSON, "value": _ANY}))
    )
)
def test_any_json_is_read_or_refused(record):
    """A record of any form is an event, or refused with its place."""
    document = copy.deepcopy(EXAMPLE)
    document["resourceLogs"][0]["scopeLogs"][0]["logRecords"] = [record]
    inputs, refused = read_records(document, "otel", NOW_US)
    assert len(inputs) == 1
    assert all(reason.startswith("resourceLogs[0].scopeLogs[0].logRecords[0]: ") for reason in refused)
    for broken in (record, {"resourceLogs": record}, {"resourceLogs": [{"resource": record}]}):
        with suppress(RefusalError):
            read_records(broken, "otel", NOW_US)
