"""``trailbell run`` is killed between commit and acknowledgement and at random: nothing is lost or counted twice."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trailbell.store.alerts import Alerts
from trailbell.store.database import StoreError, open_database

LONG = bool(os.environ.get("TRAILBELL_LONG"))
KILLS = 200 if LONG else 5
TURNS = [1 + number % 3 for number in range(100)] if LONG else [1, 2]
BURST = 60
ENDED_S = 60
RULES = """
id: twice
title: an event was counted twice
severity: high
match: {event_type: LOGIN}
when: {count: {at_least: 2, within: 1d, by: id}}
---
id: pair
title: a pair is complete
severity: low
match: {event_type: LOGIN}
when: {count: {at_least: 2, within: 1d, by: pair}}
"""


class Runs:
    """The program that forks runs."""

    def __init__(self, kind):
        command = [sys.executable, str(Path(__file__).parent / "driver.py"), kind]
        # Unbuffered: what has been said and not been read yet is in the pipe, where it can be waited for.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self._running = None

    def start(self, point="nowhere", turn=0):
        """Begin a run; its process id."""
        self._process.stdin.write(f"{point}\t{turn}\n".encode())
        self._running = int(self._answer("started"))
        return self._running

    def ended(self):
        """Wait for the run's end: its exit code, or minus the signal."""
        code = int(self._answer("ended"))
        self._running = None
        return code

    def close(self):
        """No more runs; one that a test has left is killed."""
        if self._running is not None:
            os.kill(self._running, signal.SIGKILL)
        self._process.communicate()

    def _answer(self, word):
        assert select.select([self._process.stdout], [], [], ENDED_S)[0], f"not {word}: {Path('log').read_text()}"
        said, value = self._process.stdout.readline().decode().split()
        assert said == word
        return value


def _grouped(kind, **more):
    return pytest.param((kind, more), marks=pytest.mark.xdist_group(kind), id="-".join([kind, *more]))


ONE_OF_EACH = [_grouped(kind) for kind in ("nats", "redis", "kafka", "rabbitmq")]


@pytest.fixture(params=[*ONE_OF_EACH, _grouped("kafka", partitions=4)])
def bench(request, servers):
    """A fresh stream of each broker, and a topic whose partitions are read side by side."""
    kind, more = request.param
    return servers(kind).bench(**more)


@pytest.fixture
def runs(bench, tmp_path, monkeypatch):
    """A working folder whose configuration names the bench, and the runs in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(RULES)
    own = {"ack_wait": "1s"} if bench.kind == "nats" else {}
    settings = {**bench.settings, "prefetch": 20, "lateness": "0s", **own}
    config = {"state": "state", "rules": ["rules.yaml"], "sources": {"audit": {bench.kind: settings}}}
    (tmp_path / "trailbell.yaml").write_text(json.dumps(config))
    runs = Runs(bench.kind)
    yield runs
    runs.close()


def stored():
    """The ids of the events that are in the store."""
    try:
        database = open_database(Path("state"), write=False)
    except StoreError:
        return []
    try:
        return [row[0] for row in database.rows("SELECT id FROM input WHERE kind = 0")]
    finally:
        database.close()


def alerts():
    """How many alerts of each rule."""
    database = open_database(Path("state"), write=False)
    try:
        found = [entry.alert.rule_id for entry in Alerts(database).all()]
    finally:
        database.close()
    return {name: found.count(name) for name in sorted(set(found))}


def unharmed(published):
    """The oracle: everything that was published is stored once, and counted once."""
    assert sorted(stored()) == sorted(f"e{number}" for number in range(published))
    assert alerts() == {"pair": published // 2}


def end(runs, wait_for, published, *, mutant=False):
    """A run that is left alone until everything is stored, then stopped as by ^C; how long that took.

    After a mutant something never comes; where the order is kept, nothing comes after the newest.
    """
    said = Path("log").stat().st_size
    process = runs.start()
    wait_for(lambda: Path("log").stat().st_size > said)  # in the first millisecond a fork is deaf to signals
    wait_for(lambda: f"e{published - 1}" in stored() if mutant else len(stored()) >= published, pause_s=0.1)
    began_s = time.monotonic()
    os.kill(process, signal.SIGINT)
    assert runs.ended() in (0, 130), Path("log").read_text()
    return time.monotonic() - began_s


def test_killed_between_commit_and_acknowledgement(bench, runs, wait_for):
    """What is durable comes again, and changes nothing; then ^C ends the run soon."""
    published = 0
    for turn in TURNS:
        bench.publish_events(range(published, published + BURST))
        published += BURST
        runs.start("committed", turn)
        assert runs.ended() == -signal.SIGKILL, Path("log").read_text()
        assert len(stored()) > 0
    assert end(runs, wait_for, published) < 6
    unharmed(published)


@pytest.mark.parametrize("bench", ONE_OF_EACH, indirect=True)
def test_a_source_that_acknowledges_before_the_commit_is_found_out(bench, runs, wait_for):
    """The oracle sees what a kill in between has lost."""
    bench.publish_events(range(BURST))
    runs.start("early")
    assert runs.ended() == -signal.SIGKILL, Path("log").read_text()
    end(runs, wait_for, BURST, mutant=True)
    with pytest.raises(AssertionError):
        unharmed(BURST)


def test_killed_at_random(bench, runs, wait_for):
    """While events are published."""
    dice, published = random.Random(7), 0
    for _ in range(KILLS):
        process = runs.start()
        bench.publish_events(range(published, published + BURST))
        published += BURST
        time.sleep(dice.random() * 0.5)  # the instant of the kill is what is tried here
        os.kill(process, signal.SIGKILL)
        assert runs.ended() == -signal.SIGKILL, Path("log").read_text()
    end(runs, wait_for, published)
    unharmed(published)
