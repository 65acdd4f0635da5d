"""Slack messages drawn in the terminal."""

from __future__ import annotations

import io
import json

import pytest
from rich.cells import cell_len
from rich.console import Console

from trailbell.cli.cards import MAXIMUM_WIDTH, card
from trailbell_notifiers.channels.slack.blocks import slack_payload

ID = "dlv_0123456789abcdef0123456789abcdef"


def _drawn(payload, width, **options):
    out = io.StringIO()
    Console(file=out, width=width, **options).print(card(payload))
    return out.getvalue()


def test_a_card_reads_like_the_message(message):
    """Header, sentence, fields side by side, events in a box, reason, links, context."""
    assert _drawn(slack_payload(message, "dlv_1"), 100) == (
        "▌ 🟠 High · Voice route of 447700900000 changed from sip to app\n"
        "▌ ada@example.com moved 447700900000 to a1b2c3d4\n"
        "▌ \n"
        "▌ User email   ada@example.com       Source IP   203.0.113.9 · FR\n"
        "▌ Voice value  a1b2c3d4              MSISDN      447700900000\n"
        "▌ Count        41                    First seen  2026-11-02 11:00:00Z\n"
        "▌ Last seen    2026-11-02 11:02:00Z  Rule        vonage-number-voice-type-changed\n"
        "▌ \n"
        "▌ ╭────────────────────────────────────────────────────────────────────────────────────────────────╮\n"
        "▌ │ … 38 earlier                                                                                   │\n"
        "▌ │ 11:00:00Z  ada@example.com  NUMBER_UPDATED  203.0.113.9                                        │\n"
        "▌ │ 11:01:00Z  ada@example.com  NUMBER_UPDATED  203.0.113.9                                        │\n"
        "▌ │ 11:02:00Z  ada@example.com  NUMBER_UPDATED  203.0.113.9                                        │\n"
        "▌ ╰────────────────────────────────────────────────────────────────────────────────────────────────╯\n"
        "▌ \n"
        "▌ Why it fired  41 changes in 2m, threshold 3 in 10m\n"
        "▌ The alert before this one folded 12 more firings, the last at 2026-11-02 10:00:00Z.\n"
        "▌ \n"
        "▌ [Runbook ↗]  [developer.vonage.com ↗]\n"
        "▌ \n"
        "▌ 2026-11-02 11:02:00Z · vonage-number-voice-type-changed a1b2c3d4e5f6 · vonage attack.t1565 · dlv_1\n"
    )


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_a_card_keeps_to_the_terminal(message_of, event, width):
    """No line is wider than the terminal or the maximum, wide characters counted as two."""
    wide = event(1, user_email="漢字" * 40, source_ip="🔥" * 50)
    payload = slack_payload(message_of(opener=wide, events=(wide,)), ID)
    assert max(map(cell_len, _drawn(payload, width).splitlines())) <= min(width, MAXIMUM_WIDTH)


def test_colour_only_where_there_is_colour(message):
    """The bar takes the colour of the severity; without colour nothing but text is written."""
    payload = slack_payload(message, ID)
    assert "\x1b" not in _drawn(payload, 80)
    coloured = _drawn(payload, 80, force_terminal=True, color_system="truecolor")
    assert "\x1b[38;2;242;153;74m▌" in coloured


def test_hostile_text_is_drawn_as_text(hostile_messages):
    """No control reaches the terminal, and rich's own markup in an event is text too."""
    for text, message in hostile_messages[::7]:
        drawn = _drawn(slack_payload(message, ID), 80)
        assert not [character for character in drawn if character < " " and character != "\n"], repr(text)


def test_any_payload_is_drawn():
    """Plain text, links, dates, dividers, and blocks nobody knows."""
    assert _drawn({"text": "a &lt;b&gt; *c* [red]d[/red]"}, 80) == "▌ a <b> c [red]d[/red]\n"
    blocks = [
        {"type": "divider"},
        {"type": "video"},
        {
            "type": "context",
            "elements": [{"type": "mrkdwn", "text": "<https://x.test|here> <!date^1^{date}|then> \x1b[31m"}],
        },
    ]
    assert _drawn({"blocks": blocks}, 80) == f"▌ {'─' * 24}\n▌ \n▌ [video]\n▌ \n▌ here then [31m\n"


def test_what_is_sent_is_what_is_drawn(message):
    """The body that goes to Slack, parsed again, gives the same card."""
    payload = slack_payload(message, ID)
    assert _drawn(json.loads(json.dumps(payload)), 80) == _drawn(payload, 80)
