"""``absent`` as timelines in seconds: silence has an instant at which it is told, and an end."""

import json

import pytest

from trailbell_engine.alert import Late, Opened, Resolved, TooLate, alert_id
from trailbell_engine.codec import decode_alert, encode_alert
from trailbell_engine.conditions.absent import Absent
from trailbell_engine.event import is_instant
from trailbell_engine.path import parse_path
from trailbell_engine.timestamps import SECOND_US


def at(t, **data):
    """A record of second ``t``."""
    return t, data


def tick(t):
    """The clock shows second ``t``: no older event is to come."""
    return t, None


def absent(span_s, fewer_than=1, *by):
    return Absent(span_s * SECOND_US, fewer_than, tuple(map(parse_path, by)))


class TestAbsent:
    """``absent``: ``(t - for, t]`` holds fewer than so many events of a key that was seen."""

    @pytest.mark.parametrize(
        ("name", "timeline", "expected"),
        [
            ("gone", [at(0), tick(61)], [(60, "silence")]),
            ("an event exactly `for` later is in time", [at(0), at(60), tick(100)], []),
            ("at that very instant one may still come", [at(0), tick(60)], []),
            ("back", [at(0), tick(61), at(70)], [(60, "silence"), (70, "resolved")]),
            ("told once, however long", [at(0), tick(61), tick(600), tick(6000)], [(60, "silence")]),
            (
                "gone again",
                [at(0), tick(61), at(70), tick(131)],
                [(60, "silence"), (70, "resolved"), (130, "silence")],
            ),
            ("an event of its own time tells as a tick does", [at(0), at(200)], [(60, "silence"), (200, "resolved")]),
            ("nothing was ever seen: nothing is missed", [tick(1000)], []),
            ("the history ends: what the clock has not reached does not happen", [at(0), at(10)], []),
            ("a late event puts the instant off", [at(0), tick(20), at(10), tick(65), tick(71)], [(70, "silence")]),
            (
                "a late event can end it",
                [at(0), tick(61), at(30), tick(89), tick(91)],
                [(60, "silence"), (30, "resolved"), (90, "silence")],
            ),
        ],
    )
    def test_none_for_a_minute(self, name, timeline, expected, story):
        """Each row is a timeline of events and ticks of the clock."""
        assert story(absent(60), timeline) == expected, name

    @pytest.mark.parametrize(
        ("name", "timeline", "expected"),
        [
            ("two a minute are enough", [at(0), at(30), at(60), at(90), tick(100)], []),
            ("a key is watched for a whole span before it is judged", [at(0), tick(59)], []),
            ("one is not", [at(0), tick(61)], [(60, "silence")]),
            ("the second newest has left the window", [at(0), at(40), at(50), tick(101)], [(100, "silence")]),
            ("one alone does not bring it back", [at(0), tick(61), at(70), tick(80)], [(60, "silence")]),
            ("two do", [at(0), tick(61), at(70), at(80)], [(60, "silence"), (80, "resolved")]),
            ("two that are too far apart do not", [at(0), tick(61), at(70), at(130)], [(60, "silence")]),
        ],
    )
    def test_fewer_than_two_a_minute(self, name, timeline, expected, story):
        """Each row is a timeline of events and ticks of the clock."""
        assert story(absent(60, 2), timeline) == expected, name

    def test_each_key_is_watched_by_itself(self, a_rule, outputs):
        """One that goes on does not speak for one that went; two that go at one instant are two alerts."""
        timeline = [at(0, user="a"), at(0, user="b"), at(1, user="c"), at(40, user="c"), tick(70)]
        told = outputs(a_rule(absent(60, 1, "user")), timeline)
        assert [output.alert.key for output in told] == [{"user": "a"}, {"user": "b"}]
        assert len({output.alert.id for output in told}) == 2

    def test_lateness_is_waited_for(self, story):
        """The watermark has to pass the instant, and an event may come out of order until then."""
        assert story(absent(60), [at(0), at(80), at(50), at(100)], lateness_s=40) == []
        assert story(absent(60), [at(0), at(90), at(131)], lateness_s=40) == [(60, "silence"), (90, "resolved")]

    def test_what_it_says(self, a_rule, outputs):
        """There is no event to show: the instant opens the alert, and only the key has a value."""
        (opened,) = outputs(a_rule(absent(3600, 1, "user.name")), [at(0, user={"name": "a"}, x=1), tick(4000)])
        alert = opened.alert
        assert alert.facts == {"count": 0, "fewer_than": 1, "for": "1h", "last": "2026-11-22T10:00:00Z"}
        assert alert.why == "no event in 1h; the last was at 2026-11-22T10:00:00Z"
        assert (alert.event_count, alert.event_ids, alert.events) == (0, (), ())
        assert is_instant(alert.opener)
        assert alert.opener.id == "@2026-11-22T11:00:00Z"
        assert alert.opener.data == {"user": {"name": "a"}}
        assert alert.id == alert_id("r", {"user.name": "a"}, alert.opener)
        assert decode_alert(json.loads(json.dumps(encode_alert(alert)))) == alert

    def test_it_counts_what_there_was(self, a_rule, outputs):
        """With ``fewer_than`` the sentence says how many came."""
        (opened,) = outputs(a_rule(absent(60, 3)), [at(0), at(40), tick(61)])
        assert opened.alert.why == "1 event in 1m, fewer than 3; the last was at 2026-11-22T10:00:40Z"

    def test_what_is_too_late_is_named(self, a_rule, outputs):
        """An event that could not have ended the absence changes nothing."""
        told = outputs(a_rule(absent(60)), [at(0), at(100), at(30)])
        assert [type(output) for output in told] == [Opened, Resolved, Late, TooLate]
