"""Expectations of rule tests against alerts."""

import pytest

from trailbell_rules.rule_tests import compare

ALERT = {
    "id": "0f",
    "rule_id": "a",
    "severity": "high",
    "title": "T",
    "summary": "S",
    "key": {"user": "ana", "n": 1},
    "count": 5,
    "opened_at": "2026-11-02T10:00:00Z",
    "last_at": "2026-11-02T10:04:00Z",
    "event_ids": ["1", "2"],
    "state": "open",
}


@pytest.mark.parametrize(
    "expectation",
    [
        {},
        {"severity": "high", "title": "T", "count": 5},
        {"key": {"n": 1.0, "user": "ana"}},
        {"opened_at": "2026-11-02T11:00:00+01:00", "last_at": "2026-11-02T10:04:00"},
        {"event_ids": ["1", "2"], "state": "open"},
    ],
)
def test_what_is_named_must_hold(expectation: dict) -> None:
    """Only what the expectation names is compared; times as instants, numbers by value."""
    assert compare([expectation], [ALERT]) == []


@pytest.mark.parametrize(
    ("expectation", "difference"),
    [
        ({"severity": "low"}, ("alerts[0].severity", "low", "high")),
        ({"count": True}, ("alerts[0].count", True, 5)),
        ({"key": {"user": "bob", "n": 1}}, ("alerts[0].key.user", "bob", "ana")),
        ({"key": {"user": "ana"}}, ("alerts[0].key.n", None, 1)),
        ({"key": {"user": "ana", "n": 1, "x": 1}}, ("alerts[0].key.x", 1, None)),
        (
            {"opened_at": "2026-11-02T10:00:01Z"},
            ("alerts[0].opened_at", "2026-11-02T10:00:01Z", "2026-11-02T10:00:00Z"),
        ),
        ({"opened_at": "soon"}, ("alerts[0].opened_at", "soon", "2026-11-02T10:00:00Z")),
        ({"event_ids": ["2", "1"]}, ("alerts[0].event_ids", ["2", "1"], ["1", "2"])),
    ],
)
def test_a_difference_names_its_field(expectation: dict, difference: tuple) -> None:
    """Each field that differs is one difference with both values."""
    assert compare([expectation], [ALERT]) == [difference]


@pytest.mark.parametrize(
    ("expected", "actual", "words"),
    [
        ([], [ALERT], "0 alerts"),
        ([{}], [], "1 alert"),
        ([{}], [ALERT, ALERT], "1 alert"),
    ],
)
def test_the_number_of_alerts_counts(expected: list, actual: list, words: str) -> None:
    """An alert too many is as wrong as one too few; those that came are named by title."""
    (difference,) = compare(expected, actual)
    assert (difference.where, difference.expected) == ("alerts", words)
    assert difference.actual.count("T") == len(actual)


def test_order_counts() -> None:
    """Alerts are compared one by one, in order."""
    other = ALERT | {"title": "U"}
    assert compare([{"title": "T"}, {"title": "U"}], [ALERT, other]) == []
    assert len(compare([{"title": "U"}, {"title": "T"}], [ALERT, other])) == 2


def test_a_difference_reads_well() -> None:
    """Expected stands over actual, in one column."""
    (difference,) = compare([{"title": "U"}], [ALERT])
    assert str(difference) == 'alerts[0].title\n  - expected: "U"\n  + actual:   "T"'
