"""A receiver that others wrote: Debian's `webhook`, which checks the signature itself and hands the document on."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time

import pytest

from trailbell_notifiers.channel import Attempt, build_channel
from trailbell_notifiers.receipt import Delivered, Retry
from trailbell_notifiers.secret import Secret

ID = "dlv_0123456789abcdef0123456789abcdef"
NOW_S = 1_800_000_000.0
KEEP = "#!/bin/sh\nprintf '%s' \"$1\" > taken.json\nprintf '%s' \"$2\" > id\n"


@pytest.fixture
def program(tmp_path):
    """The program, listening; its hook's URL."""
    found = shutil.which("webhook")
    if found is None:
        assert not os.environ.get("CI"), "apt-get install webhook"
        pytest.skip("webhook is not installed: apt-get install webhook")
    keep = tmp_path / "keep"
    keep.write_text(KEEP)
    keep.chmod(0o755)
    signature = {"source": "header", "name": "X-Hub-Signature-256"}
    hook = {
        "id": "alerts",
        "execute-command": str(keep),
        "command-working-directory": str(tmp_path),
        "include-command-output-in-response": True,
        "pass-arguments-to-command": [{"source": "entire-payload"}, {"source": "header", "name": "X-Github-Delivery"}],
        "trigger-rule": {"match": {"type": "payload-hmac-sha256", "secret": "a shared secret", "parameter": signature}},
    }
    (tmp_path / "hooks.json").write_text(json.dumps([hook]))
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    command = [found, "-hooks", "hooks.json", "-ip", "127.0.0.1", "-port", str(port)]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
        try:
            _listening(port)
            yield f"http://127.0.0.1:{port}/hooks/alerts"
        finally:
            process.terminate()
            process.wait(10)


def _listening(port):
    until_s = time.monotonic() + 20
    while time.monotonic() < until_s:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("webhook does not listen")


def _channel(url, secret):
    settings = {"url": url, "signing": "github", "secret": Secret(secret), "allow_cidrs": ["127.0.0.0/8"]}
    return build_channel({"name": "hook", "webhook": settings})


def test_it_takes_what_is_ours(program, message, tmp_path):
    """A good signature: the document has arrived, whole, with the id by which a repeat is known."""
    channel = _channel(program, "a shared secret")
    body = channel.render(message, ID)
    assert channel.send(body, Attempt(ID), NOW_S) == Delivered()
    assert json.loads((tmp_path / "taken.json").read_text()) == json.loads(body)
    assert (tmp_path / "id").read_text() == ID


def test_it_refuses_what_is_not(program, message, tmp_path):
    """Another secret: nothing is run. It says so with a 500, so the message waits until somebody has mended that."""
    channel = _channel(program, "another secret")
    assert channel.send(channel.render(message, ID), Attempt(ID), NOW_S) == Retry("the endpoint answered 500")
    assert not (tmp_path / "taken.json").exists()
