"""`trailbell run` on PostgreSQL: events come, people are told, and a lost server costs nothing but a restart."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from trailbell.testing import vonage_api
from trailbell.testing.webhook import SECRET, FakeWebhook

TRAILBELL = str(Path(sys.executable).parent / "trailbell")
PATIENCE_S = 30

RULE = """
id: moved
title: "{{ context.msisdn }} was moved"
severity: high
match: {event_type: NUMBER_UPDATED}
"""


@pytest.fixture
def backend():
    """All of this is about PostgreSQL."""
    return "postgres"


@pytest.fixture
def world(tmp_path, monkeypatch, record, setting, address, postgres):
    """An installation: the Audit API, a receiver, and a store that may be cut off."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VONAGE_API_KEY", vonage_api.KEY)
    monkeypatch.setenv("VONAGE_API_SECRET", vonage_api.SECRET)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "moved.yaml").write_text(RULE)
    with vonage_api.FakeAuditApi([]) as api, FakeWebhook() as hook:
        config = {
            "state": setting(),
            "sources": {"vonage": {"since": "10d", "lateness": "0s", "poll_every": "1s", "url": api.base_url}},
            "receivers": {"siem": {"webhook": {"url": hook.url, "secret": SECRET, "allow_cidrs": ["127.0.0.0/8"]}}},
            "route": {"receiver": "siem"},
        }
        (tmp_path / "trailbell.yaml").write_text(json.dumps(config))

        def move(number):
            at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
            api.add(record(number, context={"msisdn": f"44770090000{number}"}) | {"created_at": at})

        def cut_off():
            with psycopg.connect(postgres.url(), autocommit=True) as session:
                holders = (
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory' AND granted "
                    "AND objid = (hashtext(%s)::bigint & 4294967295)::oid"
                )
                return session.execute(holders, (address().schema,)).fetchall()

        titles, changed = [], threading.Condition()

        def arrived(received):
            with changed:
                titles.append(json.loads(received.request.body)["data"]["title"])
                changed.notify_all()

        def told(count):
            with changed:
                return changed.wait_for(lambda: len(set(titles)) >= count, PATIENCE_S)

        hook.arrived = arrived
        yield SimpleNamespace(hook=hook, move=move, cut_off=cut_off, titles=titles, told=told)


@contextlib.contextmanager
def _run(*options):
    with Path("log").open("w+") as log:
        process = subprocess.Popen([TRAILBELL, "run", *options], env=os.environ, stdout=log, stderr=log)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)
    assert "Traceback" not in Path("log").read_text()


def test_a_lost_server_costs_a_restart(world, trailbell):
    """The engine ends in words; the next one tells what is left, and nothing new twice. A dry-run says the same."""
    world.move(1)
    with _run() as process:
        assert world.told(1)
        assert world.cut_off() == [(True,)]
        world.move(2)
        assert process.wait(PATIENCE_S) == 3
    said = Path("log").read_text()
    assert "is lost" in said
    assert "it goes on from the last commit" in said
    with _run() as process:
        assert world.told(2), Path("log").read_text()
    assert set(world.titles) == {"447700900001 was moved", "447700900002 was moved"}
    # What was sent as the server went may come once more, with its id and its bytes.
    assert len({one.id for one in world.hook.deliveries}) == 2
    assert len({one.request.body for one in world.hook.deliveries}) == 2
    stored = json.loads(trailbell("alerts", "list", "--format", "json")[1])
    again = json.loads(trailbell("dry-run", "rules", "--since", "1d", "--format", "json")[1])
    assert sorted(one["id"] for one in again["alerts"]) == sorted(one["id"] for one in stored)
    assert trailbell("deliveries", "list")[1].count("sent") == 2


def test_a_second_engine_is_refused(world):
    """With the place of the store and where the other one is."""
    world.move(1)
    with _run():
        assert world.told(1)
        second = subprocess.run([TRAILBELL, "run", "--once"], capture_output=True, text=True, check=False)
    assert second.returncode == 3
    assert "another trailbell is running on postgresql://" in second.stderr
    assert "?schema=" in second.stderr
