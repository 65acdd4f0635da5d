"""Hostile text in every field of an event, through every channel: inert, within limits, and it parses back."""

from __future__ import annotations

import json
import re
import unicodedata
from email import message_from_bytes, policy
from email.headerregistry import Address
from html.parser import HTMLParser

import pytest

from trailbell.testing.slack_rules import refusal
from trailbell_notifiers import limits
from trailbell_notifiers.mail_message import mail_bytes, with_date
from trailbell_notifiers.native import native_json
from trailbell_notifiers.slack_blocks import slack_payload
from trailbell_notifiers.text import one_line

ID = "dlv_0123456789abcdef0123456789abcdef"
SENDER = Address("Trailbell", "alerts", "example.com")
TO = (Address("Ops", "ops", "example.com"),)
HEADERS = sorted(
    [
        "subject",
        "from",
        "to",
        "message-id",
        "in-reply-to",
        "references",
        "list-id",
        "auto-submitted",
        "x-auto-response-suppress",
        "x-trailbell-rule",
        "x-trailbell-severity",
        "x-trailbell-state",
        "x-trailbell-alert",
        "mime-version",
        "content-type",
    ]
)
ENTITY = re.compile(r"<([^>]*)>")


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


def test_slack_finds_no_entity_from_the_event(hostile_message):
    """Of all that Slack would parse, only our own date is an entity."""
    payload = slack_payload(hostile_message, ID)
    for text in [payload["text"], *_mrkdwn(payload["blocks"])]:
        assert all(entity.startswith("!date^1793617320^") for entity in ENTITY.findall(text)), text
        assert not re.search(r"&(?!(?:amp|lt|gt);)", text)


def test_slack_values_with_markup_stand_in_code(hostile_message):
    """A field's value is plain where nothing in it is markup, and whole inside one code span where something is."""
    fields = next(block["fields"] for block in slack_payload(hostile_message, ID)["blocks"] if "fields" in block)
    for field in fields:
        value = field["text"].split("\n", 1)[1]
        if re.search(r"[*_~`]", value):
            assert re.fullmatch(r"`[^`]+`", value, re.DOTALL)


def test_slack_takes_the_message_as_it_is(hostile_message):
    """No hostile text makes Slack refuse the message, and none costs it its blocks."""
    payload = slack_payload(hostile_message, ID)
    assert refusal(payload) is None
    assert payload["blocks"][0]["type"] == "header"
    assert len(payload["text"]) <= limits.SLACK_TEXT_KEPT


def test_an_email_has_exactly_our_headers(hostile_message):
    """Whatever the event says, the mail has the headers we wrote, once each, and one recipient."""
    raw = mail_bytes(hostile_message, ID, SENDER, TO)
    assert sorted(name.lower() for name in message_from_bytes(raw)) == HEADERS
    parsed = message_from_bytes(with_date(raw, 0), policy=policy.default)
    assert [address.addr_spec for address in parsed["To"].addresses] == ["ops@example.com"]
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= limits.MAIL_LINE


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_an_email_holds_no_tag_from_the_event(hostile_message, message):
    """The HTML part has the same kinds of elements and attributes as that of a harmless alert, and loads nothing."""

    def tags(of):
        parsed = message_from_bytes(mail_bytes(of, ID, SENDER, TO), policy=policy.default)
        parser = _Tags()
        parser.feed(parsed.get_body(("html",)).get_content())
        return parser.found

    harmless = {(tag, *sorted(attributes)) for tag, attributes in tags(message)}
    assert {(tag, *sorted(attributes)) for tag, attributes in tags(hostile_message)} <= harmless
    links = [attributes["href"] for tag, attributes in tags(hostile_message) if "href" in attributes]
    assert links == [hostile_message.words.runbook, *hostile_message.words.references]
    assert not any("src" in attributes for _, attributes in tags(hostile_message))


def test_both_parts_of_an_email_say_the_same(hostile_message):
    """Title and summary are in the text part and in the HTML part."""
    parsed = message_from_bytes(mail_bytes(hostile_message, ID, SENDER, TO), policy=policy.default)
    text = parsed.get_body(("plain",)).get_content()
    assert hostile_message.headline in text.replace("\r\n", "\n")


def test_json_comes_back_as_it_went(hostile_message):
    """The webhook's body is one JSON document within its limit, with the values in it."""
    body = native_json(hostile_message)
    document = json.loads(body)
    assert document["type"] == "alert.opened"
    assert document["data"]["title"] == hostile_message.title
    assert len(body) <= limits.WEBHOOK_BODY_BYTES


@pytest.mark.parametrize("channel", ["slack", "email", "webhook"])
def test_nothing_invisible_is_left(hostile_message, channel):
    """No control, no direction mark, no lone surrogate reaches a reader by any channel."""
    if channel == "slack":
        texts = list(_strings(slack_payload(hostile_message, ID)))
    elif channel == "email":
        parsed = message_from_bytes(mail_bytes(hostile_message, ID, SENDER, TO), policy=policy.default)
        texts = [part.get_content() for part in parsed.iter_parts()] + [parsed["Subject"]]
    else:
        texts = list(_strings(json.loads(native_json(hostile_message))))
    for text in texts:
        odd = [c for c in text if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\r"]
        assert not odd
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]", text)


def test_event_text_is_never_a_template(hostile_message, hostile):
    """What an event says is shown, not run: no product of 7 and 7 appears."""
    assert hostile_message.problems == ()
    if "7*7" in hostile:
        assert one_line(hostile) in hostile_message.title
        assert "49" not in hostile_message.title
