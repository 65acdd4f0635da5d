"""A broker by the configuration: doctor asks and takes nothing, a dry run is refused, a run for cron ends."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def configured(servers, tmp_path, monkeypatch):
    """A folder with a configuration that reads a Redis stream, and the stream."""
    monkeypatch.chdir(tmp_path)
    bench = servers("redis").bench()
    (tmp_path / "rules.yaml").write_text("id: login\ntitle: a login\nseverity: low\nmatch: {event_type: LOGIN}\n")
    config = {"state": "state", "rules": ["rules.yaml"], "sources": {"audit": {"redis": bench.settings}}}
    (tmp_path / "trailbell.yaml").write_text(json.dumps(config))
    bench.publish_events(range(3))
    return bench


def test_doctor_tells_how_much_waits_and_takes_nothing(configured, trailbell):
    """It may be asked as often as one likes."""
    for _ in range(2):
        _, out, _ = trailbell("doctor")
        assert "3 waiting" in out


def test_a_dry_run_is_refused_and_takes_nothing(configured, trailbell):
    """What it took would be missing in the real run."""
    code, _, err = trailbell("run", "--dry-run")
    assert code == 2
    assert "would take messages from audit" in err
    assert configured.source().probe().waiting == 3


def test_a_run_for_cron_takes_what_is_there_and_ends(configured, trailbell):
    """The next one takes what has come since."""
    code, out, err = trailbell("run", "--once")
    assert code == 0, err
    assert "login" in out
    configured.publish_events(range(3, 5))
    code, _, err = trailbell("run", "--once")
    assert code == 0, err
    assert "2 events (2 new)" in err
    standing = configured.source().probe()
    assert (standing.waiting, standing.in_flight) == (0, 0)
