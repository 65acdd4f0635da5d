"""An alert that no event opened: what is said is what is known, on every channel."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trailbell_engine.event import instant
from trailbell_engine.path import parse_path
from trailbell_engine.rule import Words
from trailbell_engine.timestamps import format_time, parse_time
from trailbell_notifiers.channel import build_channel
from trailbell_notifiers.message import compose
from trailbell_notifiers.secret import Secret
from trailbell_notifiers.words.render import present

AT_US = parse_time("2026-11-02T11:00:00Z")
RECEIVERS = [
    {"name": "s", "slack": {"token": Secret("xoxb-1"), "channel": "#alerts"}},
    {"name": "m", "email": {"to": ["a@example.com"], "from": "b@example.com", "host": "127.0.0.1"}},
    {"name": "w", "webhook": {"url": "https://hooks.example.com/x"}},
]


@pytest.fixture
def silence(alert):
    """Ada has been quiet for an hour."""
    return replace(
        alert,
        key={"user_email": "ada@example.com"},
        opened_at_us=AT_US,
        last_at_us=AT_US,
        event_count=0,
        event_ids=(),
        events=(),
        opener=instant("vonage", AT_US, "", {"user_email": "ada@example.com"}),
        facts={"count": 0, "for": "1h", "last": "2026-11-02T10:00:00Z"},
        why="no event in 1h; the last was at 2026-11-02T10:00:00Z",
        previous=None,
    )


def test_templates_see_the_key_and_the_facts(silence):
    """And ``time`` is the instant."""
    words = Words("Nothing from {{ user_email }} for {{ for }}, at {{ time }}", fields=(parse_path("user_email"),))
    presentation = present(silence, words)
    assert presentation.title == "Nothing from ada@example.com for 1h, at 2026-11-02T11:00:00Z"
    assert presentation.fields == (("User email", "ada@example.com"),)
    assert presentation.problems == ()


def test_without_words_the_message_still_tells(silence):
    """It is about silence, and nobody did anything."""
    message = compose(silence, Words(""), present(silence, Words("")))
    assert message.title == "Silence: user_email ada@example.com (vonage-number-voice-type-changed)"
    assert message.summary == "no event in 1h; the last was at 2026-11-02T10:00:00Z"
    assert (message.events, message.earlier) == ((), 0)
    assert "Count" not in [field.label for field in message.fields]


def test_events_that_contributed_are_counted_though_none_is_at_hand(silence):
    """What was not followed by anything is known by its id only."""
    message = compose(replace(silence, event_count=2, event_ids=("e1", "e2")), Words("t"), present(silence, Words("t")))
    assert message.earlier == 0
    assert ("Count", "2") in [tuple(field) for field in message.fields]


@pytest.mark.parametrize("receiver", RECEIVERS, ids=lambda receiver: receiver["name"])
@pytest.mark.parametrize("kind", ["opened", "resolved"])
def test_no_channel_shows_an_event_that_there_never_was(silence, receiver, kind):
    """The id that stands for the instant is nowhere to be read."""
    message = compose(silence, Words("Quiet"), present(silence, Words("Quiet")), kind)
    body = build_channel(receiver).render(message, "dlv_1")
    assert f"@{format_time(AT_US)}".encode() not in body
    assert b"Newest events" not in body
    assert b"no event in 1h" in body
