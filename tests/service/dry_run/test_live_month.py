"""P1 as people meet it: a month through `run`, then a dry-run of what it recorded. The same alerts, the same bytes."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

import trailbell as api_of_trailbell
from trailbell.clock import now_us
from trailbell.configuration.config import load_config
from trailbell.dryrun.preview import kinds
from trailbell.replay import Audience, Wanted, dry_run_store
from trailbell.store.database import open_database
from trailbell.store.outbox import StoreOutbox
from trailbell.testing import slack as fake_slack
from trailbell.testing import vonage_api, webhook
from trailbell.testing.synthetic import month
from trailbell.wiring import receivers
from trailbell_engine.timestamps import DAY_US, to_datetime

CONFIG = """
rules: [pack:vonage]
state: state/
sources:
  vonage: {{since: 40d, url: "{audit_url}"}}
receivers:
  security:
    slack: {{token: "${{SLACK_BOT_TOKEN}}", channel: "#alerts", api_url: "{slack_url}"}}
  siem:
    webhook: {{url: "{hook_url}", secret: "${{SIEM_SECRET}}", allow_cidrs: [127.0.0.0/8]}}
time_intervals:
  nights: {{times: "22:00-06:00"}}
silences:
  - matchers: ["rule=vonage-number-unlinked"]
    starts: {silenced}
    ends: 2100-01-01T00:00:00Z
    comment: numbers move this month
route:
  receiver: siem
  group_by: [rule]
  group_wait: 30s
  group_interval: 1h
  routes:
    - {{matchers: ['severity=critical'], receiver: security, continue: true}}
    - {{matchers: ['severity=low'], receiver: siem, mute_time_intervals: [nights]}}
    - {{receiver: siem}}
"""


@pytest.fixture
def month_lived(trailbell, tmp_path, monkeypatch):
    """A month of an account, polled by `run --once` and told to a fake Slack and a fake webhook; what `run` printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VONAGE_API_KEY", vonage_api.KEY)
    monkeypatch.setenv("VONAGE_API_SECRET", vonage_api.SECRET)
    monkeypatch.setenv("SLACK_BOT_TOKEN", fake_slack.TOKEN)
    monkeypatch.setenv("SIEM_SECRET", webhook.SECRET)
    first = to_datetime(now_us() - 31 * DAY_US)
    events = month(start=first.date(), days=30, scale=0.5).events
    with vonage_api.FakeAuditApi(events) as api, fake_slack.FakeSlack() as slack, webhook.FakeWebhook() as hook:
        text = CONFIG.format(
            audit_url=api.base_url,
            slack_url=slack.api_url,
            hook_url=hook.url,
            silenced=f"{to_datetime(now_us() - 20 * DAY_US):%Y-%m-%dT%H:%M:%SZ}",
        )
        (tmp_path / "trailbell.yaml").write_text(text, encoding="utf-8")
        code, out, err = trailbell("run", "--once", "--format", "json")
        assert code == 0, err[-2_000:]
        posts = [request for request in slack.requests if request.path.endswith("/chat.postMessage")]
        received = [json.loads(request.body) for request in posts], [request.body for request in hook.requests]
    return len(events), [json.loads(line) for line in out.splitlines()], received


def test_a_dry_run_of_the_store_is_the_month_that_was_lived(trailbell, month_lived):
    """Through the commands: alerts with ids, times, words and events. Through the store: every message's bytes."""
    number, lived, (posted, called) = month_lived
    code, out, err = trailbell("dry-run", "pack:vonage", "--since", "60d", "--format", "json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert document["events"]["read"] == number
    # `run` prints an alert when it opens; folding and ends come later.
    as_opened = [{name: alert[name] for name in STABLE} for alert in document["alerts"]]
    assert sorted(as_opened, key=_id) == sorted(({name: alert[name] for name in STABLE} for alert in lived), key=_id)
    assert len(lived) > 20
    config = load_config(Path("trailbell.yaml"), {"SLACK_BOT_TOKEN": fake_slack.TOKEN, "SIEM_SECRET": webhook.SECRET})
    sent = []
    told = Audience(
        receivers(config), kinds(config), configured=True, sent=lambda delivery, _new: sent.append(delivery)
    )
    with closing(open_database(config.state, write=False)) as database:
        report = dry_run_store(api_of_trailbell.load_rules("pack:vonage"), database, wanted=Wanted(told=told))
        outbox = StoreOutbox(database)
        recorded = {row.id: row.body for alert in lived for row, _ in outbox.of_alert(alert["id"])}
    assert {delivery.id: delivery.body for delivery in sent} == recorded
    assert document["messages"]["total"] == report.messages.total == len(sent) == len(recorded)
    assert sorted(delivery.body for delivery in sent if delivery.receiver == "siem") == sorted(called)
    # A message that opens a thread is posted as it is; one that follows edits that, too.
    opening = [
        json.loads(delivery.body) for delivery in sent if (delivery.receiver, delivery.number) == ("security", 0)
    ]
    # By their ids, as two messages may have the same text; of what is said in a thread only the first has one.
    by_id = {_delivery_id(post): post for post in posted if "metadata" in post}
    assert [{name: by_id[_delivery_id(body)][name] for name in body} for body in opening] == opening
    assert len(opening) > 2
    assert {held["what"] for held in document["messages"]["held"]} >= {"silenced"}


def _delivery_id(post):
    return post["metadata"]["event_payload"]["delivery_id"]


STABLE = ("id", "rule_id", "rule_version", "severity", "title", "summary", "key", "opened_at")


def _id(alert):
    return alert["id"]
