"""A line of syslog becomes an alert at a receiver, by the configuration and `trailbell run`."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from trailbell.testing.webhook import SECRET, FakeWebhook

TRAILBELL = str(Path(sys.executable).parent / "trailbell")
PATIENCE_S = 30
RULE = """
id: root
title: "{{ syslog.host }}: {{ message }}"
severity: high
match:
  event_type: sshd
  syslog.facility: [auth, authpriv]
  message: {contains: "for root"}
when: {count: {at_least: 3, within: 5m, by: [syslog.host]}}
"""


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """A function: a configuration in the current folder that listens there and tells a webhook."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.yaml").write_text(RULE)

    def make(listen, url="http://127.0.0.1:1"):
        config = {
            "state": "state",
            "rules": ["rules.yaml"],
            "sources": {"syslog": {"listen": [listen], "lateness": "1s"}},
            "receivers": {"siem": {"webhook": {"url": url, "secret": SECRET, "allow_cidrs": ["127.0.0.0/8"]}}},
            "route": {"receiver": "siem"},
        }
        (tmp_path / "trailbell.yaml").write_text(json.dumps(config))

    return make


@contextlib.contextmanager
def running():
    """`trailbell run`, until the block ends; gives the port that it says it listens on."""
    process = subprocess.Popen([TRAILBELL, "run"], env=os.environ, stderr=subprocess.PIPE, text=True)
    said = []
    heard, told = threading.Event(), []

    def listen():
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"listens on tcp://127\.0\.0\.1:(\d+)", line):
                told.append(int(found[1]))
                heard.set()

    reader = threading.Thread(target=listen)
    reader.start()
    try:
        assert heard.wait(PATIENCE_S), said
        yield told[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
        reader.join(PATIENCE_S)
        process.stderr.close()
    assert process.returncode == 0
    assert "Traceback" not in "".join(said)


def test_a_line_becomes_an_alert(configured, trailbell):
    """Three equal lines are three events, what is no syslog is none; a dry-run over the store says the same."""
    arrived, bodies = threading.Event(), []

    def note(received):
        bodies.append(json.loads(received.request.body))
        arrived.set()

    with FakeWebhook(arrived=note) as hook:
        configured("tcp://127.0.0.1:0", hook.url)
        with running() as port, socket.create_connection(("127.0.0.1", port)) as sender:
            sender.sendall(b"<86>web1 is no timestamp\nno syslog\n")
            sender.sendall(b"<86>1 - web1 sshd 71 - - Failed password for root\n" * 3)
            assert arrived.wait(PATIENCE_S)
    assert [body["data"]["title"] for body in bodies] == ["web1: Failed password for root"]
    again = json.loads(trailbell("dry-run", "rules.yaml", "--since", "1d", "--format", "json")[1])
    (alert,) = again["alerts"]
    assert alert["count"] == 3
    assert again["events"]["read"] == 4
    stored = json.loads(trailbell("alerts", "list", "--format", "json")[1])
    assert [one["id"] for one in stored] == [alert["id"]]


def test_doctor_says_whether_it_can_listen(configured, trailbell):
    """An address that is taken is found before an alert is missed."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        configured(f"tcp://127.0.0.1:{port}")
        assert f"cannot listen on tcp://127.0.0.1:{port}" in trailbell("doctor")[1]
    assert f"tcp://127.0.0.1:{port} can be listened on" in trailbell("doctor")[1]


def test_its_settings_are_shown(configured, trailbell):
    """With where they come from."""
    configured("tcp://127.0.0.1:5514")
    _, out, _ = trailbell("config", "show")
    assert "tcp://127.0.0.1:5514" in out
