"""SIGKILL at any instant loses no alert, makes none twice, and repeats at the receiver only what it can recognise."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time

import pytest

POINTS = (
    "an event was decided on",
    "a batch is written, before its commit",
    "a batch is committed",
    "a delivery is leased",
    "a message is sent",
    "an outcome is recorded",
)
OWES = 5
"""The exit code of a run that leaves messages untold."""


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
def test_kills_at_random_instants(world, driver, long, backend):
    """The loop of the reliability promise: kill, start again, and in the end compare with the input alone."""
    kills = 1_000 if long else 50 if backend == "sqlite" else 15
    world.write_events(400 * kills if long else 6_000)
    world.misbehave(every=600 if long else 60)
    dice = random.Random(os.environ.get("TRAILBELL_SEED", "7"))
    runs, killed = driver(), 0
    while killed < kills:
        process = runs.start()
        time.sleep(dice.uniform(0, 0.4))
        with contextlib.suppress(ProcessLookupError):  # a fast machine may be through with the events before
            os.kill(process, signal.SIGKILL)
        if runs.ended() == -signal.SIGKILL:
            killed += 1
        else:
            judge(runs, world)
            world.begin_again()
    judge(runs, world)


def judge(runs, world):
    """All has come to its end, and everything is as the input says.

    A run that is through with its events waits only so long for a busy receiver; the next one tells it the rest.
    """
    code, told = OWES, -1
    while code == OWES and len(world.hook.deliveries) > told:
        told = len(world.hook.deliveries)
        code = runs.run()
    assert code == 0, world.log()
    assert not world.wrong()


@pytest.mark.parametrize("backend", ["sqlite", "postgres"])
@pytest.mark.parametrize("point", POINTS)
def test_kills_at_every_step_of_a_batch_and_of_a_delivery(world, driver, point):
    """Killed when just this had happened, it goes on as if nothing had."""
    world.write_events(200)
    runs = driver()
    for turn in (1, 3):
        assert runs.run(point, turn) == -signal.SIGKILL, world.log()
    judge(runs, world)


@pytest.mark.parametrize(
    ("mutant", "point", "turn", "found"),
    [
        ("the checkpoint goes first", "a batch is written, before its commit", 3, "lost alerts"),
        ("sent is noted before it is sent", "it is noted as sent", 3, "never told"),
        ("ids of alerts are random", "a batch is committed", 3, "extra alerts"),
        ("there is no transaction", "a batch is written, before its commit", 3, "extra alerts"),
    ],
)
def test_the_oracle_finds_what_is_wrong(world, driver, mutant, point, turn, found):
    """An engine with a known fault does not pass, so the verdict means something."""
    world.write_events(200)
    runs = driver(mutant)
    assert runs.run(point, turn) == -signal.SIGKILL, world.log()
    runs.run()
    assert world.wrong().get(found, 0) > 0, world.log()
