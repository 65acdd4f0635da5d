"""``ratio`` as timelines in seconds."""

import pytest

from trailbell_engine.alert import Late, TooLate
from trailbell_engine.conditions.ratio import Ratio
from trailbell_engine.path import parse_path
from trailbell_engine.predicate import Test as One  # under its own name pytest would collect it
from trailbell_engine.timestamps import SECOND_US


def at(t, **data):
    """A record of second ``t``."""
    return t, data


def results(text, step_s=1):
    """One event a second: ``.`` is well, ``x`` has failed."""
    return [at(n * step_s, ok=mark == ".") for n, mark in enumerate(text)]


def ratio(*by, above=None, below=None, min_events=1, within_s=60):
    failed = One(parse_path("ok"), "equals", False)
    return Ratio(failed, within_s * SECOND_US, above, below, min_events, tuple(map(parse_path, by)))


class TestRatio:
    """``ratio``: the share of the matches in ``(t - within, t]`` that also meet ``of``."""

    @pytest.mark.parametrize(
        ("name", "text", "expected"),
        [
            ("above", "....xx", [5]),
            ("the bound itself does not fire", "...x", []),
            ("of too few none is taken", "xx.", []),
            ("as soon as there are enough", "xx..", [3]),
            ("a firing consumes the window", "xx..xx", [3]),
            ("the next needs its number again", "xx..xx..", [3, 7]),
        ],
    )
    def test_above_a_quarter_of_at_least_four(self, name, text, expected, firings):
        """Each row is a line of results, one a second."""
        assert [t for t, _ in firings(ratio(above=0.25, min_events=4), results(text))] == expected, name

    def test_what_has_left_the_window_is_not_counted(self, firings):
        """Two events exactly ``within`` apart do not share a window."""
        assert firings(ratio(above=0.5, min_events=3), results("x.x", 30)) == []
        assert firings(ratio(above=0.5, min_events=3), results("x.x", 29)) == [(58, "e1 e2 e3")]

    def test_below(self, firings):
        """A share may also be too small."""
        assert firings(ratio(below=0.5, min_events=2), results("x..")) == [(2, "e1 e2 e3")]

    def test_keys_are_kept_apart(self, firings):
        """Each value of ``by`` has its own share."""
        timeline = [at(0, user="a", ok=True), at(1, user="b", ok=False), at(2, user="a", ok=False)]
        assert firings(ratio("user", above=0.4, min_events=2), timeline) == [(2, "e1 e3")]

    def test_late_events_count_while_the_window_is_open(self, a_rule, outputs, firings):
        """Older ones are named as too late."""
        timeline = [at(30, ok=True), at(0, ok=False)]
        assert firings(ratio(above=0.4, min_events=2), timeline) == [(0, "e2 e1")]
        told = outputs(a_rule(ratio(above=0.4, min_events=2)), [at(0, ok=True), at(100, ok=True), at(10, ok=False)])
        assert [type(output) for output in told] == [Late, TooLate]

    def test_what_it_says(self, a_rule, outputs):
        """The numbers behind the share."""
        (opened,) = outputs(a_rule(ratio(above=0.6, min_events=3)), results("xx."))
        assert opened.alert.facts == {
            "count": 3,
            "part": 2,
            "ratio": 0.666667,
            "percent": 66.67,
            "above": 0.6,
            "below": None,
            "within": "1m",
            "span_s": 2.0,
        }
        assert opened.alert.why == "2 of 3 events in 1m, a share of 0.666667, above 0.6"
