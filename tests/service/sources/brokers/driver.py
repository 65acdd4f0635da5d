"""Runs ``trailbell run`` again and again in processes that are killed: a program, started by the tests of this folder.

Each run is a fork of a process that has imported everything, so that a start takes milliseconds. It reads lines
``POINT<tab>TURN``, starts a run, answers ``started PID`` and, when the run has ended, ``ended STATUS``. At the point
``committed`` a run dies by SIGKILL when messages are to be acknowledged for the TURN-th time: they are durable here,
and the broker does not know it. At the point ``early`` the run is a mutant: it acknowledges what it has received, and
moves its place in the store on, before the events are durable, and dies between the two.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from trailbell.cli import run as _imported  # noqa: F401 - so that no run has to
from trailbell.cli.main import run
from trailbell.configuration.config import load_config
from trailbell.loading import load
from trailbell.sources.base import Batch
from trailbell.sources.brokers.source import BrokerSource, Desk
from trailbell.wiring import receivers, sources


def die_before_acknowledging(turn):
    calls = 0
    original = Desk.durable

    def durable(desk):
        nonlocal calls
        found = original(desk)
        calls += bool(found)
        if calls == turn:
            os.kill(os.getpid(), signal.SIGKILL)
        return found

    Desk.durable = durable


def acknowledge_before_the_commit():
    original = BrokerSource._read

    def read(self, link):
        for batch in original(self, link):
            if batch.committed is not None:
                batch.committed()
                link.acknowledge(self._desk.durable())
                link.caught_up()  # the broker has answered, so it has got the acknowledgement as well
                moved = threading.Event()
                yield Batch([], batch.checkpoint, moved.set)
                moved.wait()
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch

    BrokerSource._read = read


def main():
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start what is in the background deaf to ^C
    if sys.argv[1:] == ["kafka"]:
        from trailbell.sources.brokers import kafka_broker

        kafka_broker.SESSION_MS = 1_000  # so long the mock cluster keeps the partitions of a run that was killed
    config = load_config(Path("trailbell.yaml"), os.environ)
    receivers(config)
    load(config.rules)
    sources(config, os.environ, once=False)
    for line in sys.stdin:
        point, turn = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            _run(point, int(turn))
        print(f"started {child}", flush=True)  # noqa: T201 - the answer
        _, status = os.waitpid(child, 0)
        print(f"ended {os.waitstatus_to_exitcode(status)}", flush=True)  # noqa: T201 - the answer


def _run(point, turn):
    """One run, in a process of its own; what it says goes into the file ``log``."""
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    if point == "committed":
        die_before_acknowledging(turn)
    elif point == "early":
        acknowledge_before_the_commit()
    code = 70
    try:
        code = run(["run"])
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
