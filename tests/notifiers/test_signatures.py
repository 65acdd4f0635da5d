"""Our signatures under other people's verifiers: the ``standardwebhooks`` of PyPI and of npm."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
from datetime import UTC, datetime

import pytest

from trailbell.testing.webhook import FakeWebhook
from trailbell_notifiers.channel import Attempt, build_channel
from trailbell_notifiers.receipt import Delivered
from trailbell_notifiers.secret import Secret

ID = "dlv_0123456789abcdef0123456789abcdef"
NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()
OLD = "whsec_" + base64.b64encode(b"o" * 24).decode()
OTHER = "whsec_" + base64.b64encode(b"x" * 32).decode()
NODE = """
const { Webhook } = require("standardwebhooks");
const [secret, body, headers] = JSON.parse(require("fs").readFileSync(0, "utf-8"));
new Webhook(secret).verify(body, headers);
"""


@pytest.fixture(params=["native", "alertmanager", "cloudevents", "cloudevents-binary"])
def signed(request, message):
    """A request signed with the new and the old key, as it came in."""
    with FakeWebhook(secret=None) as hook:
        settings = {"url": hook.url, "secret": Secret(NEW), "previous_secret": Secret(OLD), "format": request.param}
        channel = build_channel({"name": "x", "webhook": {**settings, "allow_cidrs": ["127.0.0.0/8"]}})
        assert channel.send(channel.render(message, ID), Attempt(ID), time.time()) == Delivered()
        return hook.requests[0]


@pytest.mark.parametrize("secret", [NEW, OLD])
def test_the_library_of_pypi_accepts_both_keys_of_a_rotation(signed, secret):
    """The body as it was on the wire, the headers as they came."""
    from standardwebhooks import Webhook

    assert Webhook(secret).verify(signed.body, dict(signed.headers)) == json.loads(signed.body)


def test_the_library_of_pypi_refuses_what_is_not_ours(signed):
    """Another key, another body, an old timestamp."""
    from standardwebhooks import Webhook, WebhookVerificationError

    old = {**signed.headers, "webhook-timestamp": str(int(datetime.now(UTC).timestamp()) - 301)}
    for secret, body, headers in (
        (OTHER, signed.body, signed.headers),
        (NEW, signed.body + b" ", signed.headers),
        (NEW, signed.body, old),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body, dict(headers))


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory):
    """A folder in which node finds ``standardwebhooks``, from npm's cache; without it the tests are skipped."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("node")
    mode = [] if os.environ.get("CI") == "true" else ["--offline"]
    command = ["npm", "install", *mode, "--no-audit", "--no-fund", "standardwebhooks@1"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        pytest.skip(f"npm has no standardwebhooks in its cache: {done.stderr.splitlines()[:1]}")
    return folder


@pytest.mark.parametrize(("secret", "good"), [(NEW, True), (OLD, True), (OTHER, False)])
def test_the_library_of_npm_agrees(signed, node_folder, secret, good):
    """An independent implementation accepts both keys, and no other."""
    given = json.dumps([secret, signed.body.decode(), dict(signed.headers)])
    done = subprocess.run(
        ["node", "-e", NODE], input=given, cwd=node_folder, capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode == 0) == good, done.stderr[:500]
