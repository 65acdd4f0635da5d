"""Hostile text in every field of an event, through every channel: inert, within limits, and it parses back."""

from __future__ import annotations

import json
import re
import unicodedata
from email import message_from_bytes, policy
from email.headerregistry import Address
from html.parser import HTMLParser

import pytest

from trailbell.testing.hostile import hostile_texts
from trailbell.testing.slack_rules import refusal
from trailbell_notifiers import limits
from trailbell_notifiers.channels.mail.message import mail_bytes, with_date
from trailbell_notifiers.channels.native import native_json
from trailbell_notifiers.channels.slack.blocks import slack_payload
from trailbell_notifiers.words.text import one_line

ID = "dlv_0123456789abcdef0123456789abcdef"
SENDER = Address("Trailbell", "alerts", "example.com")
TO = (Address("Ops", "ops", "example.com"),)
HEADERS = sorted(
    [
        *("subject", "from", "to", "message-id", "in-reply-to", "references", "list-id", "auto-submitted"),
        *("x-auto-response-suppress", "x-trailbell-rule", "x-trailbell-severity", "x-trailbell-state"),
        *("x-trailbell-alert", "x-trailbell-thread", "mime-version", "content-type"),
    ]
)
ENTITY = re.compile(r"<([^>]*)>")
LINE_BYTES = 998  # RFC 5322 section 2.1.1


def _strings(node):
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _strings(value)
    elif isinstance(node, list):
        for item in node:
            yield from _strings(item)


def _mrkdwn(node):
    """Texts that Slack parses as markup: mrkdwn objects, and the top-level text."""
    if isinstance(node, dict):
        if node.get("type") == "mrkdwn":
            yield node["text"]
        for value in node.values():
            yield from _mrkdwn(value)
    elif isinstance(node, list):
        for item in node:
            yield from _mrkdwn(item)


def test_the_corpus_is_large_and_fixed():
    """More than 600 texts, each once, and the same on every call."""
    assert len(hostile_texts()) > 600
    assert len(set(hostile_texts())) == len(hostile_texts())
    hostile_texts.cache_clear()
    first = hostile_texts()
    hostile_texts.cache_clear()
    assert first == hostile_texts()


def test_slack_finds_no_entity_from_the_event(hostile_messages):
    """Of all that Slack would parse, only our own date is an entity."""
    for _, message in hostile_messages:
        payload = slack_payload(message, ID)
        for text in [payload["text"], *_mrkdwn(payload["blocks"])]:
            assert all(entity.startswith("!date^1793617320^") for entity in ENTITY.findall(text)), text
            assert not re.search(r"&(?!(?:amp|lt|gt);)", text)


def test_slack_values_with_markup_stand_in_code(hostile_messages):
    """A field's value is plain where nothing in it is markup, and whole inside one code span where something is."""
    for _, message in hostile_messages:
        for block in slack_payload(message, ID)["blocks"]:
            for field in block.get("fields", ()):
                value = field["text"].split("\n", 1)[1]
                assert not re.search(r"[*_~`]", value) or re.fullmatch(r"`[^`]+`", value, re.DOTALL), value


def test_slack_takes_the_message_as_it_is(hostile_messages):
    """No hostile text makes Slack refuse the message, and none costs it its blocks."""
    for text, message in hostile_messages:
        payload = slack_payload(message, ID)
        assert refusal(payload) is None, repr(text[:60])
        assert payload["blocks"][0]["type"] == "header"
        assert len(payload["text"]) <= limits.SLACK_TEXT_KEPT


def test_an_email_has_exactly_our_headers(hostile_messages, hostile_groups):
    """Whatever the event says, the mail has the headers we wrote, once each, and one recipient."""
    for text, message in [*hostile_messages, *hostile_groups[::5]]:
        raw = mail_bytes(message, ID, SENDER, TO)
        assert sorted(name.lower() for name in message_from_bytes(raw)) == HEADERS, repr(text[:60])
        parsed = message_from_bytes(with_date(raw, 0), policy=policy.default)
        assert [address.addr_spec for address in parsed["To"].addresses] == ["ops@example.com"]
        assert raw.isascii()
        assert max(map(len, raw.split(b"\r\n"))) <= LINE_BYTES


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def _tags(message):
    parsed = message_from_bytes(mail_bytes(message, ID, SENDER, TO), policy=policy.default)
    parser = _Tags()
    parser.feed(parsed.get_body(("html",)).get_content())
    return parser.found


def test_an_email_holds_no_tag_from_the_event(hostile_messages, message):
    """The HTML part has the same kinds of elements and attributes as that of a harmless alert, and loads nothing."""
    harmless = {(tag, *sorted(attributes)) for tag, attributes in _tags(message)}
    for text, hostile in hostile_messages:
        tags = _tags(hostile)
        assert {(tag, *sorted(attributes)) for tag, attributes in tags} <= harmless, repr(text[:60])
        links = [attributes["href"] for _, attributes in tags if "href" in attributes]
        assert links == [hostile.words.runbook, *hostile.words.references]
        assert not any("src" in attributes for _, attributes in tags)


def test_both_parts_of_an_email_say_the_same(hostile_messages):
    """The headline is in the text part and in the HTML part."""
    for _, message in hostile_messages[::3]:
        parsed = message_from_bytes(mail_bytes(message, ID, SENDER, TO), policy=policy.default)
        text = parsed.get_body(("plain",)).get_content()
        assert message.headline in text.replace("\r\n", "\n")


def test_json_comes_back_as_it_went(hostile_messages):
    """The webhook's body is one JSON document within its limit, with the values in it."""
    for _, message in hostile_messages:
        body = native_json(message)
        document = json.loads(body)
        assert document["type"] == "alert.opened"
        assert document["data"]["title"] == message.title
        assert len(body) <= limits.WEBHOOK_BODY_BYTES


@pytest.mark.parametrize("channel", ["slack", "email", "webhook"])
def test_nothing_invisible_is_left(hostile_messages, channel):
    """No control, no direction mark, no lone surrogate reaches a reader by any channel."""
    for _, message in hostile_messages:
        if channel == "slack":
            texts = list(_strings(slack_payload(message, ID)))
        elif channel == "email":
            parsed = message_from_bytes(mail_bytes(message, ID, SENDER, TO), policy=policy.default)
            texts = [part.get_content() for part in parsed.iter_parts()] + [parsed["Subject"]]
        else:
            texts = list(_strings(json.loads(native_json(message))))
        for text in texts:
            odd = [c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\r"]
            assert not odd
            assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]", text)


def test_event_text_is_never_a_template(hostile_messages):
    """What an event says is shown, not run: no product of 7 and 7 appears, and no template fails."""
    for text, message in hostile_messages:
        assert message.problems == ()
        if "7*7" in text:
            assert one_line(text) in message.title
            assert "49" not in message.title
