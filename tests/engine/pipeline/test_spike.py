"""``spike`` as timelines in seconds."""

import pytest

from trailbell_engine.alert import Late, Opened, Overflow, TooLate
from trailbell_engine.conditions.spike import Spike
from trailbell_engine.path import parse_path
from trailbell_engine.timestamps import SECOND_US


def at(t, **data):
    """A record of second ``t``."""
    return t, data


def tick(t):
    """The clock shows second ``t``: no older event is to come."""
    return t, None


def events(*groups):
    """``(start, number)``: so many events, one a second."""
    return [at(start + n) for start, number in groups for n in range(number)]


def spike(factor=3, within_s=10, baseline_s=None, direction="up", min_events=1, *by):
    baseline_us = None if baseline_s is None else baseline_s * SECOND_US
    return Spike(factor, within_s * SECOND_US, baseline_us, direction, min_events, by=tuple(map(parse_path, by)))


def times(found):
    return [t for t, _ in found]


class TestUp:
    """The window ``(t - 10, t]`` against ``(t - 20, t - 10]``."""

    @pytest.mark.parametrize(
        ("name", "condition", "timeline", "expected"),
        [
            ("three times as many", spike(), [at(0), at(10), at(20), at(21), at(22)], [22]),
            ("not quite", spike(), [at(0), at(11), at(12), at(21), at(22), at(23), at(24), at(25)], []),
            ("a key is known only after both windows", spike(), events((0, 9)), []),
            ("known exactly after both", spike(), [at(0), at(18), at(19), at(20)], [20]),
            ("one that goes on is told once", spike(), [at(0), at(10), *events((20, 6))], [22]),
            (
                "over, and again",
                spike(),
                [at(0), at(10), *events((20, 4)), at(40), at(51), at(61), at(62), at(63)],
                [22, 63],
            ),
            ("after silence so many as the factor", spike(), [at(0), at(100), at(101), at(102)], [102]),
            ("fewer say nothing", spike(min_events=5), [at(0), at(10), *events((20, 5))], [24]),
            ("a longer baseline is scaled", spike(baseline_s=100), [*events((0, 20)), *events((115, 6))], [118]),
        ],
    )
    def test_a_rise(self, name, condition, timeline, expected, firings):
        """Each row is a condition and a timeline."""
        assert times(firings(condition, timeline)) == expected, name

    def test_exactly_within_apart_is_the_baseline(self, firings):
        """The window is half open, like every other."""
        assert times(firings(spike(2), [at(0), at(10), at(19), at(20)])) == [20]
        assert times(firings(spike(2), [at(0), at(11), at(12), at(22)])) == []


class TestDown:
    """A fall shows when events leave the window, whether or not others come."""

    @pytest.mark.parametrize(
        ("name", "timeline", "expected"),
        [
            ("silence after a steady stream", [*events((0, 30)), tick(100)], [36]),
            ("told once", [*events((0, 30)), tick(60), tick(100)], [36]),
            ("the clock has not come so far", [*events((0, 30)), tick(35)], []),
            ("a key that is hardly there is not missed", [at(0), at(15), at(30), tick(100)], []),
            ("too young to be judged", [*events((0, 5)), tick(12)], []),
        ],
    )
    def test_a_fall_to_a_third(self, name, timeline, expected, firings):
        """Each row is a timeline."""
        assert times(firings(spike(direction="down"), timeline)) == expected, name

    def test_both(self, firings):
        """Up, and then down."""
        timeline = [at(0), at(10), *events((20, 9)), tick(100)]
        assert times(firings(spike(direction="both"), timeline)) == [22, 36]


class TestSpike:
    """What both directions share."""

    def test_keys_are_kept_apart(self, firings):
        """Each value of ``by`` has its own windows."""
        timeline = [at(t, user=user) for t, user in ((0, "a"), (1, "b"), (20, "a"), (21, "b"), (22, "a"), (23, "a"))]
        assert times(firings(spike(3, 10, None, "up", 1, "user"), timeline)) == [23]

    def test_late_events_count_where_a_window_is_open(self, firings, a_rule, outputs):
        """In the window, or in the baseline; older ones are named as too late."""
        assert times(firings(spike(), [at(0), at(21), at(22), at(20)])) == [20]
        assert times(firings(spike(), [at(0), at(21), at(10), at(11), at(22), at(23), at(24)])) == []
        told = outputs(a_rule(spike()), [at(0), at(100), at(80)])
        assert [type(output) for output in told] == [Late, TooLate]

    def test_what_it_says(self, a_rule, outputs):
        """The two windows side by side."""
        (opened,) = outputs(a_rule(spike(baseline_s=20)), [at(0), at(11), at(12), *events((30, 3))])
        assert opened.alert.facts == {"count": 3, "baseline": 1.0, "factor": 3, "direction": "up", "within": "10s"}
        assert opened.alert.why == "3 events in 10s, 1 in the 20s before, scaled to the same length; factor 3"
        assert opened.alert.event_ids == ("e4", "e5", "e6")

    def test_a_long_baseline_becomes_coarser(self, a_rule, outputs, monkeypatch):
        """Aloud: its older half is put together in pairs, and still counted."""
        monkeypatch.setattr("trailbell_engine.conditions.spike.ENTRIES_KEPT", 8)
        told = outputs(a_rule(spike(3, 4, 40)), [*events((0, 14)), *events((50, 4))])
        assert {type(output) for output in told} == {Overflow, Opened}
