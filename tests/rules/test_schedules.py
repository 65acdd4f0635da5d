"""Schedules as they are written."""

from collections.abc import Callable

import pytest

from trailbell_engine.path import Path
from trailbell_engine.schedule import Hours, Schedule

EVERY_DAY = frozenset(range(7))


@pytest.mark.parametrize(
    ("written", "schedule"),
    [
        ("{days: mon-fri}", Schedule(days=frozenset(range(5)))),
        ("{days: fri-mon}", Schedule(days=frozenset({4, 5, 6, 0}))),
        ("{days: sat}", Schedule(days=frozenset({5}))),
        ("{days: [mon, wed-thu]}", Schedule(days=frozenset({0, 2, 3}))),
        ("{days: Monday-Fri}", Schedule(days=frozenset(range(5)))),
        ("{days: sun-sat}", Schedule(days=EVERY_DAY)),
        ("{hours: 08:00-12:00}", Schedule(hours=(Hours(480, 720),))),
        ("{hours: ['08:00-12:00', 13:00-18:30]}", Schedule(hours=(Hours(480, 720), Hours(780, 1110)))),
        ("{hours: 22:00-06:00}", Schedule(hours=(Hours(1320, 360),))),
        ("{hours: 8:30-24:00}", Schedule(hours=(Hours(510, 1440),))),
        ("{timezone: Europe/London, days: sat}", Schedule("Europe/London", frozenset({5}))),
        ("{holidays: GB}", Schedule(holidays="GB")),
        ("{holidays: GB-ENG}", Schedule(holidays="GB-ENG")),
        (
            "{timezone: {from: user.zone, default: Europe/Berlin}, days: sat}",
            Schedule("Europe/Berlin", frozenset({5}), zone_from=Path(("user", "zone"))),
        ),
    ],
)
def test_schedule(rule: Callable, written: str, schedule: Schedule) -> None:
    """Every form has its schedule, inline and by name."""
    assert rule(f"match: {{time: {{during: {written}}}}}\n").match.operand == schedule
    named = rule("match: {time: {outside: it}}\n", f"schedules: {{it: {written}}}\n")
    assert named.match.operand == schedule


def test_a_bad_schedule_says_all_that_is_wrong(problems: Callable) -> None:
    """Four mistakes of a named schedule are four problems, each at its value."""
    text = "schedules:\n  it:\n    timezone: X\n    days: x\n    hours: x\n    holidays: x\n"
    assert [(problem.span.file, problem.span.line) for problem in problems("", text)] == [
        ("_d.yaml", line) for line in (3, 4, 5, 6)
    ]


def test_an_unknown_zone_source_is_no_zone(problems: Callable) -> None:
    """`timezone` as a mapping needs both of its keys and takes no other."""
    found = problems("", "schedules: {it: {timezone: {fom: a}, days: sat}}\n")
    assert {problem.code for problem in found} == {"unknown-key", "missing-key"}
