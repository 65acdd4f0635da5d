"""Schedules: the hours of a week in a zone, both edges of daylight saving, holidays, and zones from events."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailbell_engine.operators.schedules import inside
from trailbell_engine.path import parse_path
from trailbell_engine.schedule import Hours, Schedule, holiday_calendars, is_holiday, load_zone
from trailbell_engine.timestamps import EARLIEST_US, LATEST_US, MINUTE_US, parse_time

MON, TUE, WED, THU, FRI, SAT, SUN = range(7)


def hours(*ranges):
    """``"22:00-06:00"`` as minutes of the day."""
    return tuple(Hours(*(int(part[:2]) * 60 + int(part[3:]) for part in written.split("-"))) for written in ranges)


def days(*numbers):
    return frozenset(numbers)


OFFICE = Schedule("Europe/London", days(MON, TUE, WED, THU, FRI), hours("08:00-12:00", "13:00-18:30"))


class TestWeeks:
    """Days and hours, in local time."""

    @pytest.mark.parametrize(
        ("time", "expected"),
        [
            ("2026-11-23T08:00:00Z", True),  # a Monday in winter: London is UTC
            ("2026-11-23T07:59:59.999999Z", False),
            ("2026-11-23T11:59:59.999999Z", True),
            ("2026-11-23T12:00:00Z", False),
            ("2026-11-23T13:00:00Z", True),
            ("2026-11-23T18:29:59Z", True),
            ("2026-11-23T18:30:00Z", False),
            ("2026-11-22T10:00:00Z", False),  # Sunday
            ("2026-07-20T07:00:00Z", True),  # a Monday in summer: London is an hour ahead
            ("2026-07-20T17:30:00Z", False),
            ("2026-11-23T10:00:00+09:00", False),  # 01:00 in London
        ],
    )
    def test_office_hours(self, time, expected):
        """Ranges include their start and not their end; the zone's own clock counts, however the time was written."""
        assert OFFICE.contains(parse_time(time)) is expected

    def test_no_hours_is_the_whole_day(self):
        """Without ``hours`` a day is inside from midnight to midnight of its zone."""
        sundays = Schedule("Pacific/Kiritimati", days(SUN))  # UTC+14
        assert sundays.contains(parse_time("2026-11-21T10:00:00Z"))
        assert not sundays.contains(parse_time("2026-11-21T09:59:59Z"))
        assert not sundays.contains(parse_time("2026-11-22T10:00:00Z"))

    @pytest.mark.parametrize(
        ("time", "expected"),
        [
            ("2026-11-27T21:59:00Z", False),  # Friday
            ("2026-11-27T22:00:00Z", True),
            ("2026-11-28T05:59:59Z", True),  # Saturday morning belongs to Friday's night
            ("2026-11-28T06:00:00Z", False),
            ("2026-11-28T22:00:00Z", False),
            ("2026-11-27T05:00:00Z", False),  # Friday morning would belong to Thursday's
        ],
    )
    def test_a_range_over_midnight_belongs_to_the_day_it_starts_on(self, time, expected):
        """``fri 22:00-06:00`` lasts into Saturday."""
        assert Schedule("UTC", days(FRI), hours("22:00-06:00")).contains(parse_time(time)) is expected

    def test_a_night_over_the_end_of_the_week(self):
        """Sunday's night lasts into Monday."""
        night = Schedule("UTC", days(SAT, SUN), hours("22:00-06:00"))
        assert night.contains(parse_time("2026-11-23T05:59:00Z"))
        assert not night.contains(parse_time("2026-11-21T05:59:00Z"))

    def test_twenty_four_o_clock(self):
        """``24:00`` ends a day, ``00:00-24:00`` is all of it, and so is any range that ends where it starts."""
        evening = Schedule(hours=hours("18:00-24:00"))
        assert evening.contains(parse_time("2026-11-22T23:59:59.999999Z"))
        assert not evening.contains(parse_time("2026-11-23T00:00:00Z"))
        for whole in ("00:00-24:00", "00:00-00:00", "07:30-07:30"):
            day = Schedule(hours=hours(whole))
            assert all(day.contains(parse_time(f"2026-11-22T{hour:02d}:15:00Z")) for hour in range(24))

    @given(st.integers(0, 1439), st.integers(0, 1440), st.integers(0, 14 * 1440 - 1))
    def test_a_range_and_the_rest_of_the_day_part_the_week(self, start, end, minute):
        """With every day chosen, an instant is in a range or in its complement, never in both."""
        time_us = parse_time("2026-11-02T00:00:00Z") + minute * MINUTE_US
        one, other = Schedule(hours=(Hours(start, end),)), Schedule(hours=(Hours(end % 1440, start),))
        if start == end % 1440:
            assert one.contains(time_us)
        else:
            assert one.contains(time_us) is not other.contains(time_us)


class TestDaylightSaving:
    """The wall clock counts: an hour that comes twice is inside twice, one that is skipped is never asked about."""

    @pytest.mark.parametrize(
        ("zone", "written", "times"),
        [
            # Clocks go back at 02:00 BST: 01:30 comes at 00:30Z and again at 01:30Z.
            ("Europe/London", "01:00-02:00", {"2026-10-25T00:30": True, "2026-10-25T01:30": True}),
            ("Europe/London", "01:00-02:00", {"2026-10-24T23:59": False, "2026-10-25T02:00": False}),
            # Clocks go forward at 01:00 GMT: 00:59 is followed by 02:00, and no instant is in 01:00-02:00.
            ("Europe/London", "01:00-02:00", {"2026-03-29T00:59": False, "2026-03-29T01:00": False}),
            ("Europe/London", "00:30-02:30", {"2026-03-29T00:59": True, "2026-03-29T01:00": True}),
            ("Europe/London", "00:30-02:30", {"2026-03-29T01:29": True, "2026-03-29T01:30": False}),
            # New York skips 02:00-03:00 on 8 March, so a range inside that hour never begins.
            ("America/New_York", "02:15-02:45", {"2026-03-08T06:59": False, "2026-03-08T07:00": False}),
            ("America/New_York", "02:15-02:45", {"2026-03-08T07:30": False, "2026-03-09T06:30": True}),
            # Lord Howe moves by half an hour: 01:30-02:00 comes twice in April, 02:00-02:30 is skipped in October.
            ("Australia/Lord_Howe", "01:30-02:00", {"2026-04-04T14:30": True, "2026-04-04T15:00": True}),
            ("Australia/Lord_Howe", "01:30-02:00", {"2026-04-04T15:29": True, "2026-04-04T15:30": False}),
            ("Australia/Lord_Howe", "02:00-02:30", {"2026-10-03T15:29": False, "2026-10-03T15:30": False}),
            ("Australia/Lord_Howe", "02:30-03:00", {"2026-10-03T15:29": False, "2026-10-03T15:30": True}),
        ],
    )
    def test_both_edges(self, zone, written, times):
        """Local time is asked at each instant; nothing is added to a midnight."""
        schedule = Schedule(zone, hours=hours(written))
        assert {time: schedule.contains(parse_time(time + ":00Z")) for time in times} == times

    def test_a_night_shift_lasts_as_long_as_the_clock_says(self):
        """22:00-06:00 over the end of summer time is nine hours long, over its start seven."""
        night = Schedule("Europe/London", hours=hours("22:00-06:00"))
        for first, expected in (("2026-10-24T12:00:00Z", 9 * 60), ("2026-03-28T12:00:00Z", 7 * 60)):
            start_us = parse_time(first)
            assert sum(night.contains(start_us + minute * MINUTE_US) for minute in range(24 * 60)) == expected


class TestHolidays:
    """On a holiday no range starts."""

    @pytest.mark.parametrize(
        ("calendar", "day", "expected"),
        [
            ("GB", date(2026, 12, 25), True),
            ("GB", date(2026, 12, 24), False),
            ("GB-SCT", date(2026, 1, 2), True),
            ("GB-ENG", date(2026, 1, 2), False),
            ("DE-BY", date(2026, 1, 6), True),
            ("DE-BE", date(2026, 1, 6), False),
            ("DE", date(2026, 10, 3), True),
        ],
    )
    def test_calendars(self, calendar, day, expected):
        """A country's own holidays, and those of a part of it."""
        assert is_holiday(calendar, day) is expected

    def test_no_range_starts_on_a_holiday(self):
        """Christmas Day is a Friday in 2026: office hours do not take place, and the night before lasts into it."""
        office = Schedule("Europe/London", OFFICE.days, OFFICE.hours, "GB")
        assert not office.contains(parse_time("2026-12-25T10:00:00Z"))
        assert office.contains(parse_time("2026-12-24T10:00:00Z"))
        night = Schedule("Europe/London", OFFICE.days, hours("22:00-06:00"), "GB")
        assert night.contains(parse_time("2026-12-25T05:00:00Z"))
        assert not night.contains(parse_time("2026-12-25T22:00:00Z"))
        assert not Schedule("Europe/London", holidays="GB").contains(parse_time("2026-12-25T10:00:00Z"))

    def test_a_holiday_is_a_local_day(self):
        """The day is that of the schedule's zone."""
        first_of_january = Schedule("Pacific/Auckland", holidays="NZ")
        assert not first_of_january.contains(parse_time("2025-12-31T11:00:00Z"))

    @pytest.mark.parametrize("calendar", ["GB", "US", "CN", "SA", "IL", "IN-MH", "JP"])
    @pytest.mark.parametrize("time_us", [EARLIEST_US + 2 * 86_400_000_000, LATEST_US - 2 * 86_400_000_000, 0])
    def test_far_years_are_ordinary(self, calendar, time_us):
        """A time far in the past or the future may stand in an event; it is inside or outside like any other."""
        assert Schedule(holidays=calendar).contains(time_us) in (True, False)

    def test_calendars_can_be_listed(self):
        """What may be written below ``holidays``, for checks and suggestions."""
        calendars = holiday_calendars()
        assert {"ENG", "SCT"} <= set(calendars["GB"])
        assert "BY" in calendars["DE"]


GARBAGE_ZONES = [
    "",
    "Nowhere/At_All",
    "Europe/London ",
    "Europe",
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "Europe/\0London",
    "\ud800",
    "zone.tab",
    "tzdata.zi",
    "Europe//London/../Paris",
    "a/" * 5_000,
    "x" * 10_000,
    "Europe\\London",
    "\n",
    "é/ü",
    "a..b/c",
    "%s",
]


class TestZones:
    """The schedule's own zone, or the subject's."""

    @pytest.mark.parametrize("name", GARBAGE_ZONES, ids=range(len(GARBAGE_ZONES)))
    def test_what_is_no_zone(self, name):
        """Event data names zones, so any text at all is only ever no zone."""
        assert load_zone(name) is None

    @given(st.text(max_size=20))
    def test_no_text_breaks_it(self, name):
        """Whatever the text, it is a zone or it is not."""
        zone = load_zone(name)
        assert zone is None or zone.key == name

    def test_from_the_event(self, a_test, an_event, it_holds):
        """``timezone: {from: user.tz, default: UTC}``: 07:30Z is office time in London in summer, not in New York."""
        office = Schedule("UTC", hours=hours("08:00-18:00"), zone_from=parse_path("user.tz"))
        during, outside = a_test("time", "during", office), a_test("time", "outside", office)
        for zone, expected in (("Europe/London", True), ("America/New_York", False), ("Asia/Kolkata", True)):
            event = an_event({"user": {"tz": zone}}, at="2026-07-20T07:30:00Z")
            assert it_holds(during, event) is expected
            assert it_holds(outside, event) is not expected

    @pytest.mark.parametrize("zone", [*GARBAGE_ZONES, None, 5, True, [], {}, ["Nowhere/At_All"]], ids=repr)
    def test_garbage_gives_the_default(self, zone, a_test, an_event, it_holds):
        """Where the event names no zone, the schedule's own is meant."""
        office = Schedule("Asia/Tokyo", hours=hours("08:00-18:00"), zone_from=parse_path("tz"))
        event = an_event({"tz": zone}, at="2026-07-20T00:00:00Z")
        assert it_holds(a_test("time", "during", office), event)
        assert not it_holds(a_test("time", "during", office), an_event({}, at="2026-07-20T12:00:00Z"))

    def test_the_first_text_of_several_is_meant(self, a_test, an_event, it_holds):
        """Through an array on the way the first text is the zone."""
        office = Schedule("UTC", hours=hours("08:00-18:00"), zone_from=parse_path("users.tz"))
        event = an_event({"users": [{"tz": 5}, {"tz": "Asia/Tokyo"}, {"tz": "UTC"}]}, at="2026-07-20T00:00:00Z")
        assert it_holds(a_test("time", "during", office), event)

    def test_inside_an_element_the_zone_is_still_the_event_s(self, a_test, an_event, it_holds):
        """``from`` is a path on the event, wherever the schedule is asked."""
        office = Schedule("UTC", hours=hours("08:00-18:00"), zone_from=parse_path("tz"))
        visits = a_test("visits", "any_element", a_test("at", "during", office, in_element=True))
        event = an_event({"tz": "Asia/Tokyo", "visits": [{"at": "2026-07-20T00:00:00Z", "tz": "UTC"}]})
        assert it_holds(visits, event)


class TestNoTimes:
    """What is no time is neither inside nor outside."""

    @pytest.mark.parametrize(
        "value", ["", "noon", "2026-11-22", "10:00", 1795341600, True, None, {}, [], ["noon"]], ids=repr
    )
    def test_neither(self, value, a_test, an_event, it_holds):
        """``during`` and ``outside`` are both positive."""
        event = an_event({"at": value})
        assert not it_holds(a_test("at", "during", Schedule()), event)
        assert not it_holds(a_test("at", "outside", Schedule()), event)

    def test_times_at_the_edge_of_the_calendar(self):
        """A time that the schedule's zone could only write as year 0 or 10000 is no time to it."""
        assert inside("0001-01-01T00:00:00Z", Schedule("America/New_York")) is None
        assert inside("9999-12-31T23:59:59Z", Schedule("Asia/Tokyo")) is None
        assert inside("0001-01-01T00:00:00Z", Schedule("UTC", hours=hours("22:00-06:00"))) is None
        assert inside("9999-12-31T23:59:59Z", Schedule("UTC")) is True

    def test_any_of_several_times(self, a_test, an_event, it_holds):
        """Of several times one may be inside and another outside: both tests hold then."""
        event = an_event({"at": ["2026-11-23T10:00:00Z", "2026-11-22T10:00:00Z", "noon"]})
        assert it_holds(a_test("at", "during", OFFICE), event)
        assert it_holds(a_test("at", "outside", OFFICE), event)


def test_canonical_form():
    """A schedule prints the same however it was written; a rule's version is hashed from it."""
    schedule = Schedule("Europe/London", days(FRI, MON), hours("22:00-06:00", "08:00-24:00"), "GB", parse_path("a.tz"))
    assert schedule.to_json() == {
        "timezone": {"from": "a.tz", "default": "Europe/London"},
        "days": ["mon", "fri"],
        "hours": ["22:00-06:00", "08:00-24:00"],
        "holidays": "GB",
    }
