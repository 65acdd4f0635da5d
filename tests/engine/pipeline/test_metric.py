"""``metric`` as timelines in seconds."""

import pytest

from trailbell_engine.alert import Late, Opened, Overflow, TooLate
from trailbell_engine.codec import decode_alert, encode_alert
from trailbell_engine.conditions.metric import Metric
from trailbell_engine.decoding.exact_json import read_json, write_json
from trailbell_engine.path import parse_path
from trailbell_engine.timestamps import SECOND_US


def at(t, **data):
    """A record of second ``t``."""
    return t, data


def values(*pairs):
    """Records of one field: ``(t, value)``."""
    return [at(t, value=value) for t, value in pairs]


def metric(function, *by, above=None, below=None, min_events=1, within_s=60):
    return Metric(
        function, parse_path("value"), within_s * SECOND_US, above, below, min_events, tuple(map(parse_path, by))
    )


class TestMetric:
    """``metric``: a figure over the numbers of ``(t - within, t]`` crosses a bound."""

    @pytest.mark.parametrize(
        ("name", "pairs", "expected"),
        [
            ("greater", [(0, 60), (10, 41)], [(10, "e1 e2")]),
            ("the bound itself does not fire", [(0, 60), (10, 40)], []),
            ("what has left the window is not counted", [(0, 60), (60, 41)], []),
            ("just before, it is", [(0, 60), (59, 41)], [(59, "e1 e2")]),
            (
                "a firing consumes the window",
                [(0, 60), (10, 41), (20, 60), (30, 40), (40, 1)],
                [(10, "e1 e2"), (40, "e3 e4 e5")],
            ),
            (
                "what is no number is passed over",
                [(0, 60), (1, "many"), (2, True), (3, None), (4, {}), (5, 41)],
                [(5, "e1 e6")],
            ),
            ("a decimal string is a number", [(0, "60.5"), (1, "39.6")], [(1, "e1 e2")]),
            ("each element of an array is a number", [(0, [50, 51])], [(0, "e1")]),
            ("numbers may be negative", [(0, 160), (1, -60), (2, 1)], [(0, "e1")]),
            ("out of order within the window", [(40, 60), (0, 41)], [(0, "e2 e1")]),
        ],
    )
    def test_a_sum_above_100_in_a_minute(self, name, pairs, expected, firings):
        """Each row is a timeline of one field."""
        assert firings(metric("sum", above=100), values(*pairs)) == expected, name

    @pytest.mark.parametrize(
        ("function", "above", "pairs", "expected"),
        [
            ("avg", 10, [(0, 9), (1, 11), (2, 11)], [(2, "e1 e2 e3")]),
            ("max", 10, [(0, 9), (1, 11)], [(1, "e1 e2")]),
            ("min", 10, [(0, 11)], [(0, "e1")]),
            ("p50", 10, [(0, 1), (1, 11), (2, 12)], [(2, "e1 e2 e3")]),
            ("p95", 10, [(0, 1), (1, 11)], [(1, "e1 e2")]),
            ("p99", 10, [(0, 1), (1, 1), (2, 11)], [(2, "e1 e2 e3")]),
        ],
    )
    def test_each_function(self, function, above, pairs, expected, firings):
        """The figure as its name says; a percentile is one of the numbers."""
        assert firings(metric(function, above=above), values(*pairs)) == expected

    @pytest.mark.parametrize(
        ("name", "condition", "pairs", "expected"),
        [
            ("below", metric("avg", below=10), [(0, 10), (1, 9)], [(1, "e1 e2")]),
            (
                "outside of a range",
                metric("max", above=20, below=10),
                [(0, 15), (1, 21), (2, 9)],
                [(1, "e1 e2"), (2, "e3")],
            ),
            (
                "too few say nothing",
                metric("avg", above=10, min_events=3),
                [(0, 99), (1, 99), (2, 99)],
                [(2, "e1 e2 e3")],
            ),
            (
                "the elements of one event are one event",
                metric("avg", above=10, min_events=2),
                [(0, [99, 99]), (1, 99)],
                [(1, "e1 e2")],
            ),
        ],
    )
    def test_bounds_and_numbers(self, name, condition, pairs, expected, firings):
        """``below``, both bounds, and ``min_events``."""
        assert firings(condition, values(*pairs)) == expected, name

    @pytest.mark.parametrize("text", ["9" * 310 + ".0", "-" + "9" * 310 + ".", "9" * 310, "-" + "9" * 400])
    @pytest.mark.parametrize("function", ["sum", "avg", "min", "max", "p95"])
    def test_what_no_double_can_hold_is_passed_over(self, function, text, firings):
        """It would be infinity, or a number that no store gives back; the key counts on without it."""
        timeline = values((0, 90), (1, text), (2, [text, 90]))
        assert firings(metric(function, above=80, min_events=2), timeline) == [(2, "e1 e3")]

    def test_a_number_that_a_figure_refuses_leaves_the_window_as_it_was(self, events_of):
        """A step that fails has changed nothing."""
        condition = metric("sum", above=100)
        first, refused = events_of(values((0, 60), (1, 1)))
        memory = condition.begin(first)
        condition.step(memory, first)
        with pytest.raises(OverflowError):
            memory.add(refused.time_us, refused.id, [float("inf")])
        assert (len(memory.entries), memory.events, memory.figure.value()) == (1, 1, 60)

    def test_a_sum_beyond_every_double_can_be_stored(self, a_rule, outputs):
        """It is told as the greatest double; the alert reads back as it was written."""
        (opened,) = outputs(a_rule(metric("sum", above=100, min_events=2)), values((0, "9" * 308), (1, "9" * 308)))
        assert opened.alert.facts["value"] == 1.7976931348623157e308
        assert decode_alert(read_json(write_json(encode_alert(opened.alert)))) == opened.alert

    def test_keys_are_kept_apart(self, firings):
        """Each value of ``by`` has its own figure."""
        timeline = [at(0, user="a", value=60), at(1, user="b", value=60), at(2, user="a", value=60)]
        assert firings(metric("sum", "user", above=100), timeline) == [(2, "e1 e3")]

    def test_what_is_too_late_is_named(self, a_rule, outputs):
        """A number that the window has left behind is told, not dropped."""
        told = outputs(a_rule(metric("sum", above=100)), values((0, 1), (100, 1), (10, 1)))
        assert [type(output) for output in told] == [Late, TooLate]

    def test_what_it_says(self, a_rule, outputs):
        """The figure beside its bound."""
        (opened,) = outputs(a_rule(metric("avg", above=10)), values((0, 1), (30, 20)))
        assert opened.alert.facts == {
            "count": 2,
            "value": 10.5,
            "function": "avg",
            "above": 10,
            "below": None,
            "within": "1m",
            "span_s": 30.0,
        }
        assert opened.alert.why == "avg of value over 2 events is 10.5, above 10 in 1m"

    def test_more_numbers_than_a_key_may_hold(self, a_rule, outputs, monkeypatch):
        """The oldest are given up, and each one is counted."""
        monkeypatch.setattr("trailbell_engine.conditions.window.ENTRIES_KEPT", 3)
        told = outputs(a_rule(metric("sum", above=100)), values(*((t, 30) for t in range(5)), (6, 50)))
        assert [type(output) for output in told] == [Overflow, Overflow, Overflow, Opened]
        assert told[-1].alert.event_ids == ("e4", "e5", "e6")
