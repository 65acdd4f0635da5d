"""``distinct`` as timelines in seconds."""

import pytest

from trailbell_engine.alert import Late, TooLate
from trailbell_engine.conditions.distinct import Distinct
from trailbell_engine.path import parse_path
from trailbell_engine.timestamps import SECOND_US


def at(t, **data):
    """A record of second ``t``."""
    return t, data


def values(*pairs):
    """Records of one field: ``(t, value)``."""
    return [at(t, value=value) for t, value in pairs]


def distinct(at_least, within_s, *by, of=("value",)):
    return Distinct(tuple(map(parse_path, of)), at_least, within_s * SECOND_US, tuple(map(parse_path, by)))


class TestDistinct:
    """``distinct``: so many different values within ``(t - within, t]``."""

    @pytest.mark.parametrize(
        ("name", "pairs", "expected"),
        [
            ("reached", [(0, "a"), (30, "b"), (59, "c")], [(59, "e1 e2 e3")]),
            ("the same value again adds nothing", [(0, "a"), (10, "b"), (20, "b"), (30, "a")], []),
            ("exactly `within` apart is too far", [(0, "a"), (30, "b"), (60, "c")], []),
            (
                "each value is as old as its newest event",
                [(0, "a"), (30, "b"), (50, "a"), (80, "c")],
                [(80, "e2 e3 e4")],
            ),
            ("a firing consumes the window", [(0, "a"), (1, "b"), (2, "c"), (3, "d"), (4, "a")], [(2, "e1 e2 e3")]),
            (
                "the next needs the full number again",
                [(0, "a"), (1, "b"), (2, "c"), (3, "a"), (4, "b"), (5, "c")],
                [(2, "e1 e2 e3"), (5, "e4 e5 e6")],
            ),
            ("null is no value", [(0, "a"), (1, "b"), (2, None)], []),
            ('0, false and "" are values', [(0, 0), (1, False), (2, "")], [(2, "e1 e2 e3")]),
            ("1 and 1.0 are one", [(0, 1), (1, 1.0), (2, "1")], []),
            ("each element of an array is one", [(0, ["a", "b"]), (1, ["b", "c"])], [(1, "e1 e2")]),
            (
                "objects compare by value",
                [(0, {"x": 1, "y": 2}), (1, {"y": 2, "x": 1.0}), (2, {}), (3, 3)],
                [(3, "e2 e3 e4")],
            ),
            ("out of order within the window", [(40, "a"), (0, "b"), (50, "c")], [(50, "e2 e1 e3")]),
            ("a late event can complete a window", [(40, "a"), (50, "b"), (45, "c")], [(45, "e1 e3 e2")]),
            ("an older sighting changes nothing", [(40, "a"), (0, "a"), (70, "b"), (80, "c")], [(80, "e1 e3 e4")]),
            ("long values are told apart", [(n, "x" * 200 + str(n)) for n in range(3)], [(2, "e1 e2 e3")]),
        ],
    )
    def test_three_within_a_minute(self, name, pairs, expected, firings):
        """Each row is a timeline of one field."""
        assert firings(distinct(3, 60), values(*pairs)) == expected, name

    def test_of_several_fields_the_combination_counts(self, firings):
        """A part that is missing or null makes no value."""
        timeline = [at(0, a=1, b=1), at(1, a=1, b=2), at(2, a=1), at(3, a=None, b=3), at(4, a=1, b=2), at(5, a=2, b=1)]
        assert firings(distinct(3, 60, of=("a", "b")), timeline) == [(5, "e1 e5 e6")]

    def test_keys_are_kept_apart(self, firings):
        """Each value of ``by`` has its own window."""
        timeline = [at(0, user="a", value=1), at(1, user="b", value=2), at(2, user="a", value=2)]
        assert firings(distinct(2, 60, "user"), timeline) == [(2, "e1 e3")]

    def test_what_is_too_late_is_named(self, a_rule, outputs):
        """A value that the window has left behind is told, not dropped."""
        told = outputs(a_rule(distinct(3, 60)), values((0, "a"), (100, "b"), (10, "c")))
        assert [type(output) for output in told] == [Late, TooLate]

    def test_what_it_says(self, a_rule, outputs):
        """The values themselves, and the numbers beside the threshold."""
        (opened,) = outputs(a_rule(distinct(3, 600)), values((0, "a"), (100, 2), (252, {"b": "x" * 200})))
        assert opened.alert.facts == {
            "count": 3,
            "distinct": 3,
            "values": ["a", 2, '{"b":"' + "x" * 34 + "…"],
            "at_least": 3,
            "within": "10m",
            "span_s": 252.0,
        }
        assert opened.alert.why == "3 distinct values of value in 4m12s, threshold 3 in 10m"
