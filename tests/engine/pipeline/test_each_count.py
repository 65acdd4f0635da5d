"""``each`` and ``count`` as timelines in seconds."""

import pytest

from trailbell_engine.alert import Late, TooLate
from trailbell_engine.conditions.count import Count
from trailbell_engine.conditions.each import Each
from trailbell_engine.path import parse_path
from trailbell_engine.timestamps import SECOND_US


def at(t, **data):
    """A record of second ``t``."""
    return t, data


class TestEach:
    """``each`` fires on every match."""

    def test_it_fires_on_every_event(self, firings):
        """Two events at the same instant are two firings."""
        assert firings(Each(), [at(0), at(0), at(5)]) == [(0, "e1"), (0, "e2"), (5, "e3")]

    def test_late_events_fire_too(self, firings):
        """An event that comes late is still an event."""
        assert firings(Each(), [at(100), at(0)]) == [(100, "e1"), (0, "e2")]


def count(at_least, within_s, *by):
    return Count(at_least, within_s * SECOND_US, tuple(map(parse_path, by)))


class TestCount:
    """``count``: at least so many matches within ``(t - within, t]``."""

    @pytest.mark.parametrize(
        ("name", "times", "expected"),
        [
            ("reached", [0, 30, 59], [(59, "e1 e2 e3")]),
            ("the window is half open: exactly `within` apart is too far", [0, 30, 60], []),
            ("it slides", [0, 50, 70, 109], [(109, "e2 e3 e4")]),
            ("not reached", [0, 30], []),
            ("a firing consumes its window", [0, 1, 2, 3, 4], [(2, "e1 e2 e3")]),
            ("the next needs the full number again", [0, 1, 2, 3, 4, 5], [(2, "e1 e2 e3"), (5, "e4 e5 e6")]),
            ("events at one instant all count", [7, 7, 7], [(7, "e1 e2 e3")]),
            ("out of order within the window", [40, 0, 50], [(50, "e2 e1 e3")]),
            ("a late event can complete a window", [40, 50, 45], [(45, "e1 e3 e2")]),
            ("a late event that the newest has left behind", [0, 61, 1, 62], []),
            ("a late event joins what is still open", [0, 60, 1, 2], [(2, "e3 e4 e2")]),
        ],
    )
    def test_three_within_a_minute(self, name, times, expected, firings):
        """Each row is a timeline: when the events happened, in the order in which they came."""
        assert firings(count(3, 60), [at(t) for t in times]) == expected, name

    def test_one_is_enough(self, firings):
        """``at_least: 1`` fires on every match."""
        assert firings(count(1, 60), [at(0), at(1)]) == [(0, "e1"), (1, "e2")]

    def test_keys_are_kept_apart(self, firings):
        """Each value of ``by`` has its own window."""
        timeline = [at(0, user="a"), at(1, user="b"), at(2, user="a"), at(3, user="b")]
        assert firings(count(2, 60, "user"), timeline) == [(2, "e1 e3"), (3, "e2 e4")]

    def test_a_missing_part_of_the_key_is_null(self, a_rule, outputs):
        """Missing and null are one group, and the alert's key says null; false, 0 and "" are others."""
        timeline = [at(0), at(1, user=False), at(2, user=0), at(3, user=""), at(4, user=None)]
        (opened,) = outputs(a_rule(count(2, 60, "user")), timeline)
        assert opened.alert.event_ids == ("e1", "e5")
        assert opened.alert.key == {"user": None}

    def test_keys_compare_as_values(self, firings):
        """1 and 1.0 are one key; 1, "1" and true are three."""
        timeline = [at(0, user=1), at(1, user="1"), at(2, user=True), at(3, user=1.0)]
        assert firings(count(2, 60, "user"), timeline) == [(3, "e1 e4")]

    def test_keys_of_several_parts(self, firings):
        """Parts do not run into each other."""
        timeline = [at(0, user="a", value="bc"), at(1, user="ab", value="c"), at(2, user="a", value="bc")]
        assert firings(count(2, 60, "user", "value"), timeline) == [(2, "e1 e3")]

    def test_a_key_through_an_array(self, a_rule, outputs):
        """Several values are one key, the list of them."""
        timeline = [at(0, users=[{"id": 1}, {"id": 2}]), at(1, users=[{"id": 1}]), at(2, users=[{"id": 1}, {"id": 2}])]
        (opened,) = outputs(a_rule(count(2, 60, "users.id")), timeline)
        assert opened.alert.key == {"users.id": [1, 2]}
        assert opened.alert.event_ids == ("e1", "e3")

    def test_disorder_within_lateness_is_put_right(self, firings):
        """Held for lateness, events fire in event order, whatever order they came in."""
        assert firings(count(3, 60), [at(40), at(0), at(59), at(20)], lateness_s=60) == [(40, "e2 e4 e1")]

    def test_what_is_too_late_is_named(self, a_rule, outputs):
        """A late match that no open window takes is told, not dropped."""
        told = outputs(a_rule(count(2, 60)), [at(0), at(100), at(10)])
        assert [type(output) for output in told] == [Late, TooLate]
        assert told[1].event.id == "e3"

    def test_what_it_says(self, a_rule, outputs):
        """The facts are the actual numbers beside the threshold."""
        (opened,) = outputs(a_rule(count(3, 600)), [at(0), at(100), at(252)])
        assert opened.alert.facts == {"count": 3, "at_least": 3, "within": "10m", "span_s": 252.0}
        assert opened.alert.why == "3 events in 4m12s, threshold 3 in 10m"
        assert opened.alert.event_count == 3
        assert opened.alert.opener.id == "e3"
