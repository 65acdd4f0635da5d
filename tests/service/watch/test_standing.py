"""When it is news that a source fails, lags or is quiet, and when that is over."""

import pytest

from trailbell.watch.limits import Limits
from trailbell.watch.standing import Sight, Standing
from trailbell_engine.schedule import Hours, Schedule
from trailbell_engine.timestamps import HOUR_US, MINUTE_US, format_time, parse_time

LIMITS = Limits("vonage", quiet_after_us=2 * HOUR_US, lag_after_us=15 * MINUTE_US, failing_after_us=5 * MINUTE_US)


def news(sights, limits=LIMITS):
    """What a source's story makes news, by minute: sights are ``(minute, error, minutes behind, minute heard)``."""
    standing, told = Standing(limits), []
    for at, error, behind, heard in sights:
        now_us = at * MINUTE_US
        sight = Sight(now_us, error, now_us - behind * MINUTE_US, True, heard * MINUTE_US, 0)
        told += [(at, "+" if change.begins else "-", change.trouble) for change in standing.look(sight)]
    return told


def minutes(first, after, error="", behind=0, heard=None):
    """One sight a minute."""
    return [(at, error, behind, at if heard is None else heard) for at in range(first, after)]


@pytest.mark.parametrize(
    ("name", "story", "expected"),
    [
        ("all is well", minutes(0, 300), []),
        ("errors for a while pass", [*minutes(0, 5), *minutes(5, 9, "503"), *minutes(9, 60)], []),
        (
            "errors that last are told once, and so is their end",
            [*minutes(0, 5), *minutes(5, 30, "503"), *minutes(30, 60)],
            [(10, "+", "failing"), (31, "-", "failing")],
        ),
        (
            "a source that answers for a moment still fails",
            [*minutes(0, 20, "503"), (20, "", 0, 20), *minutes(21, 40, "503"), *minutes(40, 50)],
            [(5, "+", "failing"), (41, "-", "failing")],
        ),
        (
            "a source that fails is not said to lag or to be quiet, too",
            minutes(0, 600, "503", behind=400, heard=0),
            [(5, "+", "failing")],
        ),
        (
            "behind, and caught up when it is well within the limit",
            [*minutes(0, 10, behind=20), *minutes(10, 15, behind=14), *minutes(15, 20, behind=7)],
            [(1, "+", "lagging"), (15, "-", "lagging")],
        ),
        ("behind for a moment, as after every start", [(0, "", 400, 0), *minutes(1, 10)], []),
        (
            "quiet, and heard again",
            [*minutes(0, 10), *minutes(10, 200, heard=9), *minutes(200, 210)],
            [(130, "+", "quiet"), (200, "-", "quiet")],
        ),
        (
            "quiet, then failing, then heard: each has its own end",
            [*minutes(0, 130, heard=0), *minutes(130, 140, "503", heard=0), *minutes(140, 150, heard=141)],
            [(121, "+", "quiet"), (135, "+", "failing"), (140, "-", "quiet"), (141, "-", "failing")],
        ),
    ],
)
def test_stories(name, story, expected):
    """Each row is a source, minute by minute."""
    assert news(story) == expected, name


def test_nights_are_not_quiet():
    """Two hours of silence in office hours alone: from 17:00 on Friday on they are over at 9:00 on Monday."""
    office = Schedule(days=frozenset(range(5)), hours=(Hours(8 * 60, 18 * 60),))
    limits = LIMITS._replace(quiet_during=office, quiet_after_us=2 * HOUR_US)
    friday_us = parse_time("2026-11-06T17:00:00Z")
    standing, told = Standing(limits), []
    for minute in range(1, 3 * 24 * 60):
        now_us = friday_us + minute * MINUTE_US
        told += [(now_us, change) for change in standing.look(Sight(now_us, "", now_us, True, friday_us, friday_us))]
    ((at_us, change),) = told
    assert (format_time(at_us), change.trouble) == ("2026-11-09T09:01:00Z", "quiet")
    assert change.since_us == friday_us


def test_what_nobody_wants_to_know_is_not_told():
    """`never` switches each of the three off."""
    never = Limits("vonage", quiet_after_us=None, lag_after_us=None, failing_after_us=None)
    assert news([*minutes(0, 100, "503"), *minutes(100, 300, behind=90, heard=0)], never) == []


def test_a_source_on_its_first_way_does_not_lag():
    """A year of history takes its time, and nobody need be told."""
    standing = Standing(LIMITS)
    sights = [Sight(at * MINUTE_US, "", 0, caught_up=False) for at in range(60, 90)]
    assert [change for sight in sights for change in standing.look(sight)] == []
