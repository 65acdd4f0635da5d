"""``ongoing`` as timelines in seconds: one alert from what begins to what ends, for each key."""

import pytest

from trailbell_engine.conditions.ongoing import ENDED_KEPT_US, Ongoing
from trailbell_engine.path import parse_path
from trailbell_engine.predicate import Test as One
from trailbell_engine.timestamps import SECOND_US

DAY_S = ENDED_KEPT_US // SECOND_US


def down(t, **data):
    """A record of second ``t`` that something is down."""
    return t, {"now": "down", **data}


def up(t, **data):
    """A record of second ``t`` that it is up."""
    return t, {"now": "up", **data}


def ongoing(*by):
    return Ongoing(One(parse_path("now"), "equals", "up"), tuple(map(parse_path, by)))


@pytest.mark.parametrize(
    ("name", "timeline", "expected"),
    [
        ("begins", [down(0)], [(0, "e1")]),
        ("begins and ends", [down(0), up(60)], [(0, "e1"), (60, "resolved")]),
        ("what comes meanwhile belongs to it", [down(0), down(10), up(60)], [(0, "e1"), (60, "resolved")]),
        ("an end without a beginning", [up(0), up(10)], []),
        ("two ends", [down(0), up(10), up(20)], [(0, "e1"), (10, "resolved")]),
        ("another story", [down(0), up(10), down(20)], [(0, "e1"), (10, "resolved"), (20, "e3")]),
        ("both in one instant, in the order they came", [down(5), up(5)], [(5, "e1"), (5, "resolved")]),
        ("it goes on however long it takes", [down(0), up(90 * DAY_S)], [(0, "e1"), (90 * DAY_S, "resolved")]),
        ("a beginning older than the end opens nothing", [down(0), up(60), down(30)], [(0, "e1"), (60, "resolved")]),
        ("an end older than the beginning ends nothing", [down(60), up(30)], [(60, "e1")]),
    ],
)
def test_one_thing(name, timeline, expected, story):
    """Each row is a timeline of events."""
    assert [told for told in story(ongoing(), timeline) if told[1] != "late"] == expected, name


def test_each_key_has_a_story_of_its_own(story):
    """The end of one is not the end of the other."""
    timeline = [down(0, what="a"), down(1, what="b"), up(2, what="a"), down(3, what="b"), up(4, what="b")]
    assert story(ongoing("what"), timeline) == [(0, "e1"), (1, "e2"), (2, "resolved"), (4, "resolved")]


def test_its_memory_says_how_it_stands():
    """On one line, for people."""
    condition = ongoing()
    assert condition.describe_state([True, 0]) == "going on since 1970-01-01T00:00:00Z"
    assert condition.describe_state([False, 0]) == "over since 1970-01-01T00:00:00Z"
