"""Alertmanager in both directions: its own program takes our alerts, and our document is the one it sends itself."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import closing
from dataclasses import replace

import pytest

from trailbell.dispatcher import Dispatcher
from trailbell.refresh import Refresh
from trailbell.store.database import open_database
from trailbell.store.outbox import StoreOutbox
from trailbell.testing.alertmanager import FakeAlertmanager
from trailbell.testing.messages import sample_group, sample_message
from trailbell.testing.webhook import FakeWebhook
from trailbell_notifiers.channel import Attempt, build_channel
from trailbell_notifiers.channels.alertmanager.labels import fingerprint
from trailbell_notifiers.delivery.outbox import Queue, deliveries
from trailbell_notifiers.receipt import Delivered, Rejected

ID = "dlv_0123456789abcdef0123456789abcdef"
CONFIG = """
route: {receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers:
  - name: hook
    webhook_configs: [{url: "URL", send_resolved: true}]
"""


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _until(asked, patience_s=20):
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        found = asked()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it never came")


def _get(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read() or b"ok"
    except OSError:
        return None


@pytest.fixture
def alertmanager(tmp_path):
    """A running Alertmanager that tells a webhook: its address and that webhook."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("prometheus-alertmanager is not installed")
        pytest.skip("prometheus-alertmanager is not installed")
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    with FakeWebhook(secret=None) as hook, (tmp_path / "log").open("wb") as log:
        (tmp_path / "am.yml").write_text(CONFIG.replace("URL", hook.url))
        process = subprocess.Popen(
            [
                program,
                f"--config.file={tmp_path / 'am.yml'}",
                f"--storage.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
            stdout=log,
            stderr=log,
        )
        try:
            _until(lambda: _get(f"{url}/-/ready"))
            yield url, hook
        finally:
            process.kill()
            process.wait()


def _sink(url, **settings):
    return build_channel({"name": "am", "alertmanager": {"url": url, "allow_cidrs": ["127.0.0.0/8"], **settings}})


def _send(channel, message):
    return channel.send(channel.render(message, ID), Attempt(ID, created_s=time.time()), time.time())


def test_the_real_alertmanager_takes_an_alert_and_its_end(alertmanager):
    """It stands with our labels, its fingerprint is the one we compute, and the resolved message ends it."""
    url, hook = alertmanager
    channel = _sink(url, labels={"team": "soc"}, external_url="https://trailbell.example.com")
    assert _send(channel, sample_message()) == Delivered()
    [alert] = json.loads(_get(f"{url}/api/v2/alerts"))
    assert alert["labels"] == {
        "alertname": "vonage-number-voice-type-changed",
        "context_msisdn": "447700900000",
        "owner": "telecom-platform",
        "severity": "high",
        "source": "vonage",
        "team": "soc",
    }
    assert alert["fingerprint"] == fingerprint(alert["labels"])
    assert alert["status"]["state"] in ("active", "unprocessed")
    assert alert["generatorURL"].endswith("/alerts/0123456789abcdef0123456789abcdef")
    _until(lambda: hook.deliveries)
    assert _send(channel, sample_message("resolved")) == Delivered()
    _until(lambda: any(delivery.document["status"] == "resolved" for delivery in hook.deliveries))
    assert json.loads(_get(f"{url}/api/v2/alerts")) == []


def test_a_repeat_changes_nothing(alertmanager):
    """The same labels are the same alert, however often they come."""
    url, _ = alertmanager
    channel = _sink(url)
    for _number in range(3):
        assert _send(channel, sample_group()) == Delivered()
    alerts = json.loads(_get(f"{url}/api/v2/alerts"))
    assert len({alert["fingerprint"] for alert in alerts}) == len(alerts)
    open_ = [member for member in sample_group().members if member.alert.state == "open"]
    assert len(alerts) == len(open_)


def test_what_stands_is_sent_again_until_it_is_over(tmp_path):
    """Refreshed on the sender's thread with the same labels, and no more once the resolved message has gone out."""
    now = [1_800_000_000_000_000]
    with FakeAlertmanager() as server, closing(open_database(tmp_path)) as database:
        outbox = StoreOutbox(database)
        channel = _sink(server.url, hold_s=3_600)
        dispatcher = Dispatcher(outbox, {"am": channel}, now_us=lambda: now[0], attempted=lambda _: None)

        def tell(message):
            with database.transaction():
                outbox.add(deliveries(message, channel, now[0]))
            dispatcher.wake()
            assert dispatcher.drain(0)

        try:
            tell(sample_message())
            _until(lambda: len(server.accepted) >= 2)  # the delivery, and the first refresh of an idle sender
            refresh = Refresh(channel, outbox, lambda: now[0])
            refresh.step(Queue("am", ""))
            assert server.accepted[-1] == server.accepted[0]
            count = len(server.accepted)
            refresh.step(Queue("am", ""))
            assert len(server.accepted) == count, "not before it is due"
            now[0] += 61_000_000
            tell(sample_message("resolved"))
            count = len(server.accepted)
            Refresh(channel, outbox, lambda: now[0]).step(Queue("am", ""))
            assert len(server.accepted) == count, "what is over is left alone"
        finally:
            dispatcher.stop()


def test_what_was_told_long_ago_is_not_sent_again(tmp_path):
    """After `hold_s` an alert stands no more."""
    now_us = 1_800_000_000_000_000
    with FakeAlertmanager() as server, closing(open_database(tmp_path)) as database:
        outbox = StoreOutbox(database)
        channel = _sink(server.url, hold_s=60)
        [row] = deliveries(sample_message(), channel, now_us)
        with database.transaction():
            outbox.add([replace(row, state="sent")])
        Refresh(channel, outbox, lambda: now_us + 59_000_000).step(Queue("am", ""))
        assert len(server.accepted) == 1
        Refresh(channel, outbox, lambda: now_us + 61_000_000).step(Queue("am", ""))
        assert len(server.accepted) == 1


def test_an_address_that_is_no_alertmanager(alertmanager):
    """Its own 404 is the operator's to mend."""
    url, _ = alertmanager
    receipt = _send(_sink(f"{url}/wrong"), sample_message())
    assert isinstance(receipt, Rejected)
    assert receipt.kind == "receiver"


def test_our_document_has_the_shape_of_its_own(alertmanager):
    """The same keys at every level as what the real program posts to a webhook, and the same kinds of values."""
    url, hook = alertmanager
    assert _send(_sink(url, external_url="https://x.example"), sample_message()) == Delivered()
    theirs = _until(lambda: hook.deliveries)[0].document
    ours_channel = build_channel(
        {
            "name": "hook",
            "webhook": {"url": "https://x.example/", "format": "alertmanager", "external_url": "https://x"},
        }
    )
    ours = json.loads(ours_channel.render(sample_message(), ID))
    assert set(theirs) <= set(ours)
    assert set(ours) - set(theirs) <= {"notification_reason"}  # of versions after 0.25
    assert set(theirs["alerts"][0]) == set(ours["alerts"][0])
    for name in theirs:
        assert type(theirs[name]) is type(ours[name]), name
    assert theirs["alerts"][0]["fingerprint"] == ours["alerts"][0]["fingerprint"]
    assert theirs["alerts"][0]["labels"] == ours["alerts"][0]["labels"]
    assert theirs["alerts"][0]["startsAt"] == ours["alerts"][0]["startsAt"]
    assert theirs["receiver"] == ours["receiver"] == "hook"


def test_a_group_in_its_format():
    """Group labels, common labels, what has ended and what has not, and how many are left out."""
    channel = build_channel({"name": "a.b", "webhook": {"url": "https://x.example/", "format": "alertmanager"}})
    document = json.loads(channel.render(sample_group(7), ID))
    assert document["groupLabels"] == {"rule": "vonage-number-voice-type-changed"}
    assert document["groupKey"] == '{}:{rule="vonage-number-voice-type-changed"}'
    assert document["truncatedAlerts"] == 3
    assert document["status"] == "firing"
    assert document["receiver"] == r"a\.b"
    assert document["commonLabels"]["alertname"] == "vonage-number-voice-type-changed"
    assert "severity" not in document["commonLabels"]
    states = {alert["status"]: alert["endsAt"] for alert in document["alerts"]}
    assert states == {"firing": "0001-01-01T00:00:00Z", "resolved": "2026-11-02T11:02:00Z"}
