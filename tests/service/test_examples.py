"""The examples do what their README says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

TOLD = {
    "quickstart": """
        2026-11-03T14:12:33Z medium cem@example.com created an API secret
        2026-11-03T16:48:57Z critical Voice route of 447700900001 changed from sip to tel
        2026-11-03T16:52:12Z critical ben@example.com cancelled 5 numbers within 5m
    """,
    "off-hours-logins": """
        2026-10-22T18:30:00Z low ben@example.com signed in outside office hours
        2026-10-24T10:15:00Z low cem@example.com signed in outside office hours
        2026-10-26T07:30:00Z low ana@example.com signed in outside office hours
        2026-10-27T02:11:00Z high ben@example.com signed in outside office hours
        2026-12-25T11:00:00Z low cem@example.com signed in outside office hours
    """,
    "voice-type-change": """
        2026-11-05T14:00:00Z high Voice route of 447700900002 changed from sip to app
        2026-11-07T03:44:09Z critical Voice route of 447700900001 changed from sip to tel
        2026-11-09T09:30:00Z high Voice route of 447700900001 changed from tel to sip
    """,
}


def run(command: list[str], folder: Path, **variables: str) -> str:
    """The command's output; its errors fail the test with all that it said."""
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder), **variables}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_example_is_tested_here() -> None:
    """A new example comes with its expected output."""
    named = {entry.parent.name for entry in EXAMPLES.glob("*/README.md")}
    assert named == {*TOLD, "webhook-receiver", "channel-plugin"}


@pytest.mark.parametrize("story", TOLD)
def test_a_story_tells_what_its_readme_says(story: str) -> None:
    """`run.sh` ends well, and its last lines are the alerts: time, severity and title."""
    output = run(["./run.sh"], EXAMPLES / story)
    expected = [line.split() for line in TOLD[story].strip().splitlines()]
    told = [line.split()[:-1] for line in output.splitlines()[-len(expected) :]]
    assert told == expected
    assert "no problems" in output
    assert ", 0 failed" in output


@pytest.mark.parametrize("story", TOLD)
def test_a_dry_run_agrees_with_the_story(story: str) -> None:
    """The JSON report of the same history holds exactly those alerts."""
    output = run(["trailbell", "dry-run", "rules", "--events", "events.ndjson", "--format", "json"], EXAMPLES / story)
    report = json.loads(output)
    told = [f"{alert['opened_at']} {alert['severity']} {alert['title']}" for alert in report["alerts"]]
    assert told == [line.strip() for line in TOLD[story].strip().splitlines()]
    assert report["events"]["malformed"] == report["events"]["untimed"] == report["events"]["duplicate"] == 0


@pytest.fixture
def receiver() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The example's receiver on a free port, and its address."""
    command = [sys.executable, "receiver.py", "0", "--once"]
    process = subprocess.Popen(
        command,
        cwd=EXAMPLES / "webhook-receiver",
        env={"WEBHOOK_SECRET": SECRET, "PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        yield process.stderr.readline().rpartition(" ")[2].strip(), process
        process.kill()


def test_the_receiver_takes_a_signed_alert(receiver: tuple[str, subprocess.Popen[str]], tmp_path: Path) -> None:
    """An alert of `trailbell run` passes the receiver's verification and is printed as one line of JSON."""
    url, process = receiver
    run(
        ["trailbell", "run", "--events", "events.ndjson"],
        EXAMPLES / "webhook-receiver",
        WEBHOOK_URL=url,
        WEBHOOK_SECRET=SECRET,
        TRAILBELL_STATE=str(tmp_path),
    )
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert json.loads(output)["data"]["title"] == "cem@example.com created an API secret"


def test_the_story_of_the_receiver_runs() -> None:
    """`run.sh` starts both ends and prints the alert that arrived; its store is gone afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    output = run(["./run.sh"], EXAMPLES / "webhook-receiver", PORT=str(port))
    (arrived,) = [line for line in output.splitlines() if line.startswith("{")]
    assert json.loads(arrived)["data"]["title"] == "cem@example.com created an API secret"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"webhook-id": "dlv_1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"},
        {"webhook-id": "dlv_1", "webhook-timestamp": "tomorrow", "webhook-signature": "v1,AAAA"},
        {"webhook-id": "dlv_1", "webhook-timestamp": "9" * 5000, "webhook-signature": "v1,AAAA"},
    ],
)
def test_the_receiver_refuses_what_is_not_signed(
    receiver: tuple[str, subprocess.Popen[str]], headers: dict[str, str]
) -> None:
    """No signature, an old one, an unreadable time: 401, and nothing is printed."""
    url, process = receiver
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, data=b"{}", headers=headers), timeout=10)
    refused.value.close()
    assert refused.value.code == 401
    process.kill()
    output, _ = process.communicate(timeout=30)
    assert output == ""


def test_the_receiver_refuses_a_changed_body(receiver: tuple[str, subprocess.Popen[str]]) -> None:
    """A good signature of another body is a bad one."""
    url, _ = receiver
    now = str(int(time.time()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, f"dlv_1.{now}.".encode() + b'{"a":1}', hashlib.sha256)).decode()
    headers = {"webhook-id": "dlv_1", "webhook-timestamp": now, "webhook-signature": f"v1,{signature}"}
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, data=b'{"a":2}', headers=headers), timeout=10)
    refused.value.close()
    assert refused.value.code == 401
    with urllib.request.urlopen(urllib.request.Request(url, data=b'{"a":1}', headers=headers), timeout=10) as taken:
        assert taken.status == 204
