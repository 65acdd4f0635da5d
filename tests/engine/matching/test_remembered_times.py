"""Remembered times and schedules: the same answers as without memory, in whatever order they are asked."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from trailbell_engine import timestamps
from trailbell_engine.operators.schedules import by_minute
from trailbell_engine.schedule import Hours, Schedule
from trailbell_engine.timestamps import from_datetime, parse_time

# First sixteen characters and rests, plain and odd: compact hours, hour 24, zones, leap seconds, the calendar's edges.
HEADS = (
    *(
        "2026-11-22T10:00",
        "2026-11-22t10:00",
        "2026-11-22 23:59",
        "2026-11-22T24:00",
        "2026-11-22T1000",
        "2026-11-22T10+02",
    ),
    *("0001-01-01T00:00", "9999-12-31T23:59", "2026-02-30T10:00", "2026-11-22T10,00", "2026-W47-7T10:00", "2026-11-22"),
)
RESTS = (
    *("", ":00", "Z", "z", ":30", ":30Z", ":60", ":60Z", ":60.5Z", ":30.5", ":30.123456789Z", "+02:00", ":30+02:00"),
    *(":30.123", ":59.007Z", ":60.123", ":30-23:59", ":3030", ":30:30", ":-1", ":+1Z", ":30.12+02"),
    *("-23:59", ":30.1-14:00", "0", ":3", "+24:00", ":30+02:00:30", ":30 ", "x", ":61Z", "00", ":30,5Z", "+0200"),
)


@given(st.lists(st.builds(str.__add__, st.sampled_from(HEADS), st.sampled_from(RESTS)), max_size=30))
def test_times_read_from_memory_are_the_times_that_were_written(texts):
    """What is remembered of one text never makes another one mean something else, or mean something at all."""
    for text in texts:
        assert parse_time(text) == timestamps._parse(text)


def test_remembered_times_stay_few():
    """A stream through every minute of a month forgets the old ones."""
    start = datetime(2026, 10, 1, tzinfo=UTC)
    for minute in range(31 * 24 * 60):
        assert parse_time((start + timedelta(minutes=minute)).isoformat()) == from_datetime(start) + minute * 60_000_000
    assert len(timestamps._MINUTES) <= timestamps._REMEMBERED


ZONES = ("UTC", "Europe/London", "Africa/Monrovia", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")


@settings(deadline=None)
@given(
    st.sampled_from(ZONES),
    st.tuples(st.integers(0, 1439), st.integers(0, 1440)),
    st.lists(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), min_size=1, max_size=8),  # noqa: DTZ001 - in UTC
)
def test_schedules_remembered_by_minute_are_the_schedules(zone, hours, moments):
    """Around every instant, before and after offsets became whole minutes, asked twice."""
    schedule = Schedule(zone=zone, hours=(Hours(*hours),))
    contains = by_minute(schedule)
    for moment in moments * 2:
        instant_us = from_datetime(moment.replace(tzinfo=UTC))
        for near_us in (instant_us - 30_000_000, instant_us, instant_us + 30_000_000):
            assert contains(near_us) is schedule.contains(near_us)
