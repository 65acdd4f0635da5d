"""The whole way: a source fails or is quiet, people are told, and told when it is over; a dry-run says the same."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from trailbell.configuration.config import load_config
from trailbell.live import Live
from trailbell.loading import load
from trailbell.replay import dry_run_store
from trailbell.store.alerts import Alerts
from trailbell.store.coverage import read_covered, read_episodes
from trailbell.testing.vonage_api import KEY, SECRET, FakeAuditApi
from trailbell.testing.vonage_faults import Pass, Status
from trailbell.testing.webhook import FakeWebhook
from trailbell.watch import standing, watch
from trailbell.wiring import receivers, sources

PATIENCE_S = 30
CONFIG = """
sources:
  vonage: {{since: 1h, poll_every: 1s, lateness: 0s, url: "{audit}", watch: {{{watch}}}}}
receivers:
  hook: {{webhook: {{url: "{hook}", secret: "{secret}", allow_cidrs: [127.0.0.0/8]}}}}
route: {{receiver: hook, group_by: [rule], group_wait: 0s, group_interval: 1s, matchers: []}}
"""


class Heard:
    """A webhook's deliveries, waited for."""

    def __init__(self):
        self._arrived = threading.Condition()
        self.told = []

    def take(self, received):
        with self._arrived:
            self.told.append(received.document)
            self._arrived.notify_all()

    def wait(self, rule_id, kind):
        """A message of that kind about an alert of that rule."""

        def found():
            return next((one for one in self.told if rule_id in json.dumps(one) and kind in json.dumps(one)), None)

        with self._arrived:
            assert self._arrived.wait_for(lambda: found() is not None, PATIENCE_S), self.told
            return found()


@pytest.fixture
def impatient(monkeypatch):
    """A second where people wait for a minute."""
    monkeypatch.setattr(standing, "CALM_US", 200_000)
    monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(watch, "TICK_EVERY_S", 0.05)


@pytest.fixture
def running(tmp_path, store, impatient):
    """A function: a live run over the fake Audit API with a `watch:`, and what it tells."""
    heard, ended = Heard(), []
    with FakeAuditApi() as api, FakeWebhook(arrived=heard.take) as hook, ThreadPoolExecutor(2) as executor:

        def start(settings):
            file = tmp_path / "trailbell.yaml"
            file.write_text(CONFIG.format(audit=api.base_url, hook=hook.url, secret=hook.secret, watch=settings))
            environ = {"VONAGE_API_KEY": KEY, "VONAGE_API_SECRET": SECRET}
            config = load_config(file, environ)
            database = store()
            limits = {source.name: source.limits for source in config.sources}
            rules = load(["pack:trailbell"]).rules
            live = Live(
                rules, database, receivers(config), told=lambda _: None, attempted=lambda _: None, limits=limits
            )
            live.__enter__()
            future = executor.submit(live.run, sources(config, environ, once=False))

            def stop():
                live.stop()
                future.result(PATIENCE_S)
                live.__exit__()

            ended.append(stop)
            return database, rules, stop

        yield api, heard, start
        for stop in ended:
            stop()


def titles(alerts):
    return [(one.alert.rule_id, one.wording["title"], one.alert.state) for one in alerts]


def test_a_source_that_fails_is_told_and_told_when_it_is_back(running):
    """The API answers 503 for a while: one alert, at a real receiver, with its end; a dry-run says the same."""
    api, heard, start = running
    api.script(*[Pass()] * 2, *[Status(503)] * 8)
    database, rules, stop = start("failing_after: 1s, severity: critical")
    opened = heard.wait("trailbell-source-failing", "opened")
    assert "The source vonage cannot be read" in json.dumps(opened)
    assert "critical" in json.dumps(opened)
    heard.wait("trailbell-source-failing", "resolved")
    stop()
    expected = [("trailbell-source-failing", "The source vonage cannot be read", "resolved")]
    assert titles(Alerts(database).newest(10)) == expected
    (episode,) = [one for one in read_episodes(database) if one.trouble == "failing"]
    assert episode.until_us is not None
    assert "503" in episode.reason
    report = dry_run_store(rules, database)
    assert titles(report.alerts) == expected
    assert len(read_covered(database)["vonage"]) == 2  # an hour that was read late, and what came after it


def test_a_restart_in_the_middle_tells_nothing_twice(running):
    """It fails, trailbell stops and starts again, and then it is back: one alert, resolved; a dry-run says the same."""
    api, heard, start = running
    api.script(*[Pass()] * 2, *[Status(503)] * 8)
    database, _, stop = start("failing_after: 1s")
    heard.wait("trailbell-source-failing", "opened")
    stop()
    database.close()
    database, rules, stop = start("failing_after: 1s")
    heard.wait("trailbell-source-failing", "resolved")
    stop()
    (alert,) = titles(Alerts(database).newest(10))
    assert alert[2] == "resolved"
    assert titles(dry_run_store(rules, database).alerts) == [alert]
    assert [one["type"] for one in heard.told] == ["alert.opened", "alert.resolved"]


def test_a_source_that_goes_quiet_is_told_and_told_when_it_is_heard_again(running, record):
    """Nothing comes, though it is read; then something does."""
    api, heard, start = running
    database, rules, stop = start("quiet_after: 1s, lag_after: 3m")
    heard.wait("trailbell-source-quiet", "opened")
    api.add(record(1) | {"created_at": _now()})
    heard.wait("trailbell-source-quiet", "resolved")
    stop()
    stored = Alerts(database).newest(10)
    assert titles(stored)[-1] == ("trailbell-source-quiet", "The source vonage has gone quiet", "resolved")
    assert sorted(titles(dry_run_store(rules, database).alerts)) == sorted(titles(stored))


def _now():
    from datetime import UTC, datetime

    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
