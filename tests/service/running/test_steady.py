"""The wall clock held against the steady one, and the ticks that are made of it."""

from __future__ import annotations

import pytest

from trailbell.running import attendance
from trailbell.running.attendance import Attendance
from trailbell.running.steady import JUMP_US, LASTS_US, SteadyClock
from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US, parse_time

NOON = parse_time("2026-11-02T12:00:00Z")


class Readers:
    """What attendance asks of a reader."""

    def __init__(self, source):
        self.source = source


@pytest.fixture
def clock():
    """A clock that was read once, at noon, when the steady one stood at a minute."""
    made = SteadyClock()
    assert made.read(NOON, MINUTE_US) == NOON
    return made


@pytest.mark.parametrize("jump_us", [HOUR_US, 13 * DAY_US])
def test_a_jump_ahead_that_is_taken_back_never_was(clock, jump_us):
    """A few seconds an hour ahead, or days: time goes on as the steady clock says, before, meanwhile and after."""
    for second in range(1, 20):
        jumped_us = jump_us if 5 <= second < 15 else 0
        assert clock.read(NOON + second * SECOND_US + jumped_us, MINUTE_US + second * SECOND_US) == (
            NOON + second * SECOND_US
        )


def test_a_jump_that_lasts_is_believed(clock):
    """The machine slept, or its clock was behind: after a while that is the time."""
    assert clock.read(NOON + HOUR_US, MINUTE_US) == NOON
    before_us = LASTS_US - SECOND_US
    assert clock.read(NOON + HOUR_US + before_us, MINUTE_US + before_us) == NOON + before_us
    assert clock.read(NOON + HOUR_US + LASTS_US, MINUTE_US + LASTS_US) == NOON + HOUR_US + LASTS_US


def test_each_jump_must_last(clock):
    """Two short ones are not one long one."""
    clock.read(NOON + HOUR_US, MINUTE_US)
    clock.read(NOON + SECOND_US, MINUTE_US + SECOND_US)
    after_us = LASTS_US + SECOND_US
    assert clock.read(NOON + after_us + HOUR_US, MINUTE_US + after_us) == NOON + after_us


@pytest.mark.parametrize("step_us", [JUMP_US, -SECOND_US, -HOUR_US])
def test_small_corrections_and_steps_back_are_believed_at_once(clock, step_us):
    """A watermark never falls, so a step back can do no harm."""
    assert clock.read(NOON + step_us, MINUTE_US) == NOON + step_us


def test_no_tick_follows_a_clock_that_jumps_ahead(feed, monkeypatch):
    """Ticks are recorded, and make what is older late: those of the jump would blind windows when it is taken back."""
    monkeypatch.setattr(attendance, "TICK_EVERY_S", 0)
    present = Attendance([Readers(feed("app", wall_clock=True))])
    times_us = []
    for now_us in (NOON, NOON + HOUR_US, NOON + 13 * DAY_US, NOON):
        times_us += [tick.time_us for _, ticks in present.ticks(now_us) for tick in ticks]
    assert len(times_us) == 4
    assert max(times_us) < NOON + MINUTE_US
