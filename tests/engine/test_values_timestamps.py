"""Values, instants and durations: what is equal, what is the same text, and what is no time."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trailbell_engine.durations import MAXIMUM_US, format_duration, parse_duration
from trailbell_engine.timestamps import (
    DAY_US,
    EARLIEST_US,
    HOUR_US,
    LATEST_US,
    MINUTE_US,
    SECOND_US,
    format_time,
    from_datetime,
    parse_time,
    to_datetime,
)
from trailbell_engine.values import MISSING, canonical, identity, json_equal

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from((0, 1, 0.0, 1.0, -0.0, 2**53, 2.0**53, 2**53 + 1, 10**22, 1e22, "", "0", "1", "bool", "list")),
    st.text(max_size=3),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(("a", "b", "bool")), inner, max_size=3)
    ),
    max_leaves=6,
)


def twin(value):
    """The same JSON value in other clothes: whole floats as integers and back, members the other way round."""
    match value:
        case bool() | None | str():
            return value
        case int() if value == float(value if abs(value) < 2**1000 else 0):
            return float(value)
        case float() if value.is_integer():
            return int(value)
        case list():
            return [twin(item) for item in value]
        case dict():
            return {name: twin(item) for name, item in reversed(value.items())}
        case _:
            return value


class TestEquality:
    """``json_equal``, ``identity`` and ``canonical`` are three views of one equality."""

    @pytest.mark.parametrize(
        ("left", "right", "equal"),
        [
            (1, 1.0, True),
            (1, True, False),
            (0, False, False),
            (None, False, False),
            ("1", 1, False),
            ([1, True], [1.0, True], True),
            ([True], [1], False),
            ([[0]], [[False]], False),
            ({"a": 1}, {"a": True}, False),
            ({"a": 1, "b": [2]}, {"b": [2.0], "a": 1.0}, True),
            ({"a": None}, {}, False),
            ({"a": {"x": 1}, "b": 0}, {"a": {"x": 1}, "b": False}, False),
            ({"a": [None, {"z": 1}], "b": "x"}, {"b": "x", "a": [None, {"z": 1}]}, True),
            (["bool", True], True, False),
            (["list"], [["list"]], False),
            ([], {}, False),
            ([["a", 1]], {"a": 1}, False),
            (2**53 + 1, 2.0**53, False),
        ],
    )
    def test_examples(self, left, right, equal):
        """Numbers by value, booleans only booleans, at every depth."""
        assert json_equal(left, right) is equal
        assert json_equal(right, left) is equal
        assert (identity(left) == identity(right)) is equal
        assert (canonical(left) == canonical(right)) is equal

    @given(VALUES, VALUES)
    @example([True], [1])
    @example({"a": {"b": 1}}, {"a": {"b": True}})
    def test_the_three_agree(self, left, right):
        """Two values share identity and canonical text exactly if they are equal."""
        equal = json_equal(left, right)
        assert (identity(left) == identity(right)) is equal
        assert (canonical(left) == canonical(right)) is equal

    @given(VALUES)
    def test_a_value_equals_its_twin(self, value):
        """Writing 1 as 1.0, or members in another order, changes no value, no hash and no text."""
        other = twin(value)
        assert json_equal(value, other)
        assert hash(identity(value)) == hash(identity(other))
        assert canonical(value) == canonical(other)

    @given(VALUES)
    def test_canonical_text_is_json_of_the_value(self, value):
        """It reads back as an equal value."""
        assert json_equal(json.loads(canonical(value)), value)

    def test_canonical_text(self):
        """Sorted keys, no spaces, letters as they are, whole floats as integers."""
        assert canonical({"b": [1.0, True, None], "a": "é\n"}) == '{"a":"é\\n","b":[1,true,null]}'

    def test_missing_is_no_json_value(self):
        """MISSING is false and equal to nothing but itself."""
        assert not MISSING
        assert repr(MISSING) == "MISSING"
        assert not any(json_equal(MISSING, value) for value in (None, False, 0, "", [], {}))


class TestTimes:
    """RFC 3339 text to whole microseconds and back."""

    @pytest.mark.parametrize(
        ("text", "same_as"),
        [
            ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
            ("2026-11-22t10:00:00z", "2026-11-22T10:00:00Z"),
            ("2026-11-22 10:00:00", "2026-11-22T10:00:00Z"),
            ("2026-11-22T10:00", "2026-11-22T10:00:00Z"),
            ("2026-11-22T10:00:00+01:00", "2026-11-22T09:00:00Z"),
            ("2026-11-22T10:00:00+0100", "2026-11-22T09:00:00Z"),
            ("2026-11-22T10:00:00-00:00", "2026-11-22T10:00:00Z"),
            ("2026-11-22T00:30:00+23:59", "2026-11-21T00:31:00Z"),
            ("2026-12-31T23:59:60Z", "2026-12-31T23:59:59.999999Z"),
            ("2026-12-31t23:59:60z", "2026-12-31T23:59:59.999999Z"),
            ("2027-01-01T00:59:60.5+01:00", "2026-12-31T23:59:59.999999Z"),
            ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
        ],
    )
    def test_what_is_a_time(self, text, same_as):
        """No zone is UTC, a leap second is the last microsecond before it, case does not matter."""
        time_us = parse_time(text)
        assert time_us is not None
        assert format_time(time_us) == same_as

    @pytest.mark.parametrize("digits", range(1, 10))
    def test_fractions(self, digits):
        """One to nine digits are read; what is below a microsecond is cut off."""
        fraction = "987654321"[:digits]
        expected = int(fraction[:6].ljust(6, "0"))
        assert parse_time(f"2026-11-22T10:00:00.{fraction}Z") == parse_time("2026-11-22T10:00:00Z") + expected

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "now",
            "2026-11-22",
            "2026-11-22T10",
            "20261122T100000Z",
            "2026-W47-7T10:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-11-22T25:00:00Z",
            "2026-11-22T10:60:00Z",
            "2026-11-22T10:00:61Z",
            "2026-11-22T10:00:00+24:00",
            "2026-11-22T10:00:00 GMT",
            "2026-11-22T10:00:00Z ",
            " 2026-11-22T10:00:00Z",
            "2026-11-22_10:00:00Z",
            "٢٠٢٦-11-22T10:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "10000-01-01T00:00:00Z",
            "-001-01-01T00:00:00Z",
            "2026-11-22T10:00-60",
            "2026-12-31T23:59:605Z",
        ],
    )
    def test_what_is_no_time(self, text):
        """Bare dates, other calendars, impossible times and times that UTC cannot write are none."""
        assert parse_time(text) is None

    @given(st.integers(EARLIEST_US, LATEST_US))
    @example(EARLIEST_US)
    @example(LATEST_US)
    @example(-1)
    def test_round_trip(self, time_us):
        """Every instant of the years 1 to 9999 prints as a text that is that instant."""
        text = format_time(time_us)
        assert parse_time(text) == time_us
        assert text.endswith("Z")
        assert from_datetime(to_datetime(time_us)) == time_us

    @given(st.datetimes(timezones=st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m)))))
    def test_agrees_with_datetime(self, moment):
        """A text with any offset is the instant that ``datetime`` says, where UTC can write it."""
        expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        assert parse_time(moment.isoformat()) == (expected if EARLIEST_US <= expected <= LATEST_US else None)

    @given(st.one_of(st.text(), st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.,+Zz-]{0,20}\Z")))
    def test_no_text_breaks_it(self, text):
        """Garbage is no time, and never an error."""
        time_us = parse_time(text)
        assert time_us is None or EARLIEST_US <= time_us <= LATEST_US


class TestDurations:
    """``90s``, ``10m``, ``1h30m``, ``2d``, ``1w``."""

    @pytest.mark.parametrize(
        ("text", "expected_us"),
        [
            ("90s", 90 * SECOND_US),
            ("10m", 10 * MINUTE_US),
            ("1h30m", 90 * MINUTE_US),
            ("2d", 2 * DAY_US),
            ("1w", 7 * DAY_US),
            ("5ms", 5_000),
            ("1m5ms", MINUTE_US + 5_000),
            ("1w2d3h4m5s6ms", 9 * DAY_US + 3 * HOUR_US + 4 * MINUTE_US + 5 * SECOND_US + 6_000),
            ("0h5m", 5 * MINUTE_US),
            ("3660d", MAXIMUM_US),
        ],
    )
    def test_what_is_a_duration(self, text, expected_us):
        """Numbers with units, from the largest unit to the smallest."""
        assert parse_duration(text) == expected_us

    @pytest.mark.parametrize(
        "text",
        ["", "0s", "5", "s", "-5m", "5 m", "1.5h", "30m1h", "1h1h", "5M", "5m\n", "3661d", "9999999999s", "\u0665m"],
    )
    def test_what_is_none(self, text):
        """No unit, no order, zero, signs, spaces, fractions, and more than ten years."""
        assert parse_duration(text) is None

    @given(st.integers(1, MAXIMUM_US // 1_000))
    def test_round_trip(self, milliseconds):
        """Whole milliseconds print as a text that is that duration."""
        assert parse_duration(format_duration(milliseconds * 1_000)) == milliseconds * 1_000

    @pytest.mark.parametrize(
        ("duration_us", "text"), [(0, "0s"), (999, "0s"), (5_400 * SECOND_US, "1h30m"), (MINUTE_US + 1, "1m")]
    )
    def test_text(self, duration_us, text):
        """The shortest text; what is below a millisecond is left out."""
        assert format_duration(duration_us) == text
