"""``changed`` as timelines in seconds."""

import pytest

from trailbell_engine.alert import Late, TooLate
from trailbell_engine.conditions.changed import Changed
from trailbell_engine.path import Path, parse_path
from trailbell_engine.timestamps import SECOND_US, format_time

VALUE = Path(("value",))


def at(t, **data):
    """A record of second ``t``."""
    return t, data


def changed(*by, within_s=None, track_null=False, of=VALUE):
    return Changed(of, None if within_s is None else within_s * SECOND_US, track_null, tuple(map(parse_path, by)))


NOTHING = object()


class TestChanged:
    """``changed``: the value differs from the last one its key had."""

    @pytest.mark.parametrize(
        ("name", "values", "expected"),
        [
            ("the first sighting is no change", ["a"], []),
            ("the same again", ["a", "a"], []),
            ("another", ["a", "b"], [(10, "e2")]),
            ("and back", ["a", "b", "a"], [(10, "e2"), (20, "e3")]),
            ("0 is a value", ["a", 0, "a"], [(10, "e2"), (20, "e3")]),
            ("so is the empty text", ["a", "", "a"], [(10, "e2"), (20, "e3")]),
            ("and false, which is not 0", [0, False], [(10, "e2")]),
            ("an empty array is one, too", [["x"], []], [(10, "e2")]),
            ("1 and 1.0 are the same", [1, 1.0], []),
            ("null neither fires nor is remembered", ["a", None, "a", None, "b"], [(40, "e5")]),
            ("nor does a missing value", ["a", NOTHING, "a", NOTHING, "b"], [(40, "e5")]),
            ("null first", [None, "a"], []),
            ("objects compare by value", [{"x": 1, "y": 2}, {"y": 2, "x": 1.0}, {"x": 1}], [(20, "e3")]),
        ],
    )
    def test_values_ten_seconds_apart(self, name, values, expected, firings):
        """Each row is the field's value at 0 s, 10 s, 20 s, …"""
        timeline = [(10 * n, {} if value is NOTHING else {"value": value}) for n, value in enumerate(values)]
        assert firings(changed(), timeline) == expected, name

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            (["a", None], [(10, "e2")]),
            (["a", NOTHING], [(10, "e2")]),
            ([None, "a"], [(10, "e2")]),
            ([NOTHING, None], []),
            (["a", None, "a"], [(10, "e2"), (20, "e3")]),
        ],
    )
    def test_track_null(self, values, expected, firings):
        """With ``track_null`` missing and null are one value like any other."""
        timeline = [(10 * n, {} if value is NOTHING else {"value": value}) for n, value in enumerate(values)]
        assert firings(changed(track_null=True), timeline) == expected

    def test_keys_are_kept_apart(self, firings):
        """Each value of ``by`` has its own last value; a missing one is its own key."""
        timeline = [
            *(at(0, user="a", value=1), at(1, user="b", value=2), at(2, value=3)),
            *(at(3, user="a", value=2), at(4, user="b", value=2), at(5, user=None, value=3)),
        ]
        assert firings(changed("user"), timeline) == [(3, "e4")]

    @pytest.mark.parametrize(("second", "expected"), [(59, [(59, "e2")]), (60, []), (61, [])])
    def test_within(self, second, expected, firings):
        """A sighting is forgotten when it is ``within`` old."""
        assert firings(changed(within_s=60), [at(0, value="a"), at(second, value="b")]) == expected

    def test_every_sighting_renews_within(self, firings):
        """The same value seen again is a sighting."""
        timeline = [at(0, value="a"), at(50, value="a"), at(100, value="b")]
        assert firings(changed(within_s=60), timeline) == [(100, "e3")]

    def test_a_late_sighting_is_too_late(self, a_rule, outputs):
        """An event older than the last sighting changes nothing and is named."""
        told = outputs(a_rule(changed()), [at(10, value="a"), at(5, value="b"), at(20, value="a")])
        assert [type(output) for output in told] == [Late, TooLate]

    def test_a_late_event_for_another_key_is_a_sighting(self, firings):
        """Late is a matter of the source; too late is a matter of the key."""
        timeline = [at(0, user="a", value=1), at(10, user="b", value=1), at(5, user="a", value=2)]
        assert firings(changed("user"), timeline) == [(5, "e3")]

    def test_what_it_says(self, a_rule, outputs, start_us):
        """Old and new value, and when the old one was last seen."""
        (opened,) = outputs(a_rule(changed()), [at(0, value="sip"), at(3600, value={"type": "app"})])
        assert opened.alert.facts["change"] == {
            "field": "value",
            "old": "sip",
            "new": {"type": "app"},
            "since": format_time(start_us),
        }
        assert opened.alert.why == 'value was "sip" 1h before and is now {"type":"app"}'
