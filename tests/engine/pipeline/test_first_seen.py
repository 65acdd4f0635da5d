"""``first_seen`` as timelines in seconds."""

import pytest

from trailbell_engine.alert import Late, Matched, Opened, Overflow, TooLate
from trailbell_engine.conditions import window
from trailbell_engine.conditions.first_seen import FirstSeen
from trailbell_engine.path import parse_path
from trailbell_engine.pipeline import Pipeline
from trailbell_engine.rule import RuleSet
from trailbell_engine.state import MemoryState
from trailbell_engine.timestamps import DAY_US, SECOND_US


def at(t, **data):
    """A record of second ``t``."""
    return t, data


def values(*pairs):
    """Records of one field: ``(t, value)``."""
    return [at(t, value=value) for t, value in pairs]


def first_seen(*by, within_s=60, learn_s=None, of=("value",)):
    learn_us = None if learn_s is None else learn_s * SECOND_US
    return FirstSeen(tuple(map(parse_path, of)), within_s * SECOND_US, learn_us, tuple(map(parse_path, by)))


class TestFirstSeen:
    """``first_seen``: the key has not shown the value within its memory."""

    @pytest.mark.parametrize(
        ("name", "pairs", "expected"),
        [
            ("the first value of all is new", [(0, "a")], [(0, "e1")]),
            ("known values are not", [(0, "a"), (10, "a"), (20, "b"), (30, "a"), (31, "b")], [(0, "e1"), (20, "e3")]),
            ("just before the memory ends", [(0, "a"), (59, "a")], [(0, "e1")]),
            ("exactly at its end a value is new again", [(0, "a"), (60, "a")], [(0, "e1"), (60, "e2")]),
            ("each sighting renews the memory", [(0, "a"), (50, "a"), (100, "a"), (150, "a")], [(0, "e1")]),
            (
                "each value has its own",
                [(0, "a"), (50, "b"), (60, "a"), (61, "b")],
                [(0, "e1"), (50, "e2"), (60, "e3")],
            ),
            ("null is no value", [(0, None), (1, "a"), (2, None)], [(1, "e2")]),
            ('0, false and "" are values', [(0, 0), (1, False), (2, ""), (3, 0)], [(0, "e1"), (1, "e2"), (2, "e3")]),
            (
                "one new element of an array is enough",
                [(0, ["a", "b"]), (1, ["b", "a"]), (2, ["a", "c"])],
                [(0, "e1"), (2, "e3")],
            ),
            (
                "a late event knows what came after it",
                [(0, "a"), (50, "b"), (40, "b"), (41, "c")],
                [(0, "e1"), (50, "e2"), (41, "e4")],
            ),
        ],
    )
    def test_a_memory_of_a_minute(self, name, pairs, expected, firings):
        """Each row is a timeline of one field."""
        assert firings(first_seen(), values(*pairs)) == expected, name

    @pytest.mark.parametrize(
        ("name", "pairs", "expected"),
        [
            ("while learning nothing fires", [(0, "a"), (10, "b"), (19, "c")], []),
            ("what was learned is known", [(0, "a"), (10, "b"), (30, "a"), (31, "b")], []),
            ("exactly at its end learning is over", [(0, "a"), (20, "b")], [(20, "e2")]),
            (
                "a key silent for the memory learns again",
                [(0, "a"), (30, "b"), (90, "c"), (110, "d")],
                [(30, "e2"), (110, "e4")],
            ),
        ],
    )
    def test_twenty_seconds_of_learning(self, name, pairs, expected, firings):
        """Learning begins with the first event of the key."""
        assert firings(first_seen(learn_s=20), values(*pairs)) == expected, name

    def test_each_key_has_its_own_memory(self, firings):
        """What is known of one is new for another."""
        timeline = [at(0, user="a", value=1), at(1, user="b", value=1), at(2, user="a", value=1)]
        assert firings(first_seen("user"), timeline) == [(0, "e1"), (1, "e2")]

    def test_of_several_fields_the_combination_is_new(self, firings):
        """Both parts may be known, and the pair not."""
        timeline = [at(0, a=1, b=1), at(1, a=2, b=2), at(2, a=1, b=2), at(3, a=1), at(4, a=1, b=1)]
        assert firings(first_seen(of=("a", "b")), timeline) == [(0, "e1"), (1, "e2"), (2, "e3")]

    def test_what_is_too_late_is_named(self, a_rule, outputs):
        """An event as old as the memory changes nothing."""
        told = outputs(a_rule(first_seen()), values((0, "a"), (100, "b"), (40, "c")))
        assert [type(output) for output in told] == [Opened, Opened, Late, TooLate]

    def test_a_new_value_is_not_folded_into_another(self):
        """By default nothing folds: one new value is not the other."""
        assert first_seen().default_suppress_us == 0

    def test_the_memory_is_thirty_days_by_default(self):
        """As the reference says."""
        assert FirstSeen((parse_path("value"),)).within == 30 * DAY_US

    def test_what_it_says(self, a_rule, outputs):
        """The new value, and how many are known."""
        _, _, opened = outputs(a_rule(first_seen()), values((0, "a"), (1, "b"), (2, "c")))
        assert opened.alert.facts == {"count": 1, "value": "c", "values": ["c"], "known": 2, "within": "1m"}
        assert opened.alert.why == 'value "c" was not seen in the 1m before (2 known)'

    def test_more_values_than_a_key_may_hold(self, a_rule, events_of, monkeypatch):
        """The oldest are given up, aloud: they will count as new again."""
        monkeypatch.setattr("trailbell_engine.conditions.first_seen.ENTRIES_KEPT", 3)
        assert window.ENTRIES_KEPT == 10_000
        pipeline, state = Pipeline(RuleSet([a_rule(first_seen())])), MemoryState()
        told = [
            output
            for event in events_of(values((0, "a"), (1, "b"), (2, "c"), (3, "d"), (4, "b"), (5, "a")))
            for output in pipeline.take(event, state)
            if not isinstance(output, Matched)
        ]
        assert [type(output) for output in told] == [Opened, Opened, Opened, Overflow, Opened, Overflow, Opened]
        assert [output.entries for output in told if isinstance(output, Overflow)] == [1, 1]
