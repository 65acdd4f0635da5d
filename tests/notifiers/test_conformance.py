"""What every channel must do, whatever it speaks: one kit, all channels, real sockets."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest

from trailbell.testing.loopback import Answer
from trailbell.testing.slack import CHANNELS, FakeSlack, Fault
from trailbell.testing.smtp import FakeSmtp
from trailbell.testing.webhook import FakeWebhook
from trailbell_notifiers.channel import KINDS, Attempt, Channel, ChannelError, build_channel, receiver_schema
from trailbell_notifiers.outbox import deliveries
from trailbell_notifiers.receipt import Ambiguous, Delivered, Rejected, Retry
from trailbell_notifiers.secret import Secret

ID = "dlv_0123456789abcdef0123456789abcdef"
NOW_S = 1_800_000_000.0
CANARY = "c4n4ry"
KINDS_OF_CHANNEL = ["slack-bot", "slack-webhook", "email", "webhook"]


@dataclass
class Bench:
    """A channel beside the server it speaks to."""

    config: dict[str, Any]
    server: Any

    def channel(self, **settings) -> Channel:
        [kind] = set(self.config) - {"name"}
        return build_channel({**self.config, kind: {**self.config[kind], **settings}})

    @property
    def arrived(self) -> int:
        return len(getattr(self.server, "messages", None) or getattr(self.server, "deliveries", ()))


def _bench(kind, stack, tls_of, ca_file):
    if kind == "slack-bot":
        slack = stack.enter_context(FakeSlack(token=f"xoxb-{CANARY}"))
        settings = {
            "token": Secret(slack.token),
            "channel": next(iter(CHANNELS)),
            "api_url": slack.api_url,
            "timeout_s": 5,
        }
        return Bench({"name": "x", "slack": settings}, slack)
    if kind == "slack-webhook":
        slack = stack.enter_context(FakeSlack())
        return Bench({"name": "x", "slack": {"webhook_url": Secret(slack.webhook_url), "timeout_s": 5}}, slack)
    if kind == "email":
        mail = stack.enter_context(FakeSmtp(context=tls_of(), login=("alerts", CANARY)))
        settings = {"to": "ada@example.com", "from": "alerts@example.org", "host": "127.0.0.1", "port": mail.port}
        secret = {"username": "alerts", "password": Secret(CANARY), "ca_file": ca_file, "timeout_s": 5}
        return Bench({"name": "x", "email": settings | secret}, mail)
    hook = stack.enter_context(FakeWebhook(secret=None))
    settings = {"url": Secret(f"{hook.url}/{CANARY}"), "headers": {"Authorization": Secret(CANARY)}, "timeout_s": 5}
    return Bench({"name": "x", "webhook": settings | {"allow_cidrs": ["127.0.0.0/8"]}}, hook)


@pytest.fixture(params=KINDS_OF_CHANNEL)
def bench(request, tls_of, ca_file):
    """Each channel in turn."""
    with ExitStack() as stack:
        yield _bench(request.param, stack, tls_of, ca_file)


def _attempt(channel, **changes):
    return Attempt(ID, channel.targets[0], created_s=NOW_S, **changes)


def _break(bench, way):
    """Make the server behave badly once, in its own words."""
    if isinstance(bench.server, FakeSlack):
        fault = {"lost": Fault(accept=True, cut=True), "down": Fault(status=503, body=b"down")}[way]
    elif isinstance(bench.server, FakeSmtp):
        fault = {"lost": None, "down": "451 down"}[way]
    else:
        fault = {"lost": Answer(cut=True), "down": Answer(503)}[way]
    bench.server.script(fault, **({"accept": True} if way == "lost" and isinstance(bench.server, FakeWebhook) else {}))


def test_it_delivers(bench, message):
    """What `deliveries` puts into the outbox arrives."""
    channel = bench.channel()
    [row] = deliveries(message, channel, 0)
    assert isinstance(channel.send(row.body, _attempt(channel), NOW_S), Delivered)
    assert bench.arrived == 1


def test_rendering_is_pure(bench, message):
    """The same message and id give the same bytes; the body is not empty and holds no secret."""
    channel = bench.channel()
    body = channel.render(message, ID)
    assert body == channel.render(message, ID)
    assert body
    assert CANARY.encode() not in body


def test_a_server_that_is_down_is_tried_again(bench, message):
    """Its own way of saying `later` is a retry, and nothing has arrived."""
    channel = bench.channel()
    _break(bench, "down")
    assert isinstance(channel.send(channel.render(message, ID), _attempt(channel), NOW_S), Retry)
    assert bench.arrived == 0


def test_a_lost_answer_is_uncertain(bench, message):
    """The server has it; the channel does not claim to know."""
    channel = bench.channel()
    _break(bench, "lost")
    assert isinstance(channel.send(channel.render(message, ID), _attempt(channel), NOW_S), Ambiguous)
    assert bench.arrived == 1


def test_no_secret_is_ever_shown(bench, message):
    """Not in repr, not in a receipt, whatever goes wrong."""
    channel = bench.channel()
    receipts = []
    for way in ("down", "lost"):
        _break(bench, way)
        receipts.append(channel.send(channel.render(message, ID), _attempt(channel), NOW_S))
    secrets = [CANARY, "fakefakefake", "secret-path"]
    shown = repr(channel) + str(channel) + repr(vars(channel)) + repr(receipts)
    assert not [secret for secret in secrets if secret in shown]


def test_no_secret_is_logged(bench, message, caplog):
    """Not even at the lowest level, by whatever library."""
    channel = bench.channel()
    with caplog.at_level(0):
        _break(bench, "lost")
        channel.send(channel.render(message, ID), _attempt(channel), NOW_S)
        channel.send(channel.render(message, ID), _attempt(channel), NOW_S)
    assert CANARY not in caplog.text
    assert "fakefakefake" not in caplog.text


def _elsewhere(bench, port):
    [kind] = set(bench.config) - {"name"}
    return {
        "slack": {"api_url": f"http://127.0.0.1:{port}/api/"}
        if "token" in bench.config[kind]
        else {"webhook_url": Secret(f"http://127.0.0.1:{port}/services/{CANARY}")},
        "email": {"port": port},
        "webhook": {"url": Secret(f"http://127.0.0.1:{port}/{CANARY}")},
    }[kind]


def test_nobody_there_is_a_certain_failure(bench, message):
    """A refused connection is a retry, with a reason in words and without a secret."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        channel = bench.channel(**_elsewhere(bench, closed.getsockname()[1]))
        receipt = channel.send(channel.render(message, ID), _attempt(channel), NOW_S)
    assert isinstance(receipt, Retry)
    assert "refused" in receipt.reason
    assert CANARY not in receipt.reason


def test_a_silent_server_is_left(bench, message):
    """One that accepts and says nothing costs the timeout, no more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        channel = bench.channel(**_elsewhere(bench, listener.getsockname()[1]), timeout_s=1)
        started = time.perf_counter()
        receipt = channel.send(channel.render(message, ID), _attempt(channel), NOW_S)
    assert isinstance(receipt, Retry | Ambiguous)
    assert time.perf_counter() - started < 6


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"\x00" * 100,
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\xff\xfe\xfd",
        b"220 \xff\r\n554 no\r\n",
        b"lorem ipsum\r\n" * 50,
    ],
)
def test_garbage_is_no_delivery_and_no_crash(bench, message, reply):
    """Whatever bytes come back, there is a receipt; only HTTP 200 of a webhook says more."""

    def serve(listener):
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5)
            try:
                connection.recv(65_536)
                connection.sendall(reply)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        channel = bench.channel(**_elsewhere(bench, listener.getsockname()[1]), timeout_s=1)
        receipt = channel.send(channel.render(message, ID), _attempt(channel), NOW_S)
        thread.join()
    if "webhook" in bench.config and reply.startswith(b"HTTP/1.1 200"):
        assert receipt == Delivered()
    else:
        assert isinstance(receipt, Retry | Ambiguous | Rejected)


def test_the_schema_takes_the_settings(bench):
    """The configuration of the bench is valid; one letter more is not."""
    schema = receiver_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    [kind] = set(bench.config) - {"name"}
    plain = {key: str(value) if isinstance(value, Secret) else value for key, value in bench.config[kind].items()}
    if "headers" in plain:
        plain["headers"] = {"Authorization": "x"}
    assert list(validator.iter_errors({"name": "x", kind: plain})) == []
    assert list(validator.iter_errors({"name": "x", kind: plain | {"urll": 1}})) != []


@pytest.mark.parametrize(
    "config", [{"name": "x"}, {"name": "x", "slack": {}, "email": {}}, {"name": "x", "pigeon": {}}]
)
def test_a_receiver_is_of_exactly_one_kind(config):
    """None or two is told with the kinds there are."""
    with pytest.raises(ChannelError, match="exactly one of: slack, email, webhook"):
        build_channel(config)
    assert set(KINDS) == {"slack", "email", "webhook"}


def test_a_probe_tells_nobody(bench):
    """It says in words what it found, shows no secret, and nothing arrives."""
    receipt = bench.channel().probe()
    assert isinstance(receipt, Delivered)
    assert receipt.reference
    assert CANARY not in receipt.reference
    assert bench.arrived == 0


@pytest.mark.parametrize("kind", ["slack-bot", "email"])
def test_a_probe_finds_wrong_credentials(kind, tls_of, ca_file):
    """Before an alert has to."""
    with ExitStack() as stack:
        bench = _bench(kind, stack, tls_of, ca_file)
        wrong = {"slack-bot": {"token": Secret("xoxb-revoked")}, "email": {"password": Secret("revoked")}}[kind]
        receipt = bench.channel(**wrong).probe()
    assert isinstance(receipt, Rejected)
    assert receipt.kind == "receiver"
    assert "revoked" not in receipt.reason


def test_a_probe_meets_the_guard(tls_of, ca_file):
    """A webhook whose name leads inside is found without a connection."""
    with ExitStack() as stack:
        bench = _bench("webhook", stack, tls_of, ca_file)
        receipt = bench.channel(allow_cidrs=[]).probe()
        assert bench.server.deliveries == []
    assert isinstance(receipt, Rejected)
    assert "allow_cidrs" in receipt.reason
