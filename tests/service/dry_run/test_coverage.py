"""Which days have events, and which have none."""

import trailbell
from trailbell.dryrun.coverage import BARS, coverage
from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, parse_time

RULE = "id: r\ntitle: t\nseverity: low\nmatch: {event_type: A}\n"


def test_gaps_are_named_with_both_ends():
    """Two holes between the first and the last event, one of a day and one of three."""
    covered = coverage(0, 9 * DAY_US, {day * 24: count for day, count in {0: 2, 2: 1, 6: 5, 7: 1, 8: 1, 9: 1}.items()})
    assert [str(gap) for gap in covered.gaps] == ["1970-01-02", "1970-01-04 → 1970-01-06"]
    assert covered.bars == (2, 0, 1, 0, 0, 0, 5, 1, 1, 1)


def test_a_short_history_is_shown_by_the_hour():
    """From the hour of its first event to that of its last, across midnight."""
    first_us = 5 * DAY_US + 22 * HOUR_US + 30 * MINUTE_US
    covered = coverage(first_us, first_us + 3 * HOUR_US, {5 * 24 + 22: 4, 6 * 24 + 1: 2})
    assert (covered.bar_us, covered.bars) == (HOUR_US, (4, 0, 0, 2))
    assert covered.start_us == 5 * DAY_US + 22 * HOUR_US
    assert covered.in_bars({6 * 24: 7}) == (0, 0, 7, 0)


def test_without_events_nothing_is_covered():
    """No first day, no bars, no gaps; and rates are taken by one day."""
    covered = coverage(None, None, {})
    assert (covered.bars, covered.gaps, covered.span_days) == ((), (), 1.0)


def test_one_stray_event_does_not_make_fifty_years_of_bars(loaded):
    """Very long histories have bars of several days; every event and alert is in one."""
    records = [
        {"id": str(number), "event_type": "A", "created_at": time}
        for number, time in enumerate(["1970-01-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"])
    ]
    report = trailbell.dry_run(loaded(RULE), records, map="vonage")
    assert len(report.coverage.bars) <= BARS
    assert sum(report.coverage.bars) == sum(report.rules[0].timeline) == 3
    (gap,) = report.coverage.gaps
    assert gap.days == parse_time("2026-11-01T00:00:00Z") // DAY_US - 1
