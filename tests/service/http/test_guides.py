"""The guides of the server are true: their configurations load, and every line of curl does what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from trailbell.configuration.config import load_config

GUIDES = Path(__file__).parents[3] / "docs" / "guides"
ENVIRONMENT = {
    "AUDIT_SECRET": "s1",
    "ACCOUNT_SECRET": "s2",
    "TRAILBELL_TOKEN": "t0",
    "APP_TOKEN": "t1",
    "TRAIL_PASSWORD": "p:1",
    "HOOK_SECRET": "whsec_" + "QUFB" * 10,
}


def blocks(guide, language):
    """The code blocks of a language."""
    text = (GUIDES / guide).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def settings(text, tmp_path):
    """What is below ``http:`` in a configuration."""
    file = tmp_path / "trailbell.yaml"
    file.write_text(text, encoding="utf-8")
    return load_config(file, ENVIRONMENT).http


@pytest.mark.skipif(shutil.which("curl") is None and not os.environ.get("CI"), reason="curl is not installed")
@pytest.mark.parametrize(("guide", "lines"), [("audit-api.md", 7), ("push-events.md", 7)])
def test_curl(guide, lines, running, event, tmp_path):
    """Each line is answered with 200 or 202."""
    http = settings(blocks(guide, "yaml")[0], tmp_path)
    server, database, _ = running(audit=http.audit, senders=http.senders)
    with database.transaction():
        database.execute("INSERT OR IGNORE INTO source (name) VALUES ('vonage')")
        database.execute(
            "INSERT INTO input (source, kind, id, event_type, time_us, data) VALUES ('vonage', 0, ?, ?, ?, ?)",
            (event(1).id, "USER_LOGIN", event(1).time_us, b'{"user_email":"ada@example.com"}'),
        )
    (tmp_path / "events.ndjson").write_text('{"id": "n1"}\n{"id": "n2"}\n', encoding="utf-8")
    commands = "".join(blocks(guide, "sh")).replace("http://127.0.0.1:8700", server.url).splitlines()
    assert len(commands) == lines
    for command in commands:
        asked = command.replace("curl ", "curl -sS -o /dev/null -w '%{http_code}' ")
        done = subprocess.run(
            ["/bin/sh", "-c", asked],
            capture_output=True,
            text=True,
            timeout=30,
            cwd=tmp_path,
            env={**os.environ, **ENVIRONMENT},
            check=False,
        )
        assert (done.returncode, done.stdout) in ((0, "200"), (0, "202")), (command, done)


def test_configurations_load(tmp_path):
    """Every configuration in the guides is one."""
    found = [text for guide in ("audit-api.md", "push-events.md") for text in blocks(guide, "yaml")]
    texts = [text for text in found if text.startswith("# trailbell.yaml")]
    assert len(texts) == 3
    for text in texts:
        assert settings(text, tmp_path) is not None
