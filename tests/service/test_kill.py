"""SIGKILL at any instant loses no alert, makes none twice, and repeats at the receiver only what it can recognise."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import pytest

from trailbell.loading import load
from trailbell.replay import dry_run_source
from trailbell.sources.files import FileSource
from trailbell.store.alerts import Alerts
from trailbell.store.database import open_database
from trailbell.testing.loopback import Answer
from trailbell.testing.webhook import SECRET, FakeWebhook
from trailbell_notifiers.outbox import delivery_id

LONG = bool(os.environ.get("TRAILBELL_LONG"))
KILLS = 300 if LONG else 15
TRAILBELL = str(Path(sys.executable).parent / "trailbell")
PATIENCE_S = 60

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
state: state/
receivers:
  siem:
    webhook: {{url: "{url}", secret: "{secret}", allow_cidrs: [127.0.0.0/8]}}
route: {{receiver: siem}}
"""


@pytest.fixture
def world(tmp_path, record, monkeypatch):
    """A working folder with many small files of events: some twice, some late, some no events at all."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "events").mkdir()
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rules.yaml").write_text(RULES)
    with FakeWebhook() as hook:
        (tmp_path / "trailbell.yaml").write_text(CONFIG.format(url=hook.url, secret=SECRET))
        yield SimpleNamespace(folder=tmp_path, hook=hook, record=record)


def _write_events(world, files, per_file=20):
    dice = random.Random(1)
    lines, number = [], 0
    for file in range(files):
        for _ in range(per_file):
            number += 1
            number_of = {"msisdn": f"44770090{dice.randrange(40):04}", "voice-type": dice.choice(["sip", "app"])}
            user = f"user{dice.randrange(60)}@example.com"
            at_s = number * 3 - dice.choice([0, 0, 0, 0, 100, 900])
            event = world.record(number, at_s=at_s, user_email=user, context=number_of)
            lines.append(json.dumps(event))
            if dice.random() < 0.03:
                lines.append(dice.choice(lines))
            if dice.random() < 0.01:
                lines.append('{"id": ' + str(number))
        (world.folder / "events" / f"{file:04}.ndjson").write_text("\n".join(lines[-per_file:] + lines[:1]) + "\n")


def _expected():
    """What must come of the input, by an engine that keeps nothing and is never stopped."""
    report = dry_run_source(load(["rules"]).rules, FileSource(["events"]))
    return {stored.alert.id: (stored.alert, stored.to_json()) for stored in report.alerts}


def _stored():
    database = open_database(Path("state"), write=False)
    try:
        return {stored.alert.id: (stored.alert, stored.to_json()) for stored in Alerts(database).all()}
    finally:
        database.close()


def _verdict(world):
    """What is wrong, as counts; nothing may be."""
    expected, stored = _expected(), _stored()
    assert expected
    bodies = defaultdict(set)
    for received in world.hook.deliveries:
        bodies[received.id].add(received.request.body)
    told = {delivery_id(alert_id, "siem", "opened"): document for alert_id, (_, document) in expected.items()}
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


def _nothing(verdict):
    return not any(verdict.values())


def _to_the_end(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr


def _misbehaving(hook, every=60):
    """Every so often the receiver is busy, or takes a message and its answer is lost."""
    faults = [(Answer(503, headers={"Retry-After": "1"}), False), (Answer(cut=True), True)]

    def arrived(_):
        if len(hook.deliveries) % every == 0:
            answer, accept = faults[len(hook.deliveries) // every % 2]
            hook.script(answer, accept=accept)

    hook.arrived = arrived


def test_kills_at_random_instants(world):
    """The loop of the reliability promise: kill, start again, and in the end compare with the input alone."""
    _write_events(world, files=14 * KILLS)
    _misbehaving(world.hook)
    dice = random.Random(os.environ.get("TRAILBELL_SEED", "7"))
    command = [TRAILBELL, "run", "--events", "events"]
    kills = 0
    for _ in range(KILLS):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            process.stderr.readline()  # the store is about to be opened
            drain = threading.Thread(target=process.stderr.read)
            drain.start()
            time.sleep(dice.uniform(0, 0.25))
            process.kill()
            kills += process.wait() == -signal.SIGKILL
            drain.join()
    assert kills >= KILLS * 2 // 3
    _to_the_end(command)
    verdict = _verdict(world)
    assert _nothing(verdict), verdict


DRIVER = """
import os, random, signal, sys
from contextlib import contextmanager

from trailbell import drive, outgoing
from trailbell.cli.main import run
from trailbell.store.ledger import StoreLedger
from trailbell.store.outbox import StoreOutbox
from trailbell_notifiers import sender, webhook

point, turn, mutant = sys.argv[1], int(sys.argv[2]), sys.argv[3]
calls = 0


def die():
    global calls
    calls += 1
    if calls == turn:
        os.kill(os.getpid(), signal.SIGKILL)


def before(owner, name):
    original = getattr(owner, name)

    def wrapped(*arguments, **keywords):
        die()
        return original(*arguments, **keywords)

    setattr(owner, name, wrapped)


def after(owner, name):
    original = getattr(owner, name)

    def wrapped(*arguments, **keywords):
        result = original(*arguments, **keywords)
        if result:
            die()
        return result

    setattr(owner, name, wrapped)


{
    "nothing": lambda: None,
    "an event was read": lambda: before(drive, "_process"),
    "a batch is written, before its commit": lambda: before(StoreLedger, "_write_state"),
    "a batch is committed": lambda: before(outgoing.Outgoing, "committed"),
    "a delivery is leased": lambda: after(StoreOutbox, "claim"),
    "a message is sent": lambda: after(webhook.Webhook, "send"),
    "an outcome is recorded": lambda: after(StoreOutbox, "record"),
}[point]()

if mutant == "the checkpoint goes first":
    from trailbell.running import loop

    def commit(group, pipeline, ledger, sink):
        with ledger._database.transaction():
            for source, checkpoint in drive._reached(group).items():
                ledger.complete(source, {}, checkpoint)
        drive.commit(group, pipeline, ledger, sink)

    loop.commit = commit
if mutant == "sent is noted before it is sent":
    send = webhook.Webhook.send

    def early(channel, body, attempt, now_s):
        with StoreOutbox.last._database.transaction():
            sql = "UPDATE outbox SET state = 'sent' WHERE id = ?"
            StoreOutbox.last._database.connection.execute(sql, (attempt.delivery_id,))
        die()
        return send(channel, body, attempt, now_s)

    made = StoreOutbox.__init__

    def remember(outbox, database):
        made(outbox, database)
        StoreOutbox.last = outbox

    StoreOutbox.__init__, webhook.Webhook.send = remember, early
if mutant == "ids of alerts are random":
    from trailbell_engine import alerting

    alerting.alert_id = lambda *_: random.randbytes(16).hex()
sys.exit(run(["run", "--events", "events"]))
"""
POINTS = (
    "an event was read",
    "a batch is written, before its commit",
    "a batch is committed",
    "a delivery is leased",
    "a message is sent",
    "an outcome is recorded",
)


def _die_at(point, turn, mutant=""):
    command = [sys.executable, "-c", DRIVER, point, str(turn), mutant]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    return [*command[:3], "nothing", "0", mutant]


@pytest.mark.parametrize("point", POINTS)
def test_kills_at_every_step_of_a_batch_and_of_a_delivery(world, point):
    """Killed when just this had happened, it goes on as if nothing had."""
    _write_events(world, files=6)
    for turn in (1, 3):
        command = _die_at(point, turn)
    _to_the_end(command)
    verdict = _verdict(world)
    assert _nothing(verdict), verdict


@pytest.mark.parametrize(
    ("mutant", "point", "found"),
    [
        ("the checkpoint goes first", "a batch is written, before its commit", "lost alerts"),
        ("sent is noted before it is sent", "nothing", "never told"),
        ("ids of alerts are random", "a batch is committed", "extra alerts"),
    ],
)
def test_the_oracle_finds_what_is_wrong(world, mutant, point, found):
    """An engine with a known fault does not pass, so the verdict means something."""
    _write_events(world, files=6)
    _to_the_end(_die_at(point, 3, mutant))
    assert _verdict(world)[found] > 0
