"""Records to events: the rules of the language's section on events, one heading each."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbell_engine.decoding.decoder import RAW_KEPT_BYTES, RECORD_LIMIT_BYTES, Decoder
from trailbell_engine.decoding.envelope import content_id
from trailbell_engine.decoding.exact_json import DEPTH_LIMIT, NotJsonError, read_json, write_json
from trailbell_engine.decoding.maps import GENERIC, PRESETS, EventMap, MapError, detect, map_from_json
from trailbell_engine.event import Event, Malformed
from trailbell_engine.timestamps import format_time, parse_time

VONAGE = PRESETS["vonage"]
EVENT = {
    "id": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab",
    "event_type": "NUMBER_UPDATED",
    "created_at": "2026-11-02T10:00:00",
    "account_id": "abcd1234",
    "context": {"msisdn": "447700900123", "voice-type": "sip"},
}


def decode(record, event_map=VONAGE, **keywords):
    raw = record if isinstance(record, bytes) else json.dumps(record).encode()
    (item,) = Decoder(event_map.name, event_map, **keywords).decode(raw, "events.ndjson:1")
    return item


def test_an_event_has_its_envelope_and_the_record_untouched():
    """The map finds id, type and time; the record is kept as it came."""
    event = decode(EVENT)
    assert event == Event("vonage", EVENT["id"], "NUMBER_UPDATED", parse_time("2026-11-02T10:00:00Z"), EVENT)


# Ids


def test_a_record_without_an_id_gets_a_hash_of_its_content():
    """The hash is SHA-256 of the canonical JSON, so spaces and the order of keys do not matter."""
    one, other = decode(b'{"b": 1.0, "a": "x"}'), decode(b'{"a":"x","b":1}')
    assert one.id == other.id == hashlib.sha256(b'{"a":"x","b":1}').hexdigest() == content_id({"a": "x", "b": 1})


@pytest.mark.parametrize("empty", [None, "", [], {}, True])
def test_an_id_that_is_no_text_or_number_is_none(empty):
    """Null, the empty text, booleans and containers identify nothing."""
    assert decode(EVENT | {"id": empty}).id == content_id(EVENT | {"id": empty})


@pytest.mark.parametrize(("value", "text"), [(7, "7"), (0, "0"), (2**63, str(2**63)), (1.5, "1.5"), (1.0, "1")])
def test_an_id_that_is_a_number_becomes_text(value, text):
    """Numbers by value: 1.0 is 1."""
    assert decode(EVENT | {"id": value}).id == text


def test_of_several_paths_the_first_usable_one_counts():
    """A path that finds null or a container gives way to the next."""
    several = map_from_json({"id": ["meta.id", "uuid"], "event_type": ["kind", "name"], "time": ["at", "when"]})
    event = decode(
        {"meta": {"id": None}, "uuid": 5, "kind": "", "name": "N", "at": "soon", "when": 1793613600}, several
    )
    assert (event.id, event.event_type, format_time(event.time_us)) == ("5", "N", "2026-11-02T10:00:00Z")


# Types


@pytest.mark.parametrize(("value", "text"), [(None, ""), (12, "12"), (True, "true"), (["a"], '["a"]'), ("X", "X")])
def test_an_event_type_is_text(value, text):
    """What is no text becomes its JSON; nothing becomes the empty text."""
    assert decode(EVENT | {"event_type": value}).event_type == text


# Times


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-02T10:00:00", "2026-11-02T10:00:00Z"),
        ("2026-11-02T10:00:00+01:00", "2026-11-02T09:00:00Z"),
        ("2026-11-02 10:00:00.25", "2026-11-02T10:00:00.25Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
        (1793613600, "2026-11-02T10:00:00Z"),
        (1793613600.5, "2026-11-02T10:00:00.5Z"),
        (1793613600123, "2026-11-02T10:00:00.123Z"),
        (1793613600123456, "2026-11-02T10:00:00.123456Z"),
        (1793613600123456789, "2026-11-02T10:00:00.123456Z"),
        ("1793613600123", "2026-11-02T10:00:00.123Z"),
        ("1793613600.000200", "2026-11-02T10:00:00.0002Z"),
    ],
)
def test_times_are_read(written, meant):
    """RFC 3339 with and without a zone, and numbers since 1970 whose size tells their unit."""
    event = decode(EVENT | {"created_at": written})
    assert (format_time(event.time_us), event.untimed) == (meant, False)


NO_TIMES = [
    None,
    "",
    "yesterday",
    "2026-11-02",
    "2026-13-45T10:00:00",
    0,
    12,
    -1793613600,
    True,
    [],
    {},
    1e30,
    "٣" * 10,
]
OFF_THE_CALENDAR = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]


@pytest.mark.parametrize("unreadable", [*NO_TIMES, *OFF_THE_CALENDAR])
def test_an_unreadable_time_is_that_of_the_event_before(unreadable):
    """The event is untimed, and does not change the time that the next one would borrow."""
    decoder = Decoder("vonage", VONAGE)
    first, second, third = (
        decoder.decode(json.dumps(EVENT | {"created_at": time}).encode(), "x")[0]
        for time in ("2026-11-02T10:00:00", unreadable, "gone")
    )
    assert (second.time_us, second.untimed) == (first.time_us, True)
    assert (third.time_us, third.untimed) == (first.time_us, True)


def test_the_borrowed_time_survives_a_restart():
    """``last_time_us`` of one decoder is given to the next."""
    assert decode({"id": "1"}, last_time_us=42) == Event("vonage", "1", "", 42, {"id": "1"}, untimed=True)


# Malformed


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{", "not JSON: "),
        (b'{"a":1} x', "not JSON: unexpected content"),
        (b'{"a":NaN}', "not JSON: NaN at 5"),
        (b'{"a":-Infinity}', "not JSON: Infinity"),
        (b'{"a":1e999}', "not JSON: number is infinity"),
        (b'{"a":"\\ud800"}', "not JSON: no low surrogate"),
        (b'{"a":"\xff"}', "not UTF-8: byte 0xff at 6"),
        (b"\xef\xbb\xbf{}", "not JSON: it starts with a byte order mark"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8: it looks like UTF-16"),
        (b" ", "empty"),
        (b"[1]", "not an object but an array"),
        (b'"a"', "not an object but a text"),
        (b"null", "not an object but null"),
        (b"12", "not an object but a number"),
        (b"true", "not an object but a boolean"),
        (b'{"a":' + b"9" * 5000 + b"}", "not JSON: number is infinity"),
    ],
)
def test_what_is_no_event_says_why(raw, reason):
    """The reason is in words, the place and the bytes are kept."""
    malformed = decode(raw)
    assert isinstance(malformed, Malformed)
    assert malformed.reason.startswith(reason)
    assert (malformed.source, malformed.place, malformed.raw) == ("vonage", "events.ndjson:1", raw)


def nested(levels, bracket="{"):
    opening, closing = ('{"a":', "}") if bracket == "{" else ("[", "]")
    inner = levels - 1
    return ('{"a":' + opening * (inner - 1) + ("{}" if bracket == "{" else "[]") + closing * (inner - 1) + "}").encode()


@pytest.mark.parametrize("bracket", ["{", "["])
def test_depth_is_limited_to_the_level(bracket):
    """64 levels pass, 65 do not, whether the record was decoded here or by somebody else."""
    assert isinstance(decode(nested(DEPTH_LIMIT, bracket)), Event)
    assert decode(nested(DEPTH_LIMIT + 1, bracket)).reason == "deeper than 64 levels"
    (given_decoded,) = Decoder("vonage", VONAGE).decode_value(json.loads(nested(DEPTH_LIMIT + 1, bracket)), "x")
    assert given_decoded.reason == "deeper than 64 levels"


def test_many_brackets_side_by_side_are_not_deep():
    """Only nesting counts; and depth beyond what any decoder likes is still only malformed."""
    assert decode(b'{"n":' + b"7" * 25 + b',"a":' + b"[" * 1015 + b"]" * 1015 + b"}").reason == "deeper than 64 levels"
    assert isinstance(decode({"a": [{}] * 1000}), Event)


def test_size_is_limited_to_the_byte():
    """One MiB passes, one byte more does not; of what is too large 64 KiB are kept."""
    padding = RECORD_LIMIT_BYTES - len(b'{"a":""}')
    assert isinstance(decode(b'{"a":"' + b"x" * padding + b'"}'), Event)
    malformed = decode(b'{"a":"' + b"x" * (padding + 1) + b'"}')
    assert malformed.reason == "larger than 1 MiB (1,048,577 bytes)"
    assert len(malformed.raw) == RAW_KEPT_BYTES


@given(st.binary(max_size=200))
def test_any_bytes_give_an_event_or_a_reason(raw):
    """Nothing that comes in makes the decoder raise, and nothing disappears."""
    items = Decoder("generic", GENERIC).decode(raw, "x")
    assert len(items) == 1
    assert isinstance(items[0], Event) or (isinstance(items[0], Malformed) and items[0].reason)


# Numbers


@pytest.mark.parametrize(
    "number", [2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**29 + 1, -(10**29) - 1, 10**300 + 1]
)
def test_integers_are_never_altered(number):
    """Beyond 64 bits, too: nothing becomes a rounded float on the way in or out."""
    event = decode(f'{{"id": "1", "n": {number}}}'.encode())
    assert event.data["n"] == number
    assert type(event.data["n"]) is int
    assert read_json(write_json(event.data)) == event.data


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    ).filter(lambda value: all(not "\ud800" <= mark <= "\udfff" for mark in str(value)))
)
def test_what_is_written_is_read_back(value):
    """``write_json`` and ``read_json`` are inverse on every JSON value."""
    assert read_json(write_json(value)) == value


def test_an_integer_of_absurd_length_is_refused_in_words():
    """Python would take quadratic time to read it; a float would not be it."""
    with pytest.raises(NotJsonError, match="infinity"):
        read_json(b"1" * 5000)
    assert decode(b'{"a": 0.' + b"0" * 400 + b'1, "n": ' + b"1" * 25 + b"}").data["n"] == int("1" * 25)


# Wrappings


def test_a_wrapping_gives_all_its_records():
    """Each with its number in the place; what is no object among them is malformed alone."""
    page = {"_embedded": {"events": [EVENT, 5, EVENT | {"id": "b"}]}, "page": {}}
    first, broken, last = Decoder("vonage", VONAGE).decode(json.dumps(page).encode(), "page.json:1")
    assert (first.id, last.id) == (EVENT["id"], "b")
    assert (broken.place, broken.reason, broken.raw) == ("page.json:1[1]", "not an object but a number", b"5")


def test_a_wrapping_may_be_larger_than_an_event():
    """The limit of one MiB is for each record inside."""
    records = [{"eventID": str(number), "eventName": "x" * 400_000} for number in range(4)]
    records.append({"eventID": "big", "eventName": "x" * RECORD_LIMIT_BYTES})
    items = Decoder("cloudtrail", PRESETS["cloudtrail"]).decode(json.dumps({"Records": records}).encode(), "x")
    assert [getattr(item, "id", "too large") for item in items] == ["0", "1", "2", "3", "too large"]


@pytest.mark.parametrize("records", [None, {}, "x", 3])
def test_a_field_of_the_wrappings_name_that_is_no_array_is_an_ordinary_field(records):
    """Then the object is an event."""
    assert decode({"eventID": "1", "Records": records}, PRESETS["cloudtrail"]).id == "1"


# Maps

SAMPLES = {
    "vonage": EVENT,
    "cloudtrail": {"eventID": "1", "eventName": "ConsoleLogin", "eventTime": "2026-11-02T10:00:00Z"},
    "github": {"_document_id": "1", "action": "repo.create", "@timestamp": 1793613600000},
    "okta": {"uuid": "1", "eventType": "user.session.start", "published": "2026-11-02T10:00:00.000Z"},
    "auth0": {"log_id": "1", "data": {"type": "f", "date": "2026-11-02T10:00:00.000Z"}},
    "gworkspace": {"id": {"uniqueQualifier": "1", "time": "2026-11-02T10:00:00Z"}, "events": [{"name": "login"}]},
    "cloudevents": {"specversion": "1.0", "id": "1", "type": "t", "source": "/s", "time": "2026-11-02T10:00:00Z"},
    "slack": {"id": "1", "action": "user_login", "date_create": 1793613600, "entity": {}},
    "cloudflare": {"id": "1", "account": {}, "action": {"type": "add", "time": "2026-11-02T10:00:00Z"}, "resource": {}}
    | {"actor": {}},
    "ocsf": {"class_uid": 3002, "class_name": "Auth", "metadata": {"uid": "1"}, "time": 1793613600000},
}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_found_by_looking_and_reads_its_records(name):
    """Every preset knows its own record, bare and in its wrapping, and finds all of the envelope."""
    preset = detect(SAMPLES[name])
    assert preset is PRESETS[name]
    event = decode(SAMPLES[name], preset)
    assert event.id in ("1", EVENT["id"])
    assert event.event_type
    assert format_time(event.time_us) == "2026-11-02T10:00:00Z"
    assert not event.untimed
    if preset.unwrap:
        wrapped = SAMPLES[name]
        for segment in reversed(preset.unwrap.segments):
            wrapped = {segment: [wrapped]} if segment == preset.unwrap.segments[-1] else {segment: wrapped}
        assert detect(wrapped) is preset


@pytest.mark.parametrize(
    "record", [{}, {"message": "hello"}, [], None, 3, {"id": {}}, {"items": []}, {"type": "x", "Records": []}]
)
def test_what_no_preset_knows_is_detected_as_nothing(record):
    """Guessing wrong would be worse than the generic map."""
    assert detect(record) is None


def test_a_map_addresses_the_records_own_fields():
    """``id`` in a map is the record's field, not the envelope's."""
    assert map_from_json({"id": "id", "event_type": ["event_type"], "time": "time"}, "own") == EventMap(
        "own", *(((VONAGE.id[0].__class__((name,))),) for name in ("id", "event_type", "time"))
    )


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ([], "a map is a mapping"),
        ({}, "at least one of"),
        ({"ids": "x"}, "no key 'ids'"),
        ({"id": [1]}, "`id` of a map is a path"),
        ({"id": "a..b"}, "`id` of the map: "),
        ({"id": "a", "unwrap": ["b", "c"]}, "`unwrap` is one path"),
        ({"id": "a", "unwrap": "b[0]"}, "`unwrap` is one path"),
        ({"id": "a", "name": 3}, "`name` of a map"),
    ],
)
def test_a_bad_map_says_what_to_write(mapping, message):
    """Every fault names its key and helps."""
    with pytest.raises(MapError, match=message.replace("(", r"\(")) as caught:
        map_from_json(mapping)
    assert caught.value.help
