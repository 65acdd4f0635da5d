"""Mute intervals: Alertmanager's words, over midnight, in zones, and when they end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell_engine.timestamps import HOUR_US, MINUTE_US, format_time, parse_time
from trailbell_notifiers.policy.intervals import Span, inside, read_intervals, until_us


def _one(**span):
    return read_intervals({"x": span})["x"]


@pytest.mark.parametrize(
    ("span", "time", "holds"),
    [
        ({"times": "22:00-06:00"}, "2026-11-02T23:00:00Z", True),
        ({"times": "22:00-06:00"}, "2026-11-03T05:59:59Z", True),
        ({"times": "22:00-06:00"}, "2026-11-03T06:00:00Z", False),
        ({"times": ["22:00-06:00"], "weekdays": ["fri"]}, "2026-11-07T03:00:00Z", True),  # Saturday belongs to Friday
        ({"times": ["22:00-06:00"], "weekdays": ["fri"]}, "2026-11-06T03:00:00Z", False),
        ({"weekdays": "saturday:monday"}, "2026-11-01T12:00:00Z", True),
        ({"weekdays": ["mon-fri"]}, "2026-11-01T12:00:00Z", False),
        ({"times": [{"start_time": "09:00", "end_time": "24:00"}]}, "2026-11-02T09:30:00Z", True),
        ({"days_of_month": "-1"}, "2026-11-30T00:00:00Z", True),
        ({"days_of_month": ["1:3", "-3:-1"]}, "2026-11-27T00:00:00Z", False),
        ({"months": ["november:february"]}, "2026-01-10T00:00:00Z", True),
        ({"months": 12}, "2026-11-10T00:00:00Z", False),
        ({"years": "2027:2028"}, "2026-11-10T00:00:00Z", False),
        ({"holidays": "GB"}, "2026-12-25T12:00:00Z", False),
    ],
)  # fmt: skip
def test_spans(span, time, holds):
    """All fields hold at once, of the day on which the range begins."""
    assert inside(_one(**span), parse_time(time)) is holds


@pytest.mark.parametrize(
    ("span", "time", "end"),
    [
        ({"times": "22:00-06:00"}, "2026-11-02T23:00:00Z", "2026-11-03T06:00:00Z"),
        ({"weekdays": "sat:sun", "location": "Europe/Paris"}, "2026-11-01T12:00:00Z", "2026-11-01T23:00:00Z"),
        ({"times": "01:00-02:30", "location": "Europe/Paris"}, "2026-03-29T00:15:00Z", "2026-03-29T01:00:00Z"),
        ({"years": "2026"}, "2026-11-02T12:00:00Z", "2027-01-01T00:00:00Z"),
    ],
)
def test_when_one_ends(span, time, end):
    """Also where the clocks are set meanwhile, and across years."""
    assert format_time(until_us([_one(**span)], parse_time(time), wanted=False)) == end


def test_one_that_never_ends_has_no_end():
    """Whoever waits for it is told so."""
    assert until_us([_one(location="UTC")], 0, wanted=False) is None


SPANS = st.fixed_dictionaries(
    {},
    optional={
        "times": st.sampled_from(["22:00-06:00", "09:15-17:30", ["00:00-24:00"], ["02:00-03:00", "23:59-00:01"]]),
        "weekdays": st.sampled_from(["mon-fri", "sat:mon", ["wed"]]),
        "days_of_month": st.sampled_from(["1:5", "-2:-1", "31"]),
        "location": st.sampled_from(
            ["UTC", "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]
        ),
    },
)


@settings(max_examples=60, deadline=None)
@given(SPANS, SPANS, st.integers(0, 400 * 24 * 60))
def test_the_end_is_the_first_instant_at_which_it_is_otherwise(one, other, minutes):
    """As looking at every quarter of an hour says, for two spans together."""
    spans = [_one(**(one or {"location": "UTC"})), _one(**(other or {"weekdays": "tue"}))]
    start_us = parse_time("2026-01-01T00:00:00Z") + minutes * MINUTE_US
    now = any(inside(span, start_us) for span in spans)
    end_us = until_us(spans, start_us, wanted=not now)
    steps = range(1, 24 * 4)
    slow = next((at for at in (start_us - start_us % HOUR_US + step * 15 * MINUTE_US for step in steps)
                 if at > start_us and any(inside(span, at) for span in spans) is not now), None)  # fmt: skip
    if slow is not None:
        assert end_us is not None
        assert end_us <= slow
    if end_us is not None:
        assert any(inside(span, end_us) for span in spans) is not now
        assert any(inside(span, end_us - 1) for span in spans) is now


ALWAYS = [
    {"years": "2020:2099"},
    {"times": ["00:00-12:00", "12:00-24:00"], "location": "Europe/London"},
    {"times": ["22:00-06:00", "05:00-23:00"], "months": "1:12"},
    {"days_of_month": ["1:15", "-17:-1"]},
]


@pytest.mark.parametrize("span", ALWAYS, ids=str)
def test_always_in_disguise_is_never_left(monkeypatch, span):
    """However it is written, nothing is asked about the instants in between: only days on which the clocks are set."""
    asked = []
    contains = Span.contains
    monkeypatch.setattr(Span, "contains", lambda self, time_us: asked.append(time_us) or contains(self, time_us))
    assert until_us([_one(**span)], parse_time("2026-11-02T23:00:00Z"), wanted=False) is None
    assert len(asked) < 1000


CLOCKS_SET = [
    "2026-03-29T01:00:00Z",
    "2026-10-25T01:00:00Z",
    "2026-04-04T15:00:00Z",
    "2018-11-04T03:00:00Z",
    "2011-12-30T10:00:00Z",
]
ZONES = ["Europe/London", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Antarctica/Troll", "Asia/Beirut"]
TIMES = (
    st.tuples(st.integers(0, 23 * 60 + 59), st.integers(1, 24 * 60))
    .filter(lambda pair: pair[0] != pair[1])
    .map(lambda pair: "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in pair))
)
ANY = st.fixed_dictionaries(
    {},
    optional={
        "times": st.lists(TIMES, min_size=1, max_size=3),
        "weekdays": st.sampled_from(["mon-fri", "sat:mon", ["wed"], "mon:sun"]),
        "days_of_month": st.sampled_from(["1:5", "-2:-1", "31", "1:31"]),
        "months": st.sampled_from(["march", "november:march", "1:12"]),
        "years": st.sampled_from(["2026", "2000:2099"]),
        "holidays": st.just("GB"),
        "location": st.sampled_from(ZONES),
    },
).map(lambda span: span or {"location": "UTC"})  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.lists(ANY, min_size=1, max_size=3),
    st.one_of(st.sampled_from(CLOCKS_SET), st.just("2026-12-31T00:00:00Z"), st.just("2027-02-27T00:00:00Z")),
    st.integers(-48 * 60, 24 * 60),
)
def test_the_end_is_that_of_a_walk_minute_by_minute(conf, around, minutes):
    """Of spans of any kind together, also where the clocks are set, skip a day, or a year ends."""
    spans = [_one(**one) for one in conf]
    start_us = parse_time(around) + minutes * MINUTE_US
    now = any(inside(span, start_us) for span in spans)
    walk = (start_us + step * MINUTE_US for step in range(1, 4 * 24 * 60))
    plain = next((at for at in walk if any(inside(span, at) for span in spans) is not now), None)
    found = until_us(spans, start_us, wanted=not now)
    if plain is not None:
        assert found == plain
    else:
        assert found is None or found >= start_us + 4 * 24 * HOUR_US


@pytest.mark.parametrize("span", [{"years": "2020:9999"}, {"times": "22:00-06:00", "years": "2020:9999"}])
def test_the_end_of_time(span):
    """An event of the last days that can be written is muted, too."""
    assert until_us([_one(**span)], parse_time("9999-12-28T23:00:00Z"), wanted=False) in (
        None,
        parse_time("9999-12-29T06:00:00Z"),
    )
