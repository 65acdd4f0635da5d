"""Syslog messages of both forms, as the RFCs show them and as devices send them."""

from __future__ import annotations

import time
from contextlib import suppress
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trailbell.sources.syslog.events import EventReader, Heard
from trailbell.sources.syslog.message import Message, NotSyslogError, read_message
from trailbell_engine.decoding.maps import GENERIC, PRESETS
from trailbell_engine.event import Event, Malformed
from trailbell_engine.timestamps import DAY_US, format_time, parse_time

UTC = ZoneInfo("UTC")
NOW_US = parse_time("2026-11-23T08:00:00Z")


def read(raw, zone=UTC, now_us=NOW_US):
    """A message of text or bytes."""
    return read_message(raw if isinstance(raw, bytes) else raw.encode(), zone, now_us)


def event_of(raw, event_map=GENERIC):
    """The one event of a message."""
    (found,) = EventReader("syslog", event_map, UTC, lambda: NOW_US).read(
        Heard(raw if isinstance(raw, bytes) else raw.encode(), "192.0.2.1", "udp 192.0.2.1:5")
    )
    return found


# https://www.rfc-editor.org/rfc/rfc5424#section-6.5
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (
            "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed on /dev/pts/8",
            Message(
                4,
                2,
                "2003-10-11T22:14:15.003Z",
                parse_time("2003-10-11T22:14:15.003Z"),
                "mymachine.example.com",
                "su",
                "",
                "ID47",
                {},
                "'su root' failed on /dev/pts/8",
            ),
        ),
        (
            "<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.",
            Message(
                20,
                5,
                "2003-08-24T05:14:15.000003-07:00",
                parse_time("2003-08-24T12:14:15.000003Z"),
                "192.0.2.1",
                "myproc",
                "8710",
                "",
                {},
                "%% It's time to make the do-nuts.",
            ),
        ),
        (
            '<165>1 - - evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application"][x@32473 class="high"]',
            Message(
                20,
                5,
                app="evntslog",
                msgid="ID47",
                structured={
                    "exampleSDID@32473": {"iut": "3", "eventSource": "Application"},
                    "x@32473": {"class": "high"},
                },
            ),
        ),
        (
            r'<0>1 - - - - - [origin ip="192.0.2.1" ip="192.0.2.129"][x v="a\"b\\c\]d\n"] [no element]',
            Message(
                0,
                0,
                structured={"origin": {"ip": ["192.0.2.1", "192.0.2.129"]}, "x": {"v": 'a"b\\c]d\\n'}},
                text="[no element]",
            ),
        ),
    ],
)
def test_rfc_5424(raw, expected):
    """The examples of the RFC: header, structured data with its escapes, and text."""
    assert read(raw) == expected


@pytest.mark.parametrize(
    ("raw", "time", "host", "app", "pid", "text"),
    [
        ("<34>Oct 11 22:14:15 mine su: 'su root' failed", "2026-10-11T22:14:15Z", "mine", "su", "", "'su root' failed"),
        ("<86>Nov  2 10:00:00 web1 sshd[71]: Accepted", "2026-11-02T10:00:00Z", "web1", "sshd", "71", "Accepted"),
        ("<86>Nov 2 10:00:00.25 web1 sshd[71]: x\r\n\0", "2026-11-02T10:00:00.25Z", "web1", "sshd", "71", "x"),
        ("<13>Nov  2 10:00:00 cron[9]: no host", "2026-11-02T10:00:00Z", "", "cron", "9", "no host"),
        ("<13>Nov  2 2025 10:00:00 fw1 : %ASA-6-1: x", "2025-11-02T10:00:00Z", "fw1", "", "", ": %ASA-6-1: x"),
        ("<13>2026-11-02T12:00:00+02:00 h postfix/smtpd[1]: y", "2026-11-02T10:00:00Z", "h", "postfix/smtpd", "1", "y"),
        ("<13>Nov  2 10:00:00 fe80::1 a: z", "2026-11-02T10:00:00Z", "fe80::1", "a", "", "z"),
        ("<13>app: only a tag", None, "", "app", "", "only a tag"),
        ("<13>free text", None, "", "", "", "free text"),
        ("<13>", None, "", "", "", ""),
        ("<13>Feb 30 10:00:00 h a: no such day", None, "h", "a", "", "no such day"),
    ],
)  # fmt: skip
def test_rfc_3164(raw, time, host, app, pid, text):
    """The forms that are about; what is not understood is text."""
    found = read(raw)
    assert (found.time_us, found.host, found.app, found.pid, found.text) == (
        None if time is None else parse_time(time),
        host,
        app,
        pid,
        text,
    )


@pytest.mark.parametrize(
    ("written", "now", "meant"),
    [
        ("Dec 31 23:59:58", "2027-01-01T00:00:03Z", "2026-12-31T23:59:58Z"),
        ("Jan  1 00:00:02", "2026-12-31T23:59:59Z", "2027-01-01T00:00:02Z"),
        ("Feb 29 12:00:00", "2028-03-01T00:00:00Z", "2028-02-29T12:00:00Z"),
    ],
)
def test_times_without_a_year_are_those_nearest_to_now(written, now, meant):
    """Around the new year, too."""
    assert read(f"<13>{written} h a: x", now_us=parse_time(now)).time_us == parse_time(meant)


def test_times_without_a_zone_are_of_the_configured_one():
    """With its summer time."""
    for month, hour in (("Jul", "09"), ("Nov", "10")):
        found = read(f"<13>{month}  2 10:00:00 h a: x", ZoneInfo("Europe/London"))
        assert format_time(found.time_us)[11:13] == hour


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b"hello", "no priority"),
        (b"<192>1 - - - - - -", "no priority"),
        (b"<013>x", "no priority"),
        (b"<13>1 - - - -", "PROCID is missing"),
        (b"<13>1 yesterday - - - - -", "TIMESTAMP 'yesterday'"),
        (b"<13>1 - - - - - text", "STRUCTURED-DATA"),
        (b'<13>1 - - - - - [x y="z', "STRUCTURED-DATA"),
        (b"<13>1 - - - - - -text", "STRUCTURED-DATA"),
    ],
)
def test_what_is_no_message_says_why(raw, reason):
    """And stands in quarantine with its place and its bytes."""
    with pytest.raises(NotSyslogError, match=reason):
        read(raw)
    found = event_of(raw)
    assert isinstance(found, Malformed)
    assert (found.place, found.raw) == ("udp 192.0.2.1:5", raw)


def test_text_in_other_encodings_is_kept():
    """What is not UTF-8 is read as Latin-1."""
    assert read("<13>app: café".encode()).text == "café"
    assert read("<13>app: café".encode("latin-1")).text == "café"


def test_the_event_of_a_line():
    """Its kind is the MSGID, else the program; rules find the text and the header."""
    found = event_of("<86>Nov  2 10:00:00 web1 sshd[71]: Failed password for root")
    assert (found.event_type, format_time(found.time_us), found.untimed) == ("sshd", "2026-11-02T10:00:00Z", False)
    assert found.data == {
        "message": "Failed password for root",
        "syslog": {
            "facility": "authpriv",
            "severity": "info",
            "severity_number": 6,
            "time": "Nov  2 10:00:00",
            "host": "web1",
            "app": "sshd",
            "pid": "71",
            "peer": "192.0.2.1",
        },
    }
    assert event_of("<86>1 - h app - LOGIN - x").event_type == "LOGIN"


@pytest.mark.parametrize("cookie", ["", "@cee:", "@cee: "])
def test_json_in_the_text_becomes_fields(cookie):
    """Its own id, kind and time count before those of the header."""
    fields = '{"id": "e1", "event_type": "USER_LOGIN", "time": "2026-11-02T10:00:00Z", "user": {"name": "ada"}}'
    found = event_of(f"<86>1 2026-11-02T10:00:05Z h app - - - {cookie}{fields}")
    assert (found.id, found.event_type, format_time(found.time_us)) == ("e1", "USER_LOGIN", "2026-11-02T10:00:00Z")
    assert (found.data["user"], found.data["syslog"]["app"]) == ({"name": "ada"}, "app")
    bare = event_of(f"<86>1 2026-11-02T10:00:05Z h app - - - {cookie}{{}}")
    assert (bare.event_type, format_time(bare.time_us)) == ("app", "2026-11-02T10:00:05Z")


def test_json_by_a_map():
    """A vendor's records that come over syslog have their envelope where the vendor puts it."""
    text = '<13>trail: {"eventID": "t1", "eventName": "ConsoleLogin", "eventTime": "2026-11-02T10:00:00Z"}'
    found = event_of(text, PRESETS["cloudtrail"])
    assert (found.id, found.event_type) == ("t1", "ConsoleLogin")


def test_a_field_that_is_called_syslog_is_not_lost():
    """The header has that name; the field moves into it."""
    assert event_of('<13>a: {"syslog": 7}').data["syslog"]["json"] == 7


@pytest.mark.parametrize("text", ["{not json", "@cee: broken", "[1, 2]", "{} and more"])
def test_what_looks_like_json_and_is_none_is_text(text):
    """A line is never refused for its text."""
    assert event_of(f"<13>a: {text}").data["message"] == text


def test_equal_lines_are_two_events():
    """Whoever fails twice within a second writes the same line twice."""
    reader = EventReader("syslog", GENERIC, UTC, lambda: NOW_US)
    heard = Heard(b"<86>Nov  2 10:00:00 web1 sshd[71]: Failed password for root", "192.0.2.1", "tcp")
    first, second = (reader.read(heard)[0] for _ in range(2))
    assert first.id != second.id
    assert first.data == second.data


def test_a_clock_far_ahead_is_not_believed():
    """The event is of now, and marked; what the device said stays in the record."""
    for text in ("x", '{"time": "2030-01-01T00:00:00Z"}'):
        found = event_of(f"<13>1 2030-01-01T00:00:00Z h a - - - {text}")
        assert (found.time_us, found.untimed) == (NOW_US, True)
        assert found.data["syslog"]["time"] == "2030-01-01T00:00:00Z"
    assert event_of("<13>text").untimed


_WORD = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=48)
_KEY = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='=]"'), min_size=1, max_size=32)
_VALUE = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_TEXT = _VALUE.filter(lambda text: text == text.rstrip("\r\n\0") and not text.startswith("\ufeff"))
_NAMED = _WORD.filter(lambda word: word != "-") | st.just("")
_MESSAGES = st.builds(
    Message,
    st.integers(0, 23),
    st.integers(0, 7),
    host=_NAMED,
    app=_NAMED,
    pid=_NAMED,
    msgid=_NAMED,
    structured=st.dictionaries(_KEY, st.dictionaries(_KEY, _VALUE, max_size=3), max_size=3),
    text=_TEXT,
    time_us=st.none() | st.integers(0, NOW_US + DAY_US),
)


def _escaped(value):
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("]", "\\]")


def written(message):
    """A message as RFC 5424 has it."""
    fields = (message.timestamp, message.host, message.app, message.pid, message.msgid)
    elements = "".join(
        f"[{name}" + "".join(f' {key}="{_escaped(value)}"' for key, value in pairs.items()) + "]"
        for name, pairs in message.structured.items()
    )
    header = " ".join(field or "-" for field in fields)
    priority = 8 * message.facility + message.severity
    return f"<{priority}>1 {header} {elements or '-'}{' ' if message.text else ''}{message.text}"


@given(_MESSAGES)
def test_what_is_written_is_read(message):
    """Every message of RFC 5424 comes back as it was."""
    timed = message._replace(timestamp="" if message.time_us is None else format_time(message.time_us))
    assert read(written(timed)) == timed


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@example(b"<13>1 " + b"[" * 300)
@example(b'<13>1 - - - - - [a b="' + b"\\" * 300)
@example(b"<13>" + b'{"a":' * 60)
def test_whatever_comes_is_an_event_or_says_why(raw):
    """Bytes of any kind, with and without the beginning of a message."""
    for prefix in (b"", b"<13>", b"<13>1 - - - - - ", b"<13>Nov  2 10:00:00 ", b'<13>1 - - - - - [x y="'):
        assert isinstance(event_of(prefix + raw), Event | Malformed)
        with suppress(NotSyslogError):
            assert 0 <= read(prefix + raw).facility <= 23


def test_a_parameter_may_stand_there_many_thousand_times():
    """The cost of a message grows with its size, and not with its square: half a megabyte holds nobody up."""
    started_s = time.process_time()
    message = read_message(b"<13>1 - - - - - [a" + b' b=""' * 100_000 + b"] x", UTC, 0)
    assert time.process_time() - started_s < 3
    assert message.structured == {"a": {"b": [""] * 100_000}}
