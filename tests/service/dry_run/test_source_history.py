"""A configured source's past as the history of a dry-run: how it ends, and what the report says of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from trailbell.clock import now_us
from trailbell.testing.vendor_logs import TOKEN, FakeOkta, json_answer
from trailbell_engine.timestamps import DAY_US, HOUR_US, format_time

RULE = (
    'id: sign-in\ntitle: "{{ actor.alternateId }} signed in"\nseverity: low\nmatch: {event_type: user.session.start}\n'
)


class SlowOkta(FakeOkta):
    """Answers some requests, and then no more until it is told to."""

    answers = 10**9

    def __init__(self):
        super().__init__()
        self.silent, self.told = threading.Event(), threading.Event()

    def page(self, path, query):
        """The page, late."""
        if len(self.seen) > self.answers:
            self.silent.set()
            self.told.wait(60)
        return super().page(path, query)


@pytest.fixture
def okta(tmp_path, monkeypatch):
    """An Okta with a sign-in on each of the last ten days, configured as `acme`."""
    with SlowOkta() as fake:
        for days in range(10):
            published = format_time(now_us() - days * DAY_US - HOUR_US)
            who = {"alternateId": f"u{days}@acme.example"}
            fake.add({"uuid": f"e{days}", "eventType": "user.session.start", "published": published, "actor": who})
        (tmp_path / "rule.yaml").write_text(RULE)
        own = {"url": fake.base_url, "token": "${OKTA_TOKEN}"}
        (tmp_path / "trailbell.yaml").write_text(f"rules: rule.yaml\nsources: {{acme: {{okta: {json.dumps(own)}}}}}\n")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("OKTA_TOKEN", TOKEN)
        yield fake


def test_what_the_vendor_has_deleted_is_said(okta, trailbell):
    """Nobody takes the time before for peace. It is no error: nothing more is to be had."""
    command = ("dry-run", "--source", "acme", "--since", "400d")
    code, out, err = trailbell(*command, "--format", "json")
    assert (code, err) == (0, "")
    events = json.loads(out)["events"]
    (unread,) = events["unread"]
    assert events["read"] == 10
    assert (unread["source"], unread["why"]) == ("acme", "the vendor keeps events for 90 days")
    assert format_time(now_us() - 90 * DAY_US)[:10] <= unread["until"][:10]
    code, out, _ = trailbell(*command)
    assert code == 0
    assert "acme was not read from" in " ".join(out.split())


def test_interrupted_it_reports_the_days_that_were_read(okta, tmp_path):
    """^C while the vendor is slow: what came before is in the report, which says that it is a part."""
    okta.answers = 30  # of about forty
    command = [sys.executable, "-m", "trailbell", "dry-run", "--source", "acme", "--since", "10d", "--format", "json"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with closing(process.stdout), closing(process.stderr):
        try:
            assert okta.silent.wait(60)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        finally:
            okta.told.set()
            process.kill()
    document = json.loads(out)
    assert (process.returncode, document["interrupted"]) == (130, True)
    assert 5 <= document["events"]["read"] < 10
    assert b"Traceback" not in err


def test_a_refusal_in_the_middle_is_told_with_the_report(okta, trailbell, monkeypatch):
    """Exit 4; the report is about the days before."""
    page = okta.page

    def refuse(path, query):
        return json_answer({"message": "token revoked"}, 401) if len(okta.seen) > 20 else page(path, query)

    monkeypatch.setattr(okta, "page", refuse)
    code, out, err = trailbell("dry-run", "--source", "okta", "--since", "10d", "--format", "json")
    assert code == 4
    assert "token revoked" in err
    assert TOKEN not in out + err
    assert 0 < json.loads(out)["events"]["read"] < 10
