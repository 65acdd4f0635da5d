"""An alert's life in Slack over real sockets: told, repeated, clicked, silenced, ended; and what the store says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from trailbell.testing import slack as fake_slack
from trailbell.testing import vonage_api
from trailbell.testing.slack import ADA, BOB, Fault
from trailbell_notifiers.channels.slack.actions import Wanted, sign

TRAILBELL = str(Path(sys.executable).parent / "trailbell")
RULES = """
id: number-moved
title: "{{ context.msisdn }} was moved"
severity: critical
match: {event_type: NUMBER_UPDATED}
when: {each: {by: [context.msisdn]}}
suppress: {for: 1h}
alert:
  summary: "{{ user_email }} moved {{ context.msisdn }}"
"""
CONFIG = """
rules: [rules/]
state: state/
sources:
  vonage: {{since: 1d, lateness: 0s, poll_every: 1s, url: "{audit_url}"}}
receivers:
  security:
    slack:
      token: "${{SLACK_BOT_TOKEN}}"
      app_token: "${{SLACK_APP_TOKEN}}"
      channel: C0123456789
      api_url: "{slack_url}"
      allow: {{silence: [S0SEC, carol@example.com]}}
route: {{receiver: security}}
"""


@pytest.fixture
def world(tmp_path, monkeypatch, record):
    """An account, a workspace, a configuration that knows both, and a function that lets a number be moved."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "VONAGE_API_KEY": vonage_api.KEY,
        "VONAGE_API_SECRET": vonage_api.SECRET,
        "SLACK_BOT_TOKEN": fake_slack.TOKEN,
        "SLACK_APP_TOKEN": fake_slack.APP_TOKEN,
    }.items():
        monkeypatch.setenv(name, value)
    with vonage_api.FakeAuditApi([]) as api, fake_slack.FakeSlack() as slack:
        (tmp_path / "trailbell.yaml").write_text(CONFIG.format(audit_url=api.base_url, slack_url=slack.api_url))
        (tmp_path / "rules").mkdir()
        (tmp_path / "rules" / "rules.yaml").write_text(RULES)
        made = iter(range(1, 100))

        def move(msisdn="447700900000"):
            at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}"
            api.add(record(next(made), context={"msisdn": msisdn}) | {"created_at": at})

        yield SimpleNamespace(api=api, slack=slack, folder=tmp_path, move=move)


@pytest.fixture
def running(world):
    """`trailbell run` in a process, listening to clicks."""
    with (world.folder / "log").open("w+") as log:
        process = subprocess.Popen([TRAILBELL, "run"], env=os.environ, stdout=log, stderr=log)
        try:
            connected = world.slack.socket.wait_connected(30)
            if connected:
                yield process
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(30)
            log.seek(0)
            said = log.read()
        if not connected:
            pytest.fail(said)
        assert code == 0, said
        assert "Traceback" not in said
        assert fake_slack.APP_TOKEN not in said


def _header(message):
    return message.blocks[0]["text"]["text"]


def _told(world):
    """The one alert's message, once it is there."""
    world.move()
    assert world.slack.wait(lambda: world.slack.parents)
    return world.slack.parents[0]


def _parent(world, condition):
    """The first message, once it is as it should be."""
    slack = world.slack
    assert slack.wait(lambda: condition(slack.parents[0])), json.dumps(slack.parents[0].blocks, ensure_ascii=False)
    return slack.parents[0]


def _thread(world, words):
    slack = world.slack
    found = lambda: any(words in reply.text for reply in slack.replies(slack.parents[0]))  # noqa: E731 - said once
    assert slack.wait(found), [reply.text for reply in slack.messages]


def _shown(trailbell):
    code, out, err = trailbell("alerts", "show", "last", "--format", "json")
    assert code == 0, err
    return json.loads(out)


def test_the_whole_life_of_an_alert(world, running, trailbell):
    """Told; a repeat is counted on the card and said in the thread; acknowledged by a click; over by another one."""
    card = _told(world)
    assert _header(card) == "🔴 Critical · 447700900000 was moved"
    assert list(card.controls()) == ["trailbell.acknowledge", "trailbell.silence", "trailbell.explain"]

    world.move()
    card = _parent(world, lambda message: "*Count*\n2" in json.dumps(message.blocks).replace("\\n", "\n"))
    _thread(world, "1 more firing")
    assert len(world.slack.parents) == 1

    answer = world.slack.click(card, "trailbell.acknowledge", who=BOB)
    assert answer is not None
    assert answer.after_s < 3
    card = _parent(world, lambda message: "Acknowledged" in _header(message))
    assert _header(card) == "👀 Acknowledged · Critical · 447700900000 was moved"
    assert "by bob (U0BOB)" in json.dumps(card.blocks)
    assert list(card.controls()) == [
        *("trailbell.resolve", "trailbell.release", "trailbell.silence", "trailbell.explain")
    ]
    _thread(world, "👀 Acknowledged by bob (U0BOB)")
    shown = _shown(trailbell)
    assert shown["condition"] == "acknowledged"
    assert [(deed["what"], deed["author"]) for deed in shown["handlings"]] == [("acknowledged", "bob (U0BOB)")]

    world.slack.click(card, "trailbell.resolve", who=BOB)
    card = _parent(world, lambda message: "Resolved" in _header(message))
    assert _header(card).startswith("✅ Resolved")
    assert _header(card).endswith("· Critical · 447700900000 was moved")
    assert list(card.controls()) == ["trailbell.explain"]
    _thread(world, "✅ Resolved by bob (U0BOB)")
    assert _shown(trailbell)["condition"] == "resolved"


def test_a_replayed_click_does_nothing_more(world, running, trailbell):
    """The same value again, by anybody: nothing happens twice."""
    card = _told(world)
    for _ in range(3):
        assert world.slack.click(card, "trailbell.acknowledge", who=BOB) is not None
    _parent(world, lambda message: "Acknowledged" in _header(message))
    world.slack.click(card, "trailbell.acknowledge", who=ADA)
    world.slack.click(card, "trailbell.explain")
    _thread(world, "Why it fired")
    assert [deed["author"] for deed in _shown(trailbell)["handlings"]] == ["bob (U0BOB)"]


def test_who_may_silence(world, running, trailbell):
    """A group's member may; somebody else is told alone that they may not, and nothing is done."""
    card = _told(world)
    world.slack.click(card, "trailbell.silence", who=BOB, option=1)
    assert world.slack.wait(lambda: world.slack.workspace.whispers)
    [(channel, user, words)] = world.slack.workspace.whispers
    assert (channel, user) == (card.channel, BOB.id)
    assert "may silence" in words
    world.slack.click(card, "trailbell.silence", who=ADA, option=1)
    card = _parent(world, lambda message: "Silenced" in _header(message))
    assert "by ada (U0ADA)" in json.dumps(card.blocks)
    code, out, err = trailbell("silences", "list", "--format", "json")
    assert code == 0, err
    [silence] = json.loads(out)
    assert silence["author"] == "ada (U0ADA)"
    assert silence["matchers"] == ['context.msisdn="447700900000"', 'rule="number-moved"']


def test_what_is_done_on_the_command_line_shows_too(world, running, trailbell):
    """An acknowledgement, and its being taken back, change the message."""
    _told(world)
    assert trailbell("alerts", "ack", "last", "--by", "carol", "--comment", "on it <!channel>")[0] == 0
    card = _parent(world, lambda message: "Acknowledged" in _header(message))
    assert "by carol: on it &lt;!channel&gt;" in json.dumps(card.blocks)
    assert trailbell("alerts", "ack", "last", "--undo", "--by", "carol")[0] == 0
    _parent(world, lambda message: _header(message).startswith("🔴 Critical"))
    _thread(world, "Nobody looks after it now")


def test_explain_posts_the_conditions(world, running):
    """The tree, with what was asked and what was read, in the thread."""
    card = _told(world)
    world.slack.click(card, "trailbell.explain", who=BOB)
    _thread(world, "Why it fired")
    [reply] = world.slack.replies(card)
    text = json.dumps(reply.blocks, ensure_ascii=False)
    assert "event_type" in text
    assert "NUMBER_UPDATED" in text
    assert "✔" in text


def test_a_deleted_message_comes_back(world, running, trailbell):
    """Somebody deletes the message; the next change posts it anew, once, and the thread goes on below it."""
    world.slack.delete(_told(world))
    assert trailbell("alerts", "ack", "last", "--by", "carol")[0] == 0
    card = _parent_again(world)
    assert _header(card).startswith("👀 Acknowledged")
    _thread(world, "Acknowledged by carol")
    assert len(world.slack.parents) == 1


def _parent_again(world):
    assert world.slack.wait(lambda: world.slack.parents)
    return world.slack.parents[0]


def test_a_forged_click_is_refused(world, running, trailbell):
    """A value signed with another key, for another verb, or past its time does nothing."""
    card = _told(world)
    alert = _shown(trailbell)["id"]
    genuine = card.controls()["trailbell.acknowledge"]["value"]
    key = (world.folder / "state" / "buttons.key").read_bytes()
    forged = [
        sign(Wanted("acknowledge", alert, 2**40), b"x" * 32),
        genuine.replace("acknowledge", "resolve"),
        sign(Wanted("acknowledge", alert, 1), key),
        "",
        "v1.acknowledge",
        "ünïcode" * 30,
    ]
    for value in forged:
        assert world.slack.click(card, "trailbell.acknowledge", value=value) is not None
    expected = len([value for value in forged if value])
    assert world.slack.wait(lambda: len(world.slack.workspace.whispers) == expected)
    assert _shown(trailbell)["handlings"] == []


def test_a_lost_connection_is_made_again(world, running):
    """Slack closes connections every few hours; clicks work afterwards."""
    card = _told(world)
    world.slack.socket.drop()
    # What the client was doing when it was cut it takes for sent; its pings find out, after four of five seconds.
    assert world.slack.socket.wait_connected(90, connections=2)
    world.slack.click(card, "trailbell.acknowledge")
    _parent(world, lambda message: "Acknowledged" in _header(message))


def test_a_change_that_slack_does_not_take_now_comes_later(world, running, trailbell):
    """429 with a Retry-After: the message is changed when Slack wants it, and nothing is said twice."""
    _told(world)
    world.slack.script(Fault(status=429, retry_after="1", code="ratelimited", method="chat.update"))
    assert trailbell("alerts", "ack", "last", "--by", "carol")[0] == 0
    _parent(world, lambda message: "Acknowledged" in _header(message))
    _thread(world, "Acknowledged by carol")
    assert len([reply for reply in world.slack.messages if "Acknowledged by" in reply.text]) == 1


def test_a_silence_that_ends_by_itself_shows_too(world, running, trailbell):
    """The card says silenced, and when the time is over it is as it was before; the thread says so, too."""
    _told(world)
    silenced = trailbell("silences", "add", "rule=number-moved", "--for", "3s", "--by", "carol", "--comment", "moving")
    assert silenced[0] == 0, silenced
    card = _parent(world, lambda message: "Silenced" in _header(message))
    assert "by carol: moving" in json.dumps(card.blocks)
    card = _parent(world, lambda message: _header(message).startswith("🔴 Critical"))
    assert "Silenced" not in json.dumps(card.blocks)
    assert list(card.controls()) == ["trailbell.acknowledge", "trailbell.silence", "trailbell.explain"]
    _thread(world, "The silence is over")


def test_a_silence_that_somebody_ends_shows_too(world, running, trailbell):
    """The same at once, when it is taken back."""
    _told(world)
    added = trailbell("silences", "add", "rule=number-moved", "--for", "1h", "--by", "carol", "--comment", "moving")
    _parent(world, lambda message: "Silenced" in _header(message))
    assert trailbell("silences", "expire", added[1].split()[0], "--by", "dave")[0] == 0
    _parent(world, lambda message: _header(message).startswith("🔴 Critical"))
    _thread(world, "The silence is over")
