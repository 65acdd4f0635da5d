"""The content of a message, before any channel."""

from __future__ import annotations

import pytest

from trailbell_engine.rule import Words
from trailbell_notifiers.message import FIELDS_SHOWN, Field, is_web_link
from trailbell_notifiers.words.subjects import label_of


def test_state_and_severity_are_words(message_of):
    """Colour is not the only sign."""
    assert message_of(severity="critical").headline.startswith("🔴 Critical · ")
    assert message_of(severity="info").headline.startswith("⚪ Info · ")
    assert message_of("resolved").headline.startswith("✅ Resolved · ")
    assert message_of("test").headline.startswith("🧪 Test · ")


def test_without_words_the_message_still_tells(message_of):
    """Actor, action, target, address, count."""
    message = message_of(words_=Words(title=""))
    assert message.title == "NUMBER_UPDATED: msisdn 447700900000 (vonage-number-voice-type-changed)"
    assert message.summary == "ada@example.com: NUMBER_UPDATED on 447700900000 from 203.0.113.9, 41 events"
    labels = [field.label for field in message.fields]
    assert labels == ["MSISDN", "Actor", "Source IP", "Count", "First seen", "Last seen", "Rule"]


def test_no_fact_is_told_twice_and_no_more_than_eight(message_of, words):
    """The key repeats what the rule asked for: it is told once."""
    message = message_of(key={f"part{number}": number for number in range(9)} | {"user_email": "ada@example.com"})
    assert len(message.fields) == FIELDS_SHOWN
    assert len({field.value for field in message.fields}) == FIELDS_SHOWN


def test_events_over_midnight_have_their_date(message_of, event, alert):
    """Times alone are enough only within one day."""
    late = event(1)._replace(time_us=alert.opener.time_us + 24 * 3_600_000_000)
    message = message_of(events=(event(0), late))
    assert [line.time for line in message.events] == ["2026-11-02 11:00:00Z", "2026-11-03 11:02:00Z"]
    assert message.earlier == 39


def test_a_key_part_that_is_missing_says_so(message_of):
    """Null is a group of its own."""
    assert Field("Team", "none") in message_of(key={"team": None}).fields


def test_one_alert_alone_has_no_past(message_of):
    """Nothing folded, nothing told."""
    assert message_of(previous=None).previous == ""


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://wiki.example.com/x?a=1&b=2#c", True),
        ("http://wiki/", True),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("https://x|y", False),
        ("https://x/<b>", False),
        ("https://x/ y", False),
        ("https://[x", False),
        ("mailto:a@b", False),
        ("", False),
    ],
)
def test_what_may_be_a_link(url, good):
    """Http and https with a host, and nothing that ends the markup around it."""
    assert is_web_link(url) is good


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("user_email", "User email"),
        ("context.voice-type", "Voice type"),
        ("source_ip", "Source IP"),
        ("userIdentity.userName", "User name"),
        ("sourceIPAddress", "Source IP address"),
        ("context.msisdn", "MSISDN"),
        ("items[0].id", "ID"),
        ('a."b.c"', "B.c"),
        ("event_type", "Event type"),
        ("x[0]", "X"),
    ],
)
def test_labels_for_people(path, label):
    """The last name of a path, spelled out."""
    assert label_of(path) == label
