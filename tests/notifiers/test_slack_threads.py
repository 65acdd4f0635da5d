"""Slack by bot token: one message that is changed, a thread for what is new, nothing said twice, all of it inert."""

from __future__ import annotations

import json
import re

import pytest

from trailbell.testing.messages import hostile_message, sample_group, sample_message
from trailbell.testing.slack import CHANNELS, Fault
from trailbell.testing.slack_rules import refusal
from trailbell_notifiers import limits
from trailbell_notifiers.channel import Attempt, build_channel
from trailbell_notifiers.channels.living import OPEN, Living, Standing
from trailbell_notifiers.channels.slack.actions import ForgedError, Wanted, read, sealed, sign
from trailbell_notifiers.channels.slack.blocks import headline, slack_payload
from trailbell_notifiers.channels.slack.permissions import Permissions, permissions
from trailbell_notifiers.channels.slack.thread import rises, slack_reply
from trailbell_notifiers.receipt import Ambiguous, Delivered, Rejected, Retry

ID = "dlv_0123456789abcdef0123456789abcdef"
CHANNEL, OTHER = CHANNELS
NOW_S = 1_800_000_000.0
CREATED_S = 1_700_000_000.0
KEY = b"k" * 32
VERBS = ("acknowledge", "release", "resolve", "silence", "explain")
STANDINGS = [
    OPEN,
    Standing("acknowledged", "ada (U0ADA)", 1_793_617_900_000_000, "on it"),
    Standing("silenced", "ada (U0ADA)", 1_793_646_700_000_000, "from Slack"),
    Standing("resolved", "ada (U0ADA)", 1_793_618_100_000_000, "rolled back"),
]


@pytest.fixture
def bot(slack_server):
    """A channel with buttons, whose clicks somebody hears."""
    settings = {
        "token": slack_server.token,
        "app_token": slack_server.app_token,
        "channel": CHANNEL,
        "api_url": slack_server.api_url,
        "timeout_s": 5,
        "allow": {"silence": ["U0ADA"]},
    }
    bot = build_channel({"name": "sec", "slack": settings})
    bot.listen_with(KEY)
    return bot


def _attempt(receipt=None, id_=ID, **more):
    return Attempt(id_, earlier=receipt.reference if receipt else "", created_s=CREATED_S, **more)


@pytest.fixture
def told(bot, slack_server):
    """The first message of a thread, sent."""
    receipt = bot.send(bot.render(sample_message(), ID), _attempt(), NOW_S)
    assert receipt == Delivered(f"{CHANNEL}:{slack_server.messages[0].ts}")
    return receipt


def test_it_is_a_living_channel(bot):
    """Whoever keeps messages true finds it by its methods; a webhook is none."""
    assert isinstance(bot, Living)
    assert not isinstance(build_channel({"name": "w", "slack": {"webhook_url": "https://hooks.test/x"}}), Living)


@pytest.mark.parametrize("kind", ["updated", "reminder", "resolved"])
def test_news_goes_into_the_thread(bot, slack_server, told, kind):
    """Short, below the first message; its reference names both, so the next one finds the thread too."""
    receipt = bot.send(bot.render(sample_group(kind=kind), "dlv_2"), _attempt(told, "dlv_2"), NOW_S)
    parent, reply = slack_server.messages
    assert receipt == Delivered(f"{CHANNEL}:{reply.ts}:{parent.ts}")
    assert reply.thread_ts == parent.ts
    assert len(json.dumps(reply.payload)) < len(json.dumps(parent.payload))
    third = bot.send(bot.render(sample_group(kind=kind), "dlv_3"), _attempt(receipt, "dlv_3"), NOW_S)
    assert third.reference.endswith(f":{parent.ts}")


def test_news_without_a_thread_is_a_message_of_its_own(bot, slack_server):
    """Where the first message never arrived, the next one tells the whole story."""
    bot.send(bot.render(sample_group(), ID), _attempt(), NOW_S)
    [message] = slack_server.parents
    assert message.blocks[0]["type"] == "header"


def test_news_of_a_channel_that_was_left_begins_anew(bot, slack_server):
    """The receiver's channel is another one since: nothing is said in the old one."""
    bot.send(bot.render(sample_group(), ID), Attempt(ID, earlier=f"{OTHER}:1.000001"), NOW_S)
    [message] = slack_server.parents
    assert message.channel == CHANNEL


def test_only_rising_severity_is_told_to_the_channel(message_of):
    """A reply rings nobody; where a new alert is worse than all before, it is shown in the channel too."""
    group = sample_group(7)
    assert not rises(group)
    members = [member._replace(new=member.alert.severity == "critical") for member in group.members]
    worse = type(group)(**{name: getattr(group, name) for name in group.__slots__} | {"members": tuple(members)})
    assert rises(worse)
    assert slack_reply(worse, ID)["reply_broadcast"] is True
    assert "reply_broadcast" not in slack_reply(group, ID)
    assert not rises(sample_group(7, "reminder"))


@pytest.mark.parametrize("standing", STANDINGS, ids=lambda standing: standing.state)
def test_the_first_message_shows_how_things_stand(bot, slack_server, told, standing):
    """Changed in place: state and severity in words, who did it, and what can still be done."""
    receipt = bot.revise(bot.card(sample_message(), standing, ID), _attempt(told), NOW_S)
    assert receipt == told
    [message] = slack_server.messages
    assert message.edits == 1
    assert refusal(message.payload) is None
    header = message.blocks[0]["text"]["text"]
    assert "High" in header
    assert standing.state in header.lower() or standing is OPEN
    assert (standing.by in json.dumps(message.blocks)) or standing is OPEN
    assert message.payload["parse"] == "none"
    expected = {
        "open": ["acknowledge", "silence", "explain"],
        "acknowledged": ["resolve", "release", "silence", "explain"],
        "silenced": ["acknowledge", "explain"],
        "resolved": ["explain"],
    }[standing.state]
    assert list(message.controls()) == [f"trailbell.{verb}" for verb in expected]


def test_it_says_how_long_it_took(message):
    """Once it is over."""
    assert headline(message, STANDINGS[3]).startswith("✅ Resolved after 15m · High · Voice route")


def test_a_deleted_message_is_posted_anew_once(bot, slack_server, told):
    """Also if the answer to that is lost: the next attempt finds it by its delivery id."""
    slack_server.delete(slack_server.messages[0])
    slack_server.script(Fault(accept=True, cut=True))
    body = bot.card(sample_message(), OPEN, ID)
    assert isinstance(bot.revise(body, _attempt(told), NOW_S), Ambiguous)
    receipt = bot.revise(body, _attempt(told), NOW_S)
    [message] = slack_server.messages
    assert receipt == Delivered(f"{CHANNEL}:{message.ts}")
    assert receipt != told


def test_news_below_a_deleted_message_begins_anew(bot, slack_server, told):
    """A reply to nothing would be lost."""
    slack_server.delete(slack_server.messages[0])
    receipt = bot.send(bot.render(sample_group(), "dlv_2"), _attempt(told, "dlv_2"), NOW_S)
    [message] = slack_server.messages
    assert receipt == Delivered(f"{CHANNEL}:{message.ts}")


def test_a_reply_whose_answer_was_lost_is_found_in_its_thread(bot, slack_server, told):
    """Replies are not in the channel's history; the thread is looked at, page after page."""
    for number in range(150):
        slack_server.workspace.post(CHANNEL, {"text": str(number), "thread_ts": slack_server.messages[0].ts})
    slack_server.script(Fault(accept=True, cut=True))
    body = bot.render(sample_group(), "dlv_2")
    assert isinstance(bot.send(body, _attempt(told, "dlv_2"), NOW_S), Ambiguous)
    before = len(slack_server.messages)
    attempt = Attempt("dlv_2", uncertain=True, earlier=told.reference)
    receipt = bot.send(body, attempt, NOW_S)
    assert len(slack_server.messages) == before
    assert receipt.reference.endswith(f":{slack_server.messages[0].ts}")


def test_a_change_too_fast_is_put_off(bot, slack_server, told):
    """429 holds for changes, too."""
    slack_server.script(Fault(status=429, retry_after="7", code="ratelimited", method="chat.update"))
    receipt = bot.revise(bot.card(sample_message(), STANDINGS[1], ID), _attempt(told), NOW_S)
    assert receipt == Retry("Slack answered 429 ratelimited", 7.0)


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_too_long"])
def test_a_change_that_is_refused_goes_out_as_text(bot, slack_server, told, code):
    """The old blocks would say what is not true any more."""
    slack_server.script(Fault(code=code, method="chat.update"))
    assert bot.revise(bot.card(sample_message(), STANDINGS[1], ID), _attempt(told), NOW_S) == told
    [message] = slack_server.messages
    assert message.blocks == []
    assert "Acknowledged" in message.text


def test_a_note_is_one_line_in_the_thread(bot, slack_server, told):
    """Escaped; and of no use without a thread."""
    assert isinstance(bot.note("👀 by <!channel>", _attempt(told), NOW_S), Delivered)
    assert slack_server.messages[1].text == "👀 by &lt;!channel&gt;"
    assert slack_server.messages[1].thread_ts == slack_server.messages[0].ts
    assert isinstance(bot.note("x", _attempt(), NOW_S), Rejected)


def test_no_buttons_where_nobody_would_hear(slack_server, message):
    """Without an app token none are rendered; without a listener none are sent."""
    settings = {"token": slack_server.token, "channel": CHANNEL, "api_url": slack_server.api_url}
    plain = build_channel({"name": "sec", "slack": settings})
    assert b"trailbell.acknowledge" not in plain.render(message, ID)
    deaf = build_channel({"name": "sec", "slack": settings | {"app_token": "xapp-1"}})
    assert b"trailbell.acknowledge" in deaf.render(message, ID)
    deaf.send(deaf.render(message, ID), _attempt(), NOW_S)
    assert slack_server.messages[0].controls() == {}
    assert [element["url"] for element in slack_server.messages[0].blocks[-2]["elements"]]


def test_stored_bodies_hold_no_signature(bot, slack_server, message, told):
    """Values are signed when they are sent, alike at every attempt."""
    assert b"v1." not in bot.render(message, ID)
    value = slack_server.messages[0].controls()["trailbell.acknowledge"]["value"]
    wanted = read(value, KEY, CREATED_S)
    assert (wanted.verb, wanted.thread) == ("acknowledge", message.thread)
    bot.send(bot.render(message, ID), _attempt(number=2), NOW_S + 500)
    assert slack_server.messages[1].controls()["trailbell.acknowledge"]["value"] == value


def test_what_a_value_must_be():
    """Ours, whole, and not too old; short enough for a menu's choice."""
    wanted = Wanted("silence", "f" * 64, 2_000, "8h")
    value = sign(wanted, KEY)
    assert len(value) <= limits.SLACK_OPTION_VALUE
    assert read(value, KEY, 1_999.9) == wanted
    for bad in (value[:-1], value.replace("8h", "1d"), f"x{value}", sign(wanted, b"other"), "", ".", "a.b", "é.x"):
        with pytest.raises(ForgedError):
            read(bad, KEY, 0)
    with pytest.raises(ForgedError, match="expired"):
        read(value, KEY, 2_000)


def test_permissions():
    """Everybody, or users, groups and addresses; nobody silences unless somebody is named."""
    assert Permissions().verbs() == ("acknowledge", "release", "resolve", "explain")
    allow = permissions({"acknowledge": ["U1", "S01"], "silence": ["Ada@example.com"], "explain": "everybody"})
    assert allow.verbs() == VERBS
    assert allow.groups("resolve") == ["S01"]
    assert allow.allow("release", "U1", "", [])
    assert allow.allow("release", "U2", "", ["S01"])
    assert not allow.allow("release", "U2", "u1", ["S02"])
    assert allow.allow("silence", "U2", "ada@Example.com", [])
    assert not allow.allow("silence", "U2", "", [])
    assert allow.allow("explain", "U9", "", [])


@pytest.mark.parametrize(
    ("arrange", "words"),
    [
        (lambda _: None, "signed in to Fake as trailbell, in #alerts"),
        (lambda slack: setattr(slack, "member", False), "not in the channel"),
        (lambda slack: slack.workspace.archived.add(CHANNEL), "is archived"),
    ],
)
def test_a_probe_says_whether_it_could_post(bot, slack_server, arrange, words):
    """Without posting anything."""
    arrange(slack_server)
    receipt = bot.probe()
    assert words in (receipt.reference if isinstance(receipt, Delivered) else receipt.reason)
    assert slack_server.messages == []


def _mrkdwn(node):
    if isinstance(node, dict):
        if node.get("type") == "mrkdwn":
            yield node["text"]
        for value in node.values():
            yield from _mrkdwn(value)
    elif isinstance(node, list):
        for item in node:
            yield from _mrkdwn(item)


def test_every_way_is_inert_and_within_limits(hostile_messages, hostile_groups):
    """Cards with buttons in every state, groups, replies: no entity but our own dates, and nothing Slack refuses."""
    for position, ((text, message), (_, group)) in enumerate(zip(hostile_messages, hostile_groups, strict=True)):
        standing = STANDINGS[position % 4]._replace(by=text, comment=text)
        standing = standing if standing.state != "open" else OPEN
        cards = [slack_payload(one, ID, standing, VERBS) for one in (message, group)]
        for card in cards:
            card["blocks"] = sealed(card["blocks"], message.thread, KEY, 2_000_000_000)
        for payload in [*cards, slack_reply(group, ID), slack_reply(hostile_message(text, "reminder"), ID)]:
            assert refusal(payload) is None, repr(text[:60])
            for markup in [payload["text"], *_mrkdwn(payload["blocks"])]:
                assert all(entity.startswith("!date^") for entity in re.findall(r"<([^>]*)>", markup)), markup
                assert not re.search(r"&(?!(?:amp|lt|gt);)", markup)
