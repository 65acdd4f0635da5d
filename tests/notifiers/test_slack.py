"""Slack over a real socket: what is posted, and what each answer means for the delivery."""

from __future__ import annotations

import json
import socket
import threading

import pytest

from trailbell.testing.slack import CHANNELS, Fault
from trailbell_engine.rule import Words
from trailbell_notifiers import limits
from trailbell_notifiers.channel import Attempt, ChannelError, build_channel
from trailbell_notifiers.channels.slack.errors import receipt_for
from trailbell_notifiers.receipt import Ambiguous, Delivered, Rejected, Retry
from trailbell_notifiers.secret import Secret

ID = "dlv_0123456789abcdef0123456789abcdef"
CHANNEL = next(iter(CHANNELS))
NOW_S = 1_800_000_000.0


def receiver_fault(status, code):
    """The receipt of a code that the operator has to see to: the reason says what to do."""
    receipt = receipt_for(status, code, None)
    assert isinstance(receipt, Rejected)
    assert receipt.kind == "receiver"
    assert receipt.reason.startswith(f"Slack answered {status} {code}: ")
    return receipt


@pytest.fixture
def bot(slack_server):
    """A channel by bot token."""
    settings = {
        "token": Secret(slack_server.token),
        "channel": CHANNEL,
        "api_url": slack_server.api_url,
        "timeout_s": 5,
    }
    return build_channel({"name": "sec", "slack": settings})


@pytest.fixture
def incoming(slack_server):
    """A channel by incoming webhook."""
    return build_channel({"name": "sec", "slack": {"webhook_url": Secret(slack_server.webhook_url), "timeout_s": 5}})


def test_a_message_arrives_as_it_was_rendered(bot, slack_server, message):
    """The frozen body reaches the channel with its blocks, its delivery id, and nothing that Slack would unfurl."""
    body = bot.render(message, ID)
    receipt = bot.send(body, Attempt(ID), NOW_S)
    [posted] = slack_server.messages
    assert receipt == Delivered(f"{CHANNEL}:{posted.ts}")
    assert posted.blocks == json.loads(body)["blocks"]
    assert posted.payload["metadata"]["event_payload"] == {
        "delivery_id": ID,
        "thread": message.thread,
    }
    assert posted.payload["unfurl_links"] is False
    assert posted.payload["unfurl_media"] is False
    assert posted.payload["parse"] == "none"
    assert posted.payload["mrkdwn"] is False


def test_rendering_is_pure_and_holds_no_secret(bot, message):
    """The same message gives the same bytes, and the token is in none of them."""
    assert bot.render(message, ID) == bot.render(message, ID)
    assert b"xoxb" not in bot.render(message, ID)


def test_the_message_reads_in_three_seconds(bot, message):
    """Header, sentence, two columns of fields, events, reason, links, context: in this order."""
    blocks = json.loads(bot.render(message, ID))["blocks"]
    kinds = ["header", "section", "section", "rich_text", "rich_text", "actions", "context"]
    assert [block["type"] for block in blocks] == kinds
    assert blocks[0]["text"]["text"] == "🟠 High · Voice route of 447700900000 changed from sip to app"
    assert blocks[1]["text"]["text"] == "ada@example.com moved 447700900000 to a1b2c3d4"
    assert [field["text"] for field in blocks[2]["fields"]] == [
        "*User email*\nada@example.com",
        "*Source IP*\n203.0.113.9 · FR",
        "*Voice value*\na1b2c3d4",
        "*MSISDN*\n447700900000",
        "*Count*\n41",
        "*First seen*\n2026-11-02 11:00:00Z",
        "*Last seen*\n2026-11-02 11:02:00Z",
        "*Rule*\nvonage-number-voice-type-changed",
    ]
    assert blocks[3]["elements"][0]["elements"][0]["text"].splitlines() == [
        "… 38 earlier",
        "11:00:00Z  ada@example.com  NUMBER_UPDATED  203.0.113.9",
        "11:01:00Z  ada@example.com  NUMBER_UPDATED  203.0.113.9",
        "11:02:00Z  ada@example.com  NUMBER_UPDATED  203.0.113.9",
    ]
    why = "".join(part["text"] for part in blocks[4]["elements"][0]["elements"])
    assert why == (
        "Why it fired  41 changes in 2m, threshold 3 in 10m\n"
        "The alert before this one folded 12 more firings, the last at 2026-11-02 10:00:00Z."
    )
    assert [button["url"] for button in blocks[5]["elements"]] == [
        "https://wiki.example.com/runbooks/voice-route",
        "https://developer.vonage.com/en/audit/overview",
    ]


def _texts(node):
    if isinstance(node, dict):
        if isinstance(node.get("text"), str):
            yield node["text"]
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)


def _kinds(body):
    return [next(iter(block.get("elements", [block])))["type"] for block in json.loads(body)["blocks"]]


@pytest.mark.parametrize(
    ("budget", "kinds"),
    [
        (10_000, ["header", "section", "section", "rich_text_preformatted", "rich_text_section", "mrkdwn"]),
        (8_300, ["header", "section", "section", "rich_text_section", "mrkdwn"]),
        (5_000, ["header", "section", "rich_text_section", "mrkdwn"]),
        (2_000, None),
    ],
)
def test_a_message_too_large_loses_events_then_fields_then_blocks(bot, message_of, event, monkeypatch, budget, kinds):
    """The ladder: fewer events, no events, no fields, text alone."""
    monkeypatch.setattr(limits, "SLACK_BUDGET", budget)
    wide = "&" * 100
    crowded = message_of(
        words_=Words(title="t", summary="s" * 2_000),
        key={f"part{number}": f"{number}" + "&" * 600 for number in range(9)},
        events=tuple(event(number, user_email=wide, event_type=wide, source_ip=wide) for number in range(5)),
        why="&" * 3_000,
    )
    body = bot.render(crowded, ID)
    if kinds is None:
        assert "blocks" not in json.loads(body)
        assert json.loads(body)["text"].startswith("🟠 High · t")
    else:
        assert _kinds(body) == kinds
        assert sum(map(len, _texts(json.loads(body)["blocks"]))) <= budget


def test_a_message_that_fits_keeps_everything(bot, message):
    """No step of the ladder is taken without need."""
    assert "rich_text_preformatted" in _kinds(bot.render(message, ID))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(status=429, retry_after="7"), Retry("Slack answered 429 ratelimited", 7.0)),
        (Fault(code="service_unavailable"), Retry("Slack answered 200 service_unavailable")),
        (Fault(code="internal_error"), Ambiguous("Slack answered 200 internal_error")),
        (Fault(code="fatal_error"), Ambiguous("Slack answered 200 fatal_error")),
        (Fault(code="token_revoked"), receiver_fault(200, "token_revoked")),
        (Fault(code="not_in_channel"), receiver_fault(200, "not_in_channel")),
        (Fault(code="something_new"), Retry("Slack answered 200 something_new")),
        (Fault(status=503, body=b"<html>"), Retry),
        (Fault(status=500, body=b"<html>"), Ambiguous),
        (Fault(status=404, body=b"gone"), Rejected),
        (Fault(cut=True), Ambiguous),
    ],
)
def test_what_slacks_answers_mean(bot, slack_server, message, fault, expected):
    """Transient, ambiguous, the receiver's fault: each code leads to its receipt."""
    if fault.status == 429:
        fault = Fault(status=429, retry_after="7", body=b'{"ok": false, "error": "ratelimited"}')
    slack_server.script(fault)
    receipt = bot.send(bot.render(message, ID), Attempt(ID), NOW_S)
    if isinstance(expected, type):
        assert isinstance(receipt, expected)
    else:
        assert receipt == expected
    assert slack_server.messages == []


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_too_long", "msg_blocks_too_long", "invalid_arguments"])
def test_refused_blocks_go_out_as_plain_text(bot, slack_server, message, code):
    """A message whose form Slack refuses is not lost: its text goes out at once."""
    slack_server.script(Fault(code=code))
    assert isinstance(bot.send(bot.render(message, ID), Attempt(ID), NOW_S), Delivered)
    [posted] = slack_server.messages
    assert posted.blocks == []
    assert "447700900000" in posted.text


def test_text_refused_as_well_is_the_payloads_fault(bot, slack_server, message):
    """Refused with and without blocks: nothing to retry."""
    slack_server.script(Fault(code="invalid_blocks"), Fault(code="no_text"))
    assert bot.send(bot.render(message, ID), Attempt(ID), NOW_S) == Rejected("Slack answered 200 no_text", "payload")


def test_a_lost_answer_is_not_posted_twice(bot, slack_server, message):
    """After an uncertain attempt the message is found by its delivery id instead of being repeated."""
    slack_server.script(Fault(accept=True, cut=True))
    body = bot.render(message, ID)
    assert isinstance(bot.send(body, Attempt(ID), NOW_S), Ambiguous)
    receipt = bot.send(body, Attempt(ID, uncertain=True), NOW_S)
    [posted] = slack_server.messages
    assert receipt == Delivered(f"{CHANNEL}:{posted.ts}")


def test_an_uncertain_attempt_that_failed_is_repeated(bot, slack_server, message):
    """Not found in the history: it is posted."""
    slack_server.script(Fault(cut=True))
    body = bot.render(message, ID)
    assert isinstance(bot.send(body, Attempt(ID), NOW_S), Ambiguous)
    assert isinstance(bot.send(body, Attempt(ID, uncertain=True), NOW_S), Delivered)
    assert len(slack_server.messages) == 1


def test_without_the_right_to_look_it_is_repeated(bot, slack_server, message):
    """Rather twice than never, where the token lacks the scope for the history."""
    slack_server.history_allowed = False
    slack_server.script(Fault(accept=True, cut=True))
    body = bot.render(message, ID)
    bot.send(body, Attempt(ID), NOW_S)
    assert isinstance(bot.send(body, Attempt(ID, uncertain=True), NOW_S), Delivered)
    assert len(slack_server.messages) == 2


def test_the_rate_limit_is_passed_on(slack_server, bot, message):
    """Slack's 429 with its Retry-After becomes a pause."""
    slack_server.per_second = 0.01
    body = bot.render(message, ID)
    assert isinstance(bot.send(body, Attempt(ID), NOW_S), Delivered)
    receipt = bot.send(body, Attempt(ID), NOW_S)
    assert isinstance(receipt, Retry)
    assert receipt.after_s is not None
    assert 90 < receipt.after_s <= 101


def test_a_silent_slack_is_left_after_the_timeout(slack_server, message):
    """No answer within the timeout: uncertain, not an endless wait."""
    never = threading.Event()
    slack_server.script(Fault(delay=never, accept=False))
    settings = {"token": slack_server.token, "channel": CHANNEL, "api_url": slack_server.api_url, "timeout_s": 0.2}
    bot = build_channel({"name": "sec", "slack": settings})
    assert isinstance(bot.send(bot.render(message, ID), Attempt(ID), NOW_S), Ambiguous)
    never.set()


def test_nobody_there_is_certain(message):
    """A refused connection has delivered nothing."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/api"
        bot = build_channel({"name": "sec", "slack": {"token": "xoxb-1", "channel": "C1", "api_url": url}})
        receipt = bot.send(bot.render(message, ID), Attempt(ID), NOW_S)
    assert isinstance(receipt, Retry)
    assert "refused" in receipt.reason


def test_an_incoming_webhook_takes_the_same_message(incoming, slack_server, message):
    """Text and blocks arrive; there is no metadata and no reference."""
    body = incoming.render(message, ID)
    assert incoming.send(body, Attempt(ID), NOW_S) == Delivered()
    assert slack_server.messages[0].blocks == json.loads(body)["blocks"]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(code="no_service"), receiver_fault(400, "no_service")),
        (Fault(status=403, body=b"invalid_token"), receiver_fault(403, "invalid_token")),
        (Fault(status=404, body=b"no_team"), receiver_fault(404, "no_team")),
        (
            Fault(status=410, body=b"channel_is_archived"),
            receiver_fault(410, "channel_is_archived"),
        ),
        (Fault(status=429, retry_after="3", body=b"rate_limited"), Retry("Slack answered 429 rate_limited", 3.0)),
    ],
)
def test_what_a_webhooks_answers_mean(incoming, slack_server, message, fault, expected):
    """The bodies of Slack's webhooks are error codes too."""
    slack_server.script(fault)
    assert incoming.send(incoming.render(message, ID), Attempt(ID), NOW_S) == expected


def test_a_webhook_that_refuses_blocks_gets_text(incoming, slack_server, message):
    """The same fallback as with a token."""
    slack_server.script(Fault(code="invalid_blocks"))
    assert incoming.send(incoming.render(message, ID), Attempt(ID), NOW_S) == Delivered()
    assert slack_server.messages[0].blocks == []


@pytest.mark.parametrize(
    "settings",
    [
        {"webhook_url": "hooks.slack.com/x"},
        {"webhook_url": "https://hooks.slack.com/x", "token": "xoxb-1", "channel": "C1"},
        {"token": "xoxb-\nx", "channel": "C1"},
        {"token": "", "channel": "C1"},
    ],
)
def test_settings_that_cannot_work_are_told_at_start(settings):
    """No URL, no token, or both: an error without the secret in it."""
    with pytest.raises(ChannelError) as caught:
        build_channel({"name": "sec", "slack": settings})
    assert "sec" in str(caught.value)
    assert caught.value.help
