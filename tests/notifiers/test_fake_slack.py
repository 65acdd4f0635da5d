"""The fake Slack refuses what Slack refuses."""

from __future__ import annotations

import pytest

from trailbell.testing.slack_rules import refusal

TEXT = {"type": "plain_text", "text": "x"}


def _header(length):
    return {"type": "header", "text": {"type": "plain_text", "text": "x" * length}}


def _section(**parts):
    return {"type": "section", **parts}


def _mrkdwn(length):
    return {"type": "mrkdwn", "text": "x" * length}


def _buttons(number, **changes):
    return {
        "type": "actions",
        "elements": [{"type": "button", "action_id": f"a{n}", "text": TEXT, **changes} for n in range(number)],
    }


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"text": "x"}, None),
        ({"text": ""}, "no_text"),
        ({"text": 5}, "invalid_arguments"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "x", "attachments": [{}] * 101}, "too_many_attachments"),
        ({"blocks": [{"type": "divider"}] * 50}, None),
        ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"blocks": [{"type": "nonsense"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "divider", "block_id": "x" * 256}]}, "invalid_blocks"),
        ({"blocks": [_header(150)]}, None),
        ({"blocks": [_header(151)]}, "invalid_blocks"),
        ({"blocks": [_header(0)]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": _mrkdwn(1)}]}, "invalid_blocks"),
        ({"blocks": [_section(text=_mrkdwn(3_000))]}, None),
        ({"blocks": [_section(text=_mrkdwn(3_001))]}, "invalid_blocks"),
        ({"blocks": [_section()]}, "invalid_blocks"),
        ({"blocks": [_section(fields=[_mrkdwn(1)] * 10)]}, None),
        ({"blocks": [_section(fields=[_mrkdwn(1)] * 11)]}, "invalid_blocks"),
        ({"blocks": [_section(fields=[_mrkdwn(2_001)])]}, "invalid_blocks"),
        ({"blocks": [{"type": "context", "elements": [TEXT] * 11}]}, "invalid_blocks"),
        ({"blocks": [_buttons(25)]}, None),
        ({"blocks": [_buttons(26)]}, "invalid_blocks"),
        ({"blocks": [_buttons(2, action_id="same")]}, "invalid_blocks"),
        ({"blocks": [_buttons(1, url="x" * 3_001)]}, "invalid_blocks"),
        ({"blocks": [_buttons(1, text={"type": "plain_text", "text": "x" * 76})]}, "invalid_blocks"),
        ({"blocks": [{"type": "rich_text", "elements": []}]}, "invalid_blocks"),
        ({"blocks": [_section(text=_mrkdwn(3_000))] * 5}, "msg_blocks_too_long"),
        ({"text": "x", "metadata": {"event_type": "t", "event_payload": {}}}, None),
        ({"text": "x", "metadata": {"event_type": "t"}}, "invalid_metadata_format"),
    ],
)
def test_limits(payload, code):
    """One below the limit is taken, one above is refused, with Slack's own code."""
    assert refusal(payload) == code
