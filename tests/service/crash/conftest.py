"""A world in which ``run`` is killed, and the oracle that says from the input alone what must come of it."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections import defaultdict
from functools import cached_property
from pathlib import Path

import psycopg
import pytest

from trailbell.loading import load
from trailbell.replay import dry_run_source
from trailbell.sources.files import FileSource
from trailbell.store.address import PostgresAddress
from trailbell.store.alerts import Alerts
from trailbell.store.database import open_database
from trailbell.testing.loopback import Answer
from trailbell.testing.webhook import SECRET, FakeWebhook
from trailbell_notifiers.delivery.outbox import delivery_id

RULES = """
id: five-updates
title: "{{ user_email }} updated {{ count }} numbers"
severity: medium
match: {event_type: NUMBER_UPDATED}
when: {count: {at_least: 5, within: 5m, by: user_email}}
---
id: route-changed
title: "{{ context.msisdn }}: {{ change.old }} to {{ change.new }}"
severity: high
match: {event_type: NUMBER_UPDATED}
when: {changed: {of: context.voice-type, by: context.msisdn}}
suppress: {for: 2h}
"""
CONFIG = """
state: {state}
receivers:
  siem:
    webhook: {{url: "{url}", secret: "{secret}", allow_cidrs: [127.0.0.0/8]}}
route: {{receiver: siem}}
"""
FAULTS = [(Answer(503, headers={"Retry-After": "1"}), False), (Answer(cut=True), True)]


class World:
    """A working folder with rules, events and a receiver, in which an engine can be run."""

    def __init__(self, folder, hook, record, place):
        self.folder = folder
        self.hook = hook
        self._place = place
        self._record = record

    def write_events(self, count):
        """One file of events: some twice, some late, some lines no events at all."""
        dice = random.Random(1)
        lines = []
        for number in range(1, count + 1):
            changed = {"msisdn": f"44770090{dice.randrange(40):04}", "voice-type": dice.choice(["sip", "app"])}
            user = f"user{dice.randrange(60)}@example.com"
            at_s = number * 3 - dice.choice([0, 0, 0, 0, 100, 900])
            lines.append(json.dumps(self._record(number, at_s=at_s, user_email=user, context=changed)))
            if dice.random() < 0.03:
                lines.append(dice.choice(lines))
            if dice.random() < 0.01:
                lines.append('{"id": ' + str(number))
        (self.folder / "events" / "events.ndjson").write_text("\n".join(lines) + "\n")

    def misbehave(self, every=60):
        """Every so often the receiver is busy, or takes a message and its answer is lost."""
        taken = 0

        def arrived(_):
            nonlocal taken
            taken += 1
            if taken % every == 0:
                answer, accept = FAULTS[taken // every % 2]
                self.hook.script(answer, accept=accept)

        self.hook.arrived = arrived

    def log(self):
        """What the runs have said."""
        return (self.folder / "log").read_text()

    def begin_again(self):
        """Forget what was stored and what has arrived; the events stay."""
        shutil.rmtree(self.folder / "state", ignore_errors=True)
        if isinstance(self._place, PostgresAddress):
            with psycopg.connect(self._place.url, autocommit=True) as session:
                session.execute(f'DROP SCHEMA "{self._place.schema}" CASCADE')
        self.hook.deliveries.clear()

    def wrong(self):
        """What is wrong, as counts; nothing may be."""
        return {what: count for what, count in self._verdict().items() if count}

    def _verdict(self):
        expected, stored = self._expected, self._stored()
        assert len(expected) > 5
        bodies = defaultdict(set)
        for received in self.hook.deliveries:
            bodies[received.id].add(received.request.body)
        told = {delivery_id(alert_id, "siem", "opened"): document for alert_id, document in expected.items()}
        titles = {name: {json.loads(body)["data"]["title"] for body in found} for name, found in bodies.items()}
        return {
            "lost alerts": len(expected.keys() - stored.keys()),
            "extra alerts": len(stored.keys() - expected.keys()),
            "other alerts": sum(stored[name] != expected[name] for name in stored.keys() & expected.keys()),
            "never told": len(told.keys() - bodies.keys()),
            "told too much": len(bodies.keys() - told.keys()),
            "repeats with other bytes": sum(len(found) != 1 for found in bodies.values()),
            "other titles": sum(titles[name] != {told[name]["title"]} for name in bodies.keys() & told.keys()),
        }

    @cached_property
    def _expected(self):
        """What must come of the input, by an engine that keeps nothing and is never stopped."""
        report = dry_run_source(load(["rules"]).rules, FileSource(["events"]))
        return {stored.alert.id: stored.to_json() for stored in report.alerts}

    def _stored(self):
        database = open_database(self._place, write=False)
        try:
            return {stored.alert.id: stored.to_json() for stored in Alerts(database).all()}
        finally:
            database.close()


class Driver:
    """The program that forks runs."""

    def __init__(self, mutant):
        command = [sys.executable, str(Path(__file__).parent / "driver.py"), mutant]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, point="nowhere", turn=0):
        """Begin a run and give its process id."""
        self._process.stdin.write(f"{point}\t{turn}\n")
        self._process.stdin.flush()
        return int(self._answer("started"))

    def ended(self):
        """Wait for the run's end: its exit code, or minus the signal."""
        return int(self._answer("ended"))

    def run(self, point="nowhere", turn=0):
        """A whole run."""
        self.start(point, turn)
        return self.ended()

    def close(self):
        """No more runs."""
        self._process.communicate()

    def _answer(self, word):
        said, value = self._process.stdout.readline().split()
        assert said == word
        return value


@pytest.fixture
def world(tmp_path, record, monkeypatch, address, setting):
    """A working folder, its receiver listening."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events").mkdir()
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text(RULES)
    with FakeWebhook() as hook:
        (tmp_path / "trailbell.yaml").write_text(CONFIG.format(url=hook.url, secret=SECRET, state=setting()))
        yield World(tmp_path, hook, record, address())


@pytest.fixture
def driver(world):
    """A function: the driver, with a fault built in if one is named."""
    drivers = []

    def make(mutant="none"):
        drivers.append(Driver(mutant))
        return drivers[-1]

    yield make
    for one in drivers:
        one.close()
