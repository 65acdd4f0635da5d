"""An engine to which nothing comes: what people wish is done within a second or two all the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trailbell.testing import vonage_api
from trailbell.testing.loopback import Answer
from trailbell.testing.webhook import SECRET, FakeWebhook

TRAILBELL = str(Path(sys.executable).parent / "trailbell")
RULES = """
id: number-moved
title: "{{ context.msisdn }} was moved"
severity: high
match: {event_type: NUMBER_UPDATED}
"""
CONFIG = """
rules: [rules/]
state: state/
sources:
  vonage: {{since: 1d, lateness: 0s, poll_every: 1h, url: "{audit_url}"}}
receivers:
  siem:
    webhook: {{url: "{hook_url}", secret: "{secret}", allow_cidrs: [127.0.0.0/8]}}
route: {{receiver: siem}}
"""
PROMPT_S = 5.0
"""The promise is a second; machines that run tests are busy."""
LIST = ("deliveries", "list", "--format", "json")


@pytest.fixture
def hook():
    """The receiver."""
    with FakeWebhook() as webhook:
        yield webhook


@pytest.fixture
def running(tmp_path, monkeypatch, record, hook):
    """`trailbell run` with one alert, whose source is not asked again for an hour."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VONAGE_API_KEY", vonage_api.KEY)
    monkeypatch.setenv("VONAGE_API_SECRET", vonage_api.SECRET)
    at = f"{datetime.now(UTC) - timedelta(minutes=1):%Y-%m-%dT%H:%M:%S}"  # the poll of this very second would miss it
    moved = record(1, context={"msisdn": "447700900000"}) | {"created_at": at}
    with vonage_api.FakeAuditApi([moved]) as api, (tmp_path / "log").open("w+") as log:
        config = CONFIG.format(audit_url=api.base_url, hook_url=hook.url, secret=SECRET)
        (tmp_path / "trailbell.yaml").write_text(config)
        (tmp_path / "rules").mkdir()
        (tmp_path / "rules" / "rules.yaml").write_text(RULES)
        hook.script(Answer(400))  # which this receiver says of no message it will ever take
        process = subprocess.Popen([TRAILBELL, "run"], env=os.environ, stdout=log, stderr=log)
        try:
            ready = _comes_about(lambda: "now dead" in (tmp_path / "log").read_text(), 60)
            if ready:
                yield process
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(30)
            log.seek(0)
            said = log.read()
        if not ready:
            pytest.fail(f"the message was not refused: {said}")
        assert code == 0, said
        assert "Traceback" not in said


def _comes_about(holds, patience_s):
    """Wait for it; whether it came about in time."""
    ends_s = time.monotonic() + patience_s
    while not (held := holds()) and time.monotonic() < ends_s:
        time.sleep(0.05)
    return held


def test_a_dead_letter_is_sent_again_while_the_engine_runs(running, trailbell, hook):
    """The operator mends the receiver and says so; the same id and bytes arrive, and nobody restarts anything."""
    [refused] = hook.requests
    code, out, err = trailbell("deliveries", "retry", "--all")
    assert (code, out) == (0, "1 delivery to try again\n"), err
    assert "no engine runs" not in err
    assert _comes_about(lambda: len(hook.deliveries) == 1, PROMPT_S)
    assert hook.requests[1].body == refused.body
    assert hook.requests[1].headers["webhook-id"] == refused.headers["webhook-id"]

    def listed():
        return json.loads(trailbell(*LIST)[1])

    assert _comes_about(lambda: [one["state"] for one in listed()] == ["sent"], PROMPT_S)


def test_what_waits_is_given_up_while_the_engine_runs(running, trailbell, hook):
    """The receiver does not come back; whoever gives the message up is named."""

    def listed():
        return [(one["state"], one["last_error"]) for one in json.loads(trailbell(*LIST)[1])]

    hook.script(Answer(401))
    assert trailbell("deliveries", "retry", "--all")[0] == 0
    assert _comes_about(lambda: listed() == [("parked", "the endpoint answered 401")], PROMPT_S)
    assert trailbell("deliveries", "give-up", "--receiver", "siem", "--yes", "--by", "carol")[0] == 0
    assert _comes_about(lambda: listed() == [("dead", "given up by carol: the endpoint answered 401")], PROMPT_S)


def test_what_people_wish_is_taken_up(running, trailbell, hook):
    """Acknowledged, silenced, resolved: each is in the store promptly, though no event comes."""

    def shown():
        return json.loads(trailbell("alerts", "show", "last", "--format", "json")[1])

    assert trailbell("alerts", "ack", "last", "--by", "carol")[0] == 0
    assert _comes_about(lambda: shown()["condition"] == "acknowledged", PROMPT_S)
    assert trailbell("silences", "add", "rule=number-moved", "--for", "1h", "--comment", "x", "--by", "carol")[0] == 0
    assert _comes_about(lambda: "waits for the engine" not in trailbell("silences", "list")[1], PROMPT_S)
    assert trailbell("alerts", "resolve", "last", "--by", "carol")[0] == 0
    assert _comes_about(lambda: shown()["condition"] == "resolved", PROMPT_S)
