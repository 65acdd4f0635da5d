"""``trailbell render``, and the pages it writes."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from trailbell.cli.main import run
from trailbell.message_page import message_page
from trailbell.slack_html import slack_page
from trailbell.testing.messages import sample_message
from trailbell_notifiers.channels.slack.blocks import slack_payload

STORY = Path(__file__).parents[2] / "examples" / "voice-type-change"
ARGUMENTS = ["render", "voice-type-changed", "-r", str(STORY / "rules"), "-e", str(STORY / "events.ndjson")]
ID = "dlv_0123456789abcdef0123456789abcdef"


@pytest.fixture
def rendered(capsys, monkeypatch, tmp_path):
    """A function: run the command in an empty folder; its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")

    def act(*more):
        code = run([*ARGUMENTS, *more])
        out, err = capsys.readouterr()
        return code, out, err

    return act


@pytest.mark.parametrize(
    "kind", ["text", "slack", "email", "webhook", "pagerduty", "teams", "discord", "alertmanager", "command", "apprise"]
)
def test_every_channel_shows_the_newest_alert(rendered, kind):
    """Its title is there, whatever the channel, and nothing needs to be configured."""
    code, out, err = rendered("--as", kind)
    assert code == 0, err
    shown = re.sub(r"[\\\\│▌\n ]+", " ", out)
    assert "Voice route of 447700900001 changed" in shown


def test_raw_is_what_is_sent(rendered):
    """The body, byte for byte."""
    code, out, _ = rendered("--as", "pagerduty", "--raw", "--state", "resolved")
    assert code == 0
    assert json.loads(out)["event_action"] == "resolve"


def test_a_rule_that_stays_silent_is_shown_all_the_same(rendered, tmp_path):
    """As if it had fired on the newest event that it looks for, and that is said."""
    events = (STORY / "events.ndjson").read_text().splitlines()
    one = next(line for line in events if "NUMBER_UPDATED" in line)
    (tmp_path / "one.ndjson").write_text(one + "\n")
    code, out, err = rendered("-e", "one.ndjson", "--as", "text")
    assert code == 0
    assert "stays silent" in err
    assert "NUMBER_UPDATED" in out


@pytest.mark.parametrize(
    ("more", "code", "words"),
    [
        (["--as", "pigeon"], 2, "there is no channel 'pigeon'"),
        (["--receiver", "nobody"], 2, "there is no receiver 'nobody'"),
        (["-e", "/nowhere.ndjson"], 4, "nowhere"),
    ],
)
def test_what_cannot_be_shown_is_told(rendered, more, code, words):
    """With the way out, and the right exit code."""
    found, _, err = rendered(*more)
    assert found == code
    assert words in err
    assert "Traceback" not in err


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def _tags(page):
    parser = _Page()
    parser.feed(page)
    return parser.tags


@pytest.mark.parametrize("kind", ["slack", "email", "webhook"])
def test_a_page_is_written_and_loads_nothing(rendered, tmp_path, kind):
    """One file for any browser."""
    code, _, err = rendered("--as", kind, "--html", "page.html")
    assert code == 0, err
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "Voice route of 447700900001 changed" in page
    assert not [tag for tag, attributes in _tags(page) if tag in ("script", "img", "link") or "src" in attributes]


def test_a_slack_page_holds_no_tag_from_an_event(hostile_messages):
    """Only the kinds of elements that a harmless message has, and those of Slack's own formatting."""
    harmless = {tag for tag, _ in _tags(slack_page([slack_payload(sample_message(), ID)]))} | {"code", "b"}
    for text, message in hostile_messages[::3]:
        tags = _tags(slack_page([slack_payload(message, ID)]))
        assert {tag for tag, _ in tags} <= harmless, repr(text)
        assert not [1 for _, attributes in tags if "onclick" in attributes or "href" in attributes]


def test_any_block_is_drawn():
    """Lists, quotes, links, menus, mentions that would be live, and blocks nobody knows."""
    payload = {
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "<!channel> *b* _i_ ~s~ `c` <https://x.test|here>"}},
            {"type": "divider"},
            {"type": "video"},
            {
                "type": "rich_text",
                "elements": [
                    {"type": "rich_text_quote", "elements": [{"type": "text", "text": "<q>", "style": {"code": True}}]},
                    {
                        "type": "rich_text_list",
                        "style": "ordered",
                        "elements": [{"type": "rich_text_section", "elements": [{"type": "link", "url": "https://x"}]}],
                    },
                ],
            },
            {"type": "actions", "elements": [{"type": "button", "text": {"text": "Go"}, "style": "primary"}]},
        ]
    }
    page = message_page("slack", json.dumps(payload).encode())
    for piece in (
        '<span class="chip">!channel</span>',
        "<b>b</b> <i>i</i> <s>s</s> <code>c</code>",
        '<span class="link">here</span>',
        "<hr>",
        "[video]",
        "<blockquote><code>&lt;q&gt;</code></blockquote>",
        '<span class="button primary">Go</span>',
    ):
        assert piece in page
