"""Every channel of ours under the conformance kit that other packages use for theirs."""

from __future__ import annotations

import json
import re
import sys
from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import ClassVar

import pytest

from trailbell.testing.alertmanager import FakeAlertmanager
from trailbell.testing.channels import Bench, ChannelConformance, Outcome
from trailbell.testing.discord import FakeDiscord
from trailbell.testing.loopback import Answer
from trailbell.testing.pagerduty import ROUTING_KEY, FakePagerDuty
from trailbell.testing.posting import json_answer
from trailbell.testing.slack import CHANNELS, FakeSlack, Fault
from trailbell.testing.slack_rules import refusal
from trailbell.testing.smtp import FakeSmtp
from trailbell.testing.teams import FakeTeams, elements
from trailbell.testing.webhook import SECRET, FakeWebhook
from trailbell_notifiers import limits
from trailbell_notifiers.receipt import Ambiguous, Delivered, Rejected, Retry

CANARY = "c4n4ry"
LOOPBACK = {"allow_cidrs": ["127.0.0.0/8"]}


def _http_outcomes(server, who, **more):
    """What HTTP statuses mean, for the channels that keep to the common table; ``more`` are receipts by status."""
    receipts = {
        301: Rejected(f"{who} answered 301, a redirect, which is never followed", "receiver"),
        302: Rejected(f"{who} answered 302, a redirect, which is never followed", "receiver"),
        400: Rejected(f"{who} answered 400", "payload"),
        401: Rejected(f"{who} answered 401", "receiver"),
        403: Rejected(f"{who} answered 403", "receiver"),
        404: Rejected(f"{who} answered 404", "receiver"),
        408: Retry(f"{who} answered 408"),
        410: Rejected(f"{who} answered 410", "receiver"),
        413: Rejected(f"{who} answered 413", "payload"),
        429: Retry(f"{who} answered 429", 7.0),
        500: Retry(f"{who} answered 500"),
        502: Retry(f"{who} answered 502"),
        503: Retry(f"{who} answered 503"),
    } | {int(name[1:]): receipt for name, receipt in more.items()}
    headers = {
        301: {"Location": "http://127.0.0.1:1/"},
        302: {"Location": "http://169.254.169.254/latest/meta-data"},
        429: {"Retry-After": "7"},
    }
    for status, receipt in receipts.items():
        answer = Answer(status, b"", headers.get(status, {}))
        yield Outcome(f"HTTP {status}", lambda answer=answer: server.script(answer), receipt)
    yield Outcome("its answer is lost", lambda: server.script(Answer(cut=True), accept=True), Ambiguous, arrives=True)
    yield Outcome("it takes the message", lambda: None, Delivered, arrives=True)


def _texts(node):
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)


def _visible(texts):
    """No control, no direction mark and no lone surrogate is in a text that people read."""
    for text in texts:
        assert not re.search(
            "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\ud800-\udfff]", text
        ), text


def _inert_json(body, _text):
    _visible(_texts(json.loads(body)))


class TestSlackBot(ChannelConformance):
    """A bot token."""

    @pytest.fixture
    def bench(self):
        with FakeSlack(token=f"xoxb-{CANARY}") as slack:
            yield Bench(
                kind="slack",
                settings={"token": slack.token, "channel": next(iter(CHANNELS)), "api_url": slack.api_url},
                arrived=lambda: [message.payload for message in slack.messages],
                secrets=(CANARY,),
                secret_settings=("token",),
                outcomes=[
                    Outcome("down", lambda: slack.script(Fault(status=503, body=b"down")), Retry),
                    Outcome("too fast", lambda: slack.script(Fault(status=429, retry_after="7")), Retry),
                    Outcome("revoked", lambda: slack.script(Fault(code="token_revoked")), Rejected),
                    Outcome("its answer is lost", lambda: slack.script(Fault(accept=True, cut=True)), Ambiguous, True),
                ],
                at=lambda port: {"api_url": f"http://127.0.0.1:{port}/api/"},
                inert=self._inert,
            )

    @staticmethod
    def _inert(body, _text):
        payload = json.loads(body)
        assert refusal(payload) is None
        _visible(_texts(payload))


class TestSlackWebhook(ChannelConformance):
    """An incoming webhook."""

    @pytest.fixture
    def bench(self):
        with FakeSlack() as slack:
            yield Bench(
                kind="slack",
                settings={"webhook_url": slack.webhook_url},
                arrived=lambda: [message.payload for message in slack.messages],
                secrets=("fakefakefake",),
                secret_settings=("webhook_url",),
                outcomes=[
                    Outcome("down", lambda: slack.script(Fault(status=503, body=b"down")), Retry),
                    Outcome("gone", lambda: slack.script(Fault(status=404, body=b"no_service")), Rejected),
                    Outcome("its answer is lost", lambda: slack.script(Fault(accept=True, cut=True)), Ambiguous, True),
                ],
                at=lambda port: {"webhook_url": f"http://127.0.0.1:{port}/services/{CANARY}"},
            )


class _Html(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags = set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        assert not {name for name, _ in attrs if name in ("src", "srcset", "background") or name.startswith("on")}


class TestMail(ChannelConformance):
    """SMTP with STARTTLS and a login."""

    @pytest.fixture
    def bench(self, tls_of, ca_file):
        with FakeSmtp(context=tls_of(), login=("alerts", CANARY)) as mail:
            yield Bench(
                kind="email",
                settings={
                    "to": "ada@example.com",
                    "from": "alerts@example.org",
                    "host": "127.0.0.1",
                    "port": mail.port,
                    "username": "alerts",
                    "password": CANARY,
                    "ca_file": ca_file,
                },
                arrived=lambda: [received.raw for received in mail.messages],
                secrets=(CANARY,),
                secret_settings=("password",),
                outcomes=[
                    Outcome("later", lambda: mail.script("451 later"), Retry),
                    Outcome("never", lambda: mail.script("554 spam"), Rejected),
                    Outcome("its answer is lost", lambda: mail.script(None), Ambiguous, arrives=True),
                ],
                at=lambda port: {"port": port},
                inert=self._inert,
                key_of=lambda: [received.message["Message-ID"] for received in mail.messages],
            )

    @staticmethod
    def _inert(body, _text):
        mail = message_from_bytes(body, policy=policy.default)
        assert mail["To"].addresses[0].addr_spec == "ada@example.com"
        assert "bcc" not in mail
        page = _Html()
        page.feed(mail.get_body(("html",)).get_content())
        assert not page.tags & {"script", "img", "iframe", "form", "input", "link", "base", "object", "svg"}


class _WebhookConformance(ChannelConformance):
    settings: ClassVar[dict] = {}

    @pytest.fixture
    def bench(self):
        with FakeWebhook(secret=None) as hook:
            yield Bench(
                kind="webhook",
                settings={"url": f"{hook.url}/{CANARY}", "headers": {"X-Key": CANARY}, **LOOPBACK, **self.settings},
                arrived=lambda: [delivery.document for delivery in hook.deliveries],
                secrets=(CANARY, "secret-path", *filter(None, [self.settings.get("secret")])),
                secret_settings=("url", "secret"),
                outcomes=[
                    *_http_outcomes(hook, "the endpoint"),
                    Outcome("422", lambda: hook.script(Answer(422)), Rejected("the endpoint answered 422", "payload")),
                    Outcome("425", lambda: hook.script(Answer(425)), Retry("the endpoint answered 425")),
                ],
                at=lambda port: {"url": f"http://127.0.0.1:{port}/{CANARY}"},
                limit_bytes=limits.WEBHOOK_BODY_BYTES + 16 * 1024,
                inert=_inert_json,
                key_of=lambda: [delivery.id for delivery in hook.deliveries],
            )


class TestWebhook(_WebhookConformance):
    """The native document, signed."""

    settings: ClassVar[dict] = {"secret": SECRET}


class TestWebhookAlertmanager(_WebhookConformance):
    """Alertmanager's document."""

    settings: ClassVar[dict] = {"format": "alertmanager", "external_url": "https://trailbell.example.com"}


class TestWebhookCloudEvents(_WebhookConformance):
    """A structured CloudEvent."""

    settings: ClassVar[dict] = {"format": "cloudevents", "signing": "github", "secret": "a text"}


class TestWebhookCloudEventsBinary(_WebhookConformance):
    """A binary CloudEvent."""

    settings: ClassVar[dict] = {"format": "cloudevents-binary"}


class TestPagerDuty(ChannelConformance):
    """Events API v2."""

    @pytest.fixture
    def bench(self):
        with FakePagerDuty() as pagerduty:
            invalid = json_answer(400, {"message": "Event object is invalid", "errors": ["payload is missing"]})
            key = json_answer(400, {"message": "Invalid routing key", "errors": [f"routing_key {ROUTING_KEY}"]})
            yield Bench(
                kind="pagerduty",
                settings={"routing_key": ROUTING_KEY, "url": pagerduty.url, **LOOPBACK},
                arrived=lambda: pagerduty.accepted,
                secrets=(ROUTING_KEY,),
                secret_settings=("routing_key",),
                outcomes=[
                    *_http_outcomes(pagerduty, "PagerDuty", _301=Rejected("PagerDuty answered 301", "receiver"),
                                    _302=Rejected("PagerDuty answered 302", "receiver")),
                    Outcome(
                        "an invalid event",
                        lambda: pagerduty.script(invalid),
                        Rejected("PagerDuty answered 400: Event object is invalid; payload is missing", "payload"),
                    ),
                    Outcome(
                        "a wrong key",
                        lambda: pagerduty.script(key),
                        Rejected("PagerDuty answered 400: Invalid routing key; routing_key ***", "receiver"),
                    ),
                ],
                at=lambda port: {"url": f"http://127.0.0.1:{port}/v2/enqueue"},
                limit_bytes=limits.PAGERDUTY_BUDGET_BYTES,
                inert=_inert_json,
                key_of=lambda: [event["dedup_key"] for event in pagerduty.accepted],
            )  # fmt: skip


class TestTeams(ChannelConformance):
    """A workflow's webhook."""

    @pytest.fixture
    def bench(self):
        with FakeTeams() as teams:
            throttled = Answer(200, b"Webhook message delivery failed with error: ... HTTP error 429 ...")
            refused = Answer(200, b"Webhook message delivery failed with error: Bad payload received by generic ...")
            yield Bench(
                kind="teams",
                settings={"url": teams.url, **LOOPBACK},
                arrived=lambda: teams.accepted,
                secrets=("secret-path", "f4k3"),
                secret_settings=("url",),
                outcomes=[
                    *_http_outcomes(teams, "Teams"),
                    Outcome("throttled in words", lambda: teams.script(throttled), Retry),
                    Outcome("refused in words", lambda: teams.script(refused), Rejected),
                ],
                at=lambda port: {"url": f"http://127.0.0.1:{port}/f4k3?sig=secret-path"},
                limit_bytes=limits.TEAMS_BUDGET_BYTES,
                inert=self._inert,
            )

    @staticmethod
    def _inert(body, _text):
        card = json.loads(body)["attachments"][0]["content"]
        _visible(_texts(card))
        for part in elements(card):
            assert part["type"] not in ("TextBlock", "FactSet")  # these read Markdown
            if part["type"] == "TextRun":
                assert "{{" not in part["text"]
                assert "selectAction" not in part
        assert "entities" not in card["msteams"]  # without one, <at> is text


class TestDiscord(ChannelConformance):
    """A channel's webhook."""

    @pytest.fixture
    def bench(self):
        with FakeDiscord() as discord:
            limited = json_answer(429, {"message": "You are being rate limited.", "retry_after": 0.75, "global": False})
            yield Bench(
                kind="discord",
                settings={"url": discord.url, "username": "Trailbell", **LOOPBACK},
                arrived=lambda: discord.accepted,
                secrets=("f4k3-t0k3n",),
                secret_settings=("url",),
                outcomes=[
                    *_http_outcomes(discord, "Discord"),
                    Outcome("limited", lambda: discord.script(limited), Retry("Discord answered 429", 0.75)),
                ],
                at=lambda port: {"url": f"http://127.0.0.1:{port}/api/webhooks/1/f4k3-t0k3n"},
                limit_bytes=64 * 1024,
                inert=self._inert,
            )

    @staticmethod
    def _inert(body, _text):
        document = json.loads(body)
        assert document["allowed_mentions"] == {"parse": []}
        assert document["content"] == ""
        [embed] = document["embeds"]
        assert "url" not in embed
        _visible(_texts(embed))
        for text in (embed["title"], embed["description"]):
            assert not re.search(r"(?<!\\)(?:\\\\)*[*_~|`\[\]<>]", text), text
        for field in embed["fields"]:
            if field["name"] not in ("Links", "Why it fired", "What is new"):
                assert re.fullmatch(r"`[^`]+`|```\n[^`]*\n```|-", field["value"]), field


class TestAlertmanager(ChannelConformance):
    """API v2."""

    @pytest.fixture
    def bench(self):
        with FakeAlertmanager() as alertmanager:
            yield Bench(
                kind="alertmanager",
                settings={"url": alertmanager.url, "headers": {"Authorization": f"Bearer {CANARY}"}, **LOOPBACK},
                arrived=lambda: alertmanager.accepted,
                secrets=(CANARY,),
                secret_settings=("url",),
                outcomes=list(_http_outcomes(alertmanager, "Alertmanager")),
                at=lambda port: {"url": f"http://127.0.0.1:{port}"},
                limit_bytes=limits.ALERTMANAGER_BODY_BYTES,
                inert=_inert_json,
                key_of=lambda: [json.dumps([alert["labels"] for alert in batch]) for batch in alertmanager.accepted],
            )


SCRIPT = """
import os, sys, time
from pathlib import Path
folder, body = Path(sys.argv[1]), sys.stdin.buffer.read()
order = folder / "order"
status = order.read_text().split() if order.exists() else ["0"]
order.unlink(missing_ok=True)
if status[0] == "hang":
    time.sleep(60)
if status[0] == "kill":
    os.kill(os.getpid(), 9)
print("the token is", os.environ["TOKEN"], file=sys.stderr)
if status[0] == "0":
    name = f"{len(list(folder.glob('*.json'))):06}.json"
    (folder / name).write_bytes(body)
    (folder / "keys").open("a").write(os.environ["TRAILBELL_DELIVERY_ID"] + "\\n")
    print("kept")
sys.exit(int(status[0]))
"""


class TestCommand(ChannelConformance):
    """A program of the operator's."""

    @pytest.fixture
    def bench(self, tmp_path):
        script = tmp_path / "take.py"
        script.write_text(SCRIPT)

        def order(word):
            return lambda: (tmp_path / "order").write_text(word)

        return Bench(
            kind="command",
            settings={"argv": [sys.executable, str(script), str(tmp_path)], "env": {"TOKEN": CANARY}, "timeout_s": 20},
            arrived=lambda: [file.read_bytes() for file in sorted(tmp_path.glob("*.json"))],
            secrets=(CANARY,),
            outcomes=[
                Outcome("it works", lambda: None, Delivered("kept"), arrives=True),
                Outcome("it fails", order("1"), Retry(f"{sys.executable} ended with 1: the token is ***")),
                Outcome("it fails for now", order("75"), Retry),
                Outcome("it cannot read the document", order("65"), Rejected),
                Outcome("it may not", order("77"), Rejected),
                Outcome("it is killed", order("kill"), Retry(f"{sys.executable} was ended by signal 9")),
            ],
            limit_bytes=limits.WEBHOOK_BODY_BYTES,
            inert=_inert_json,
            key_of=lambda: (tmp_path / "keys").read_text().split(),
        )


class TestApprise(ChannelConformance):
    """One of Apprise's services: JSON to a server of one's own."""

    @pytest.fixture
    def bench(self):
        pytest.importorskip("apprise", reason="apprise is an extra")
        with FakeWebhook(secret=None) as hook:
            port = hook.url.split(":")[2].split("/")[0]
            yield Bench(
                kind="apprise",
                settings={"url": f"json://user:{CANARY}@127.0.0.1:{port}/"},
                arrived=lambda: [delivery.document for delivery in hook.deliveries],
                secrets=(CANARY,),
                secret_settings=("url",),
                outcomes=[
                    Outcome("down", lambda: hook.script(Answer(503)), Retry),
                    Outcome("unauthorised", lambda: hook.script(Answer(401)), Retry),
                    Outcome("its answer is lost", lambda: hook.script(Answer(cut=True), accept=True), Retry, True),
                ],
                at=lambda port: {"url": f"json://user:{CANARY}@127.0.0.1:{port}/"},
                limit_bytes=64 * 1024,
                inert=self._inert,
            )

    @staticmethod
    def _inert(body, _text):
        document = json.loads(body)
        _visible([document["title"], document["body"]])
        for text in (document["title"], document["body"]):
            assert not set("<>`*") & set(text)
            assert not re.search(r"(?<![\w.])@\w", text)
            assert not re.search(r"\]\s*\((?!\s)", text.replace("] (", ""))
