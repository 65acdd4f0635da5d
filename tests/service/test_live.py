"""The main job over real sockets: the Audit API is polled, and people are told in Slack, by e-mail and by webhook."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from trailbell.testing import slack as fake_slack
from trailbell.testing import vonage_api, webhook
from trailbell.testing.loopback import Answer
from trailbell.testing.smtp import FakeSmtp
from trailbell_engine.timestamps import HOUR_US, MINUTE_US

TRAILBELL = str(Path(sys.executable).parent / "trailbell")
PATIENCE_S = 30

RULES = """
id: voice-type-changed
title: "Voice route of {{ context.msisdn }} changed from {{ change.old }} to {{ change.new }}"
severity: high
match: {event_type: NUMBER_UPDATED, context.voice-type: {exists: true}}
when: {changed: {of: context.voice-type, by: context.msisdn}}
alert:
  summary: "{{ user_email }} moved {{ context.msisdn }} to {{ context['voice-value'] }}"
  fields: [user_email, source_ip]
---
id: off-hours-login
title: "{{ user_email }} signed in outside office hours"
severity: medium
match:
  event_type: USER_LOGIN
  time: {outside: {timezone: Europe/London, days: mon-fri, hours: ["08:00-19:00"]}}
"""
CONFIG = """
rules: [rules/]
state: state/
sources:
  vonage: {{since: 10d, lateness: 0s, url: "{audit_url}"}}
receivers:
  security-slack:
    slack: {{token: "${{SLACK_BOT_TOKEN}}", channel: "#alerts", api_url: "{slack_url}"}}
  oncall-mail:
    email:
      to: [oncall@example.com, lead@example.com]
      from: Trailbell <alerts@example.com>
      host: 127.0.0.1
      port: {mail_port}
      ca_file: {ca_file}
  siem:
    webhook: {{url: "{hook_url}", secret: "${{SIEM_SECRET}}", allow_cidrs: [127.0.0.0/8]}}
route:
  receiver: siem
  routes:
    - {{matchers: ['severity=~"medium|high"'], receiver: security-slack, continue: true}}
    - {{matchers: ['rule=~".*"'], receiver: oncall-mail, continue: true}}
    - {{receiver: siem}}
"""
ROUTE_CHANGED = "Voice route of 447700900000 changed from sip to app"
SIGNED_IN = "ada@example.com signed in outside office hours"


def _last_sunday() -> datetime:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=today.isoweekday())


def _history(record):
    """Work on Friday; on Sunday night somebody signs in and moves a number."""
    friday, sunday = _last_sunday() - timedelta(days=2), _last_sunday()
    number = {"msisdn": "447700900000", "voice-type": "sip", "voice-value": "sip:desk@example.com"}
    moved = number | {"voice-type": "app", "voice-value": "3f0e1d6c"}
    story = [
        ("USER_LOGIN", friday.replace(hour=12), {}),
        ("NUMBER_UPDATED", friday.replace(hour=12, minute=5), {"context": number}),
        ("USER_LOGIN", sunday.replace(hour=3, minute=11), {}),
        ("NUMBER_UPDATED", sunday.replace(hour=3, minute=14), {"context": moved}),
    ]
    return [
        record(position, event_type, **more) | {"created_at": f"{at:%Y-%m-%dT%H:%M:%S}"}
        for position, (event_type, at, more) in enumerate(story)
    ]


@pytest.fixture
def world(tmp_path, monkeypatch, record, tls, ca_file):
    """An account with that history, three receivers, and a working folder that knows them all."""
    monkeypatch.chdir(tmp_path)
    secrets = {
        "VONAGE_API_KEY": vonage_api.KEY,
        "VONAGE_API_SECRET": vonage_api.SECRET,
        "SLACK_BOT_TOKEN": fake_slack.TOKEN,
        "SIEM_SECRET": webhook.SECRET,
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    with (
        vonage_api.FakeAuditApi(_history(record)) as api,
        fake_slack.FakeSlack() as slack,
        FakeSmtp(context=tls) as mail,
        webhook.FakeWebhook() as hook,
    ):
        text = CONFIG.format(
            audit_url=api.base_url, slack_url=slack.api_url, mail_port=mail.port, hook_url=hook.url, ca_file=ca_file
        )
        (tmp_path / "trailbell.yaml").write_text(text)
        (tmp_path / "rules").mkdir()
        (tmp_path / "rules" / "rules.yaml").write_text(RULES)
        yield SimpleNamespace(api=api, slack=slack, mail=mail, hook=hook, folder=tmp_path)


@pytest.fixture
def clock(monkeypatch, world):
    """The clock of deliveries: it stands still until it is set forward, so no retry is due before a test says so.

    With a clock that goes on, a machine on which the other receivers take two seconds sends again within the same run.
    """
    set_forward, begun_us = SimpleNamespace(us=0), time.time_ns() // 1_000

    def now_us():
        return begun_us + set_forward.us

    monkeypatch.setattr("trailbell.live.now_us", now_us)
    monkeypatch.setattr("trailbell.live.ONCE_PATIENCE_US", 0)
    world.hook.now_s = lambda: now_us() / 1e6
    return set_forward


def _telling(world):
    """Who has been told what: titles per receiver, in the order of arrival."""
    return {
        "slack": [message.text for message in world.slack.messages],
        "mail": sorted((mail.recipients[0], mail.message["subject"]) for mail in world.mail.messages),
        "hook": [received.document["data"]["title"] for received in world.hook.deliveries],
    }


def _expect_the_story(world):
    told = _telling(world)
    assert [title in text for title, text in zip((SIGNED_IN, ROUTE_CHANGED), told["slack"], strict=True)] == [True] * 2
    assert [recipient for recipient, _ in told["mail"]] == ["lead@example.com"] * 2 + ["oncall@example.com"] * 2
    assert all(SIGNED_IN in subject or ROUTE_CHANGED in subject for _, subject in told["mail"])
    assert told["hook"] == [SIGNED_IN, ROUTE_CHANGED]


def test_a_changed_route_and_a_login_at_night_reach_everybody(world, trailbell):
    """One run over the API's history; contents as the receivers' sockets got them."""
    code, out, err = trailbell("run", "--once")
    assert code == 0, err
    for line, title in zip(out.splitlines(), (SIGNED_IN, ROUTE_CHANGED), strict=True):
        assert f"  {title}  " in line
        assert line.endswith("→ security-slack, oncall-mail, siem")
    _expect_the_story(world)


def test_slack_shows_who_did_what(world, trailbell):
    """In the channel that was configured, with severity, the summary, the fields, and the id to explain it by."""
    assert trailbell("run", "--once")[0] == 0
    message = world.slack.messages[1]
    assert message.channel == "C0123456789"
    shown = json.dumps(message.blocks)
    for words in ("High", ROUTE_CHANGED, "ada@example.com moved 447700900000 to 3f0e1d6c", "203.0.113.9"):
        assert words in shown
    assert message.payload["metadata"]["event_payload"]["delivery_id"].startswith("dlv_")


def test_the_mail_is_readable_in_text_and_html(world, trailbell):
    """Over STARTTLS that was verified, one for each person."""
    assert trailbell("run", "--once")[0] == 0
    mail = next(mail for mail in world.mail.messages if ROUTE_CHANGED in mail.message["subject"])
    assert mail.sender == "alerts@example.com"
    assert "lead@example.com" in mail.message["to"]
    for kind in ("plain", "html"):
        body = mail.message.get_body((kind,)).get_content()
        assert "ada@example.com moved 447700900000 to 3f0e1d6c" in body


def test_the_webhook_holds_the_alert_signed(world, trailbell):
    """The native document; the fake has verified its signature, or it would not be there."""
    assert trailbell("run", "--once")[0] == 0
    received = world.hook.deliveries[1]
    assert received.id.startswith("dlv_")
    assert received.document["type"] == "alert.opened"
    data = received.document["data"]
    assert data["key"] == {"context.msisdn": "447700900000"}
    assert data["severity"] == "high"
    assert data["facts"]["change"]["old"] == "sip"
    assert data["events"][0]["data"] == _history_event(world, 3)
    assert data["event_ids"] == [data["events"][0]["id"]]


def _history_event(world, position):
    return list(world.api.ledger)[position]


def test_a_second_run_repeats_nothing(world, trailbell):
    """What was seen is known, what was told is not told again; what is new is."""
    assert trailbell("run", "--once")[0] == 0
    before = _telling(world)
    code, out, _ = trailbell("run", "--once")
    assert (code, out) == (0, "")
    assert _telling(world) == before


def test_what_comes_late_is_found_by_the_next_run(world, trailbell, record):
    """An event that becomes visible between two runs, within the overlap, is told once."""
    assert trailbell("run", "--once")[0] == 0
    at = datetime.now(UTC) - timedelta(seconds=90)
    moved = {"msisdn": "447700900000", "voice-type": "tel", "voice-value": "4477"}
    world.api.add(record(9, context=moved) | {"created_at": f"{at:%Y-%m-%dT%H:%M:%S}"})
    for told in (1, 0):
        code, out, err = trailbell("run", "--once", "--format", "json")
        assert code == 0, err
        assert [json.loads(line)["told"] for line in out.splitlines()] == [
            ["security-slack", "oncall-mail", "siem"]
        ] * told
    assert _telling(world)["hook"][2:] == ["Voice route of 447700900000 changed from app to tel"]


def test_the_installed_command_does_the_same(world):
    """As cron runs it."""
    done = subprocess.run([TRAILBELL, "run", "--once"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert ROUTE_CHANGED in done.stdout
    _expect_the_story(world)


@pytest.mark.parametrize(
    ("answer", "accept"), [(Answer(503), False), (Answer(cut=True), False), (Answer(cut=True), True)]
)
def test_a_receiver_that_was_down_gets_it_later_byte_for_byte(world, clock, trailbell, answer, accept):
    """Same delivery id, same bytes, in order; the others are not told twice."""
    world.hook.script(answer, accept=accept)
    code, _, err = trailbell("run", "--once")
    assert code == 5
    assert "siem has not got 2" in err or "siem has not got 1" in err
    assert len(world.hook.requests) == 1
    others = {name: told for name, told in _telling(world).items() if name != "hook"}
    clock.us += HOUR_US
    assert trailbell("run", "--once")[0] == 0
    first, again, second = world.hook.requests
    assert again.body == first.body
    assert again.headers["webhook-id"] == first.headers["webhook-id"] != second.headers["webhook-id"]
    assert [received.repeat for received in world.hook.deliveries] == [False] + [True] * accept + [False]
    assert {name: told for name, told in _telling(world).items() if name != "hook"} == others


def test_retry_after_is_honoured(world, trailbell):
    """Who asks for a second gets a second, within the same run."""
    world.slack.script(fake_slack.Fault(status=429, retry_after="1"))
    world.hook.script(Answer(429, headers={"Retry-After": "1"}))
    begun = time.monotonic()
    code, _, err = trailbell("run", "--once")
    assert code == 0, err
    assert time.monotonic() - begun >= 1.0
    _expect_the_story(world)


def test_cron_keeps_a_pause_that_was_asked_for(world, clock, trailbell):
    """`run --once` asks the receiver again when its hour is over, and says meanwhile what waits."""
    world.hook.script(Answer(429, headers={"Retry-After": "3600"}))
    assert trailbell("run", "--once")[0] == 5
    asked = len(world.hook.requests)
    clock.us += 5 * MINUTE_US
    code, _, err = trailbell("run", "--once")
    assert (code, len(world.hook.requests)) == (5, asked)
    assert "siem has not got" in err
    clock.us += 2 * HOUR_US
    assert trailbell("run", "--once")[0] == 0
    assert _telling(world)["hook"] == [SIGNED_IN, ROUTE_CHANGED]


def test_an_answer_of_slack_that_was_lost_makes_no_second_message(world, clock, trailbell):
    """Slack took it and the answer was lost: the next attempt looks into the channel before it posts."""
    world.slack.script(fake_slack.Fault(cut=True, accept=True))
    assert trailbell("run", "--once")[0] == 5
    clock.us += HOUR_US
    assert trailbell("run", "--once")[0] == 0
    _expect_the_story(world)


@pytest.mark.parametrize(
    ("status", "words"), [(401, "siem: the endpoint answered 401"), (422, "siem: the endpoint answered 422")]
)
def test_what_cannot_be_delivered_is_said_and_exits_with_5(world, trailbell, status, words):
    """Wrong credentials are probed later, a refused message is dead: neither passes for success."""
    world.hook.script(Answer(status), Answer(status))
    code, _, err = trailbell("run", "--once")
    assert code == 5
    assert words in err
    assert "siem has not got" in err


def test_of_several_recipients_the_one_that_is_refused_is_named(world, trailbell):
    """The others have their mail; somebody has to know which address to mend."""
    world.mail.refusals = {"lead@example.com": "550 no such user"}
    code, _, err = trailbell("run", "--once")
    assert code == 5
    assert "WARNING oncall-mail lead@example.com: the mail server answered 550 to rcpt: no such user (attempt 1" in err
    assert {mail.recipients for mail in world.mail.messages} == {("oncall@example.com",)}


def test_what_waits_for_a_receiver_that_is_gone_is_said(world, clock, trailbell):
    """A receiver that was taken out of the configuration keeps its deliveries: every run says so, and none fails."""
    world.hook.script(Answer(503))
    assert trailbell("run", "--once")[0] == 5
    file = world.folder / "trailbell.yaml"
    text = file.read_text()
    head, _, rest = text.partition("  siem:\n")
    file.write_text(head + rest.partition("\n")[2].replace("receiver: siem", "receiver: oncall-mail"))
    for _ in range(2):
        clock.us += HOUR_US
        code, _, err = trailbell("run", "--once")
        assert code == 0
        assert re.search(r"messages? waits? for siem, which is not among the receivers any more: put it back", err)
    file.write_text(text)
    code, _, err = trailbell("run", "--once")
    assert code == 0
    assert "told siem" in err


@pytest.fixture
def running(world):
    """A function: `trailbell run` in a process, once it has told everybody; ended at the end if it still runs."""
    processes = []

    def start(*arguments):
        arrived = threading.Event()
        world.hook.arrived = lambda _: len(world.hook.deliveries) == 2 and arrived.set()
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(
            [TRAILBELL, "run", *arguments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert arrived.wait(PATIENCE_S), process.communicate(timeout=1)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("number", "code", "words"), [(signal.SIGTERM, 0, "stopped by SIGTERM"), (signal.SIGINT, 130, "interrupted")]
)
def test_signals_end_it_in_good_order(world, running, trailbell, number, code, words):
    """The exit code says which; what was told is recorded, so the next run repeats nothing."""
    process = running()
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code, err
    assert words in err
    assert "Traceback" not in err
    assert trailbell("run", "--once")[0] == 0
    assert _telling(world)["hook"] == [SIGNED_IN, ROUTE_CHANGED]


def test_a_second_engine_is_refused_while_one_runs(world, running, trailbell):
    """Its store is locked; looking into it is not."""
    running()
    code, _, err = trailbell("run", "--once")
    assert code == 3
    assert "another trailbell is running" in err
    assert trailbell("explain", "last")[0] == 0


def test_a_live_dry_run_prints_and_does_nothing_else(world, trailbell):
    """No store, no messages: only what would have been told."""
    code, out, _ = trailbell("run", "--once", "--dry-run")
    assert code == 0
    assert [SIGNED_IN in out, ROUTE_CHANGED in out] == [True, True]
    assert _telling(world) == {"slack": [], "mail": [], "hook": []}
    assert not (world.folder / "state").exists()


def test_no_secret_is_in_the_store_or_the_log(world, trailbell):
    """Tokens and keys are where they are used, and nowhere else."""
    world.hook.script(Answer(401))
    world.slack.script(fake_slack.Fault(code="invalid_auth"))
    _, out, err = trailbell("run", "--once")
    written = b"".join(file.read_bytes() for file in (world.folder / "state").iterdir())
    for secret in (vonage_api.SECRET, fake_slack.TOKEN, webhook.SECRET, "secret-path"):
        assert secret not in out + err
        assert secret.encode() not in written


def _said(process, words):
    """The first line on stderr with these words; waits for it."""
    for line in process.stderr:
        if words in line:
            return line
    raise AssertionError(f"nothing was said of {words!r}")


@pytest.mark.parametrize("hangs_up", [True, False], ids=["SIGHUP", "watching"])
def test_rules_are_read_again_while_it_runs(world, running, monkeypatch, hangs_up):
    """At SIGHUP, and by itself when a file changes; a mistake is said, and takes nothing away."""
    monkeypatch.setenv("TRAILBELL_WATCH_RULES", str(not hangs_up).lower())
    process = running()
    for text, words in (
        ("id: [", "the rules have changed and cannot be taken; those that ran go on: rules/new.yaml:1: "),
        (
            RULES.replace("voice-type-changed", "new-a").replace("off-hours-login", "new-b"),
            "reloaded: 2 new (new-a, new-b), 5 unchanged",
        ),
    ):
        (world.folder / "rules" / "new.yaml").write_text(text)
        if hangs_up:
            process.send_signal(signal.SIGHUP)
        assert words in _said(process, words[:20])
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, "Traceback" in err) == (0, False), err


SECOND = """\
  other:
    vonage: {{since: 10d, lateness: 0s, url: "{url}", api_key: "${{OTHER_KEY}}", api_secret: "${{OTHER_SECRET}}"}}
receivers:
"""


def test_two_accounts_are_two_sources(world, trailbell, record, monkeypatch):
    """Each under a name of its own, with its own place and its own events; one that refuses us ends the run."""
    file = world.folder / "trailbell.yaml"
    login = record(50, "USER_LOGIN") | {"created_at": f"{_last_sunday():%Y-%m-%dT%H:%M:%S}"}
    monkeypatch.setenv("OTHER_KEY", vonage_api.KEY)
    monkeypatch.setenv("OTHER_SECRET", vonage_api.SECRET)
    with vonage_api.FakeAuditApi([login]) as other:
        file.write_text(file.read_text().replace("receivers:\n", SECOND.format(url=other.base_url)))
        code, out, err = trailbell("run", "--once", "--format", "json")
        assert code == 0, err
        assert "5 rules, sources vonage, other, store" in err
        assert len(out.splitlines()) == 3
        monkeypatch.setenv("OTHER_SECRET", "wrong")
        assert trailbell("run", "--once")[0] == 4
