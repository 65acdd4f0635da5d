"""Webhooks over a real socket: signatures, statuses, deadlines, and where they may not go."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from ipaddress import ip_network

import pytest

from trailbell.testing.loopback import Answer
from trailbell.testing.webhook import SECRET, FakeWebhook
from trailbell_notifiers import limits
from trailbell_notifiers.channel import Attempt, ChannelError, build_channel
from trailbell_notifiers.channels.webhook import Webhook, WebhookSettings
from trailbell_notifiers.receipt import Ambiguous, Delivered, Rejected, Retry
from trailbell_notifiers.secret import Secret
from trailbell_notifiers.transport.http_post import Endpoint

ID = "dlv_0123456789abcdef0123456789abcdef"
NOW_S = 1_800_000_000.0
OPEN = {"allow_cidrs": ["127.0.0.0/8"]}


def _channel(url, **settings):
    return build_channel({"name": "siem", "webhook": {"url": Secret(url), **OPEN, "timeout_s": 5, **settings}})


def test_an_alert_arrives_signed(hook, message):
    """The document is the one rendered, and an independent verifier accepts its signature."""
    channel = _channel(hook.url, secret=Secret(SECRET))
    body = channel.render(message, ID)
    assert channel.send(body, Attempt(ID), NOW_S) == Delivered()
    [received] = hook.deliveries
    assert received.document == json.loads(body)
    assert received.id == ID
    assert received.request.headers["webhook-timestamp"] == "1800000000"
    assert received.request.headers["content-type"] == "application/json"


def test_the_document_tells_the_alert(message):
    """Type, time, and everything a program needs to act."""
    document = json.loads(_channel("https://siem.example.com/x").render(message, ID))
    assert document["type"] == "alert.opened"
    assert document["timestamp"] == "2026-11-02T11:02:00Z"
    data = document["data"]
    assert data["severity"] == "high"
    assert data["title"] == "Voice route of 447700900000 changed from sip to app"
    assert data["key"] == {"context.msisdn": "447700900000"}
    assert data["why"] == "41 changes in 2m, threshold 3 in 10m"
    assert data["previous"]["firings"] == 12
    assert [event["id"] for event in data["events"]] == ["e0", "e1", "e2"]
    assert data["rule"]["runbook"] == "https://wiki.example.com/runbooks/voice-route"


def test_a_wrong_secret_is_noticed(hook, message):
    """The receiver refuses; the operator has to mend it."""
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    channel = _channel(hook.url, secret=Secret(other))
    assert channel.send(channel.render(message, ID), Attempt(ID), NOW_S) == Rejected(
        "the endpoint answered 401", "receiver"
    )


def test_an_old_timestamp_is_refused(hook, message):
    """The timestamp is that of the attempt: one that is 301 s off is not accepted."""
    channel = _channel(hook.url, secret=Secret(SECRET))
    body = channel.render(message, ID)
    assert isinstance(channel.send(body, Attempt(ID), NOW_S - 301), Rejected)
    assert channel.send(body, Attempt(ID, number=2), NOW_S) == Delivered()


def test_both_keys_sign_during_a_rotation(hook, message):
    """A receiver that still has the old key accepts, and one that has the new key too."""
    new = "whsec_" + base64.b64encode(b"n" * 32).decode()
    channel = _channel(hook.url, secret=Secret(new), previous_secret=Secret(SECRET))
    assert channel.send(channel.render(message, ID), Attempt(ID), NOW_S) == Delivered()
    hook.secret = new
    assert channel.send(channel.render(message, ID), Attempt(ID), NOW_S) == Delivered()


def test_every_attempt_carries_the_same_id_and_body(hook, message):
    """The answer to the first attempt is lost; the receiver knows the second as a repeat."""
    channel = _channel(hook.url, secret=Secret(SECRET))
    body = channel.render(message, ID)
    hook.script(Answer(cut=True), accept=True)
    assert isinstance(channel.send(body, Attempt(ID), NOW_S), Ambiguous)
    assert channel.send(body, Attempt(ID, number=2, uncertain=True), NOW_S + 2) == Delivered()
    first, second = hook.deliveries
    assert (first.repeat, second.repeat) == (False, True)
    assert first.request.body == second.request.body


def test_githubs_style(message):
    """HMAC-SHA256 of the body in hex."""
    with FakeWebhook(secret=None) as hook:
        channel = _channel(hook.url, secret=Secret("any text"), signing="github")
        body = channel.render(message, ID)
        assert channel.send(body, Attempt(ID), NOW_S) == Delivered()
        expected = hmac.new(b"any text", body, hashlib.sha256).hexdigest()
        assert hook.requests[0].headers["x-hub-signature-256"] == f"sha256={expected}"
        assert "webhook-signature" not in hook.requests[0].headers


def test_without_a_secret_nothing_is_signed(message):
    """The id still travels, so that repeats can be dropped."""
    with FakeWebhook(secret=None) as hook:
        channel = _channel(hook.url, headers={"Authorization": Secret("Bearer abc")})
        assert channel.send(channel.render(message, ID), Attempt(ID), NOW_S) == Delivered()
        headers = hook.requests[0].headers
        assert headers["webhook-id"] == ID
        assert "webhook-signature" not in headers
        assert headers["authorization"] == "Bearer abc"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Delivered()),
        (202, Delivered()),
        (204, Delivered()),
        (301, Rejected("the endpoint answered 301, a redirect, which is never followed", "receiver")),
        (307, Rejected("the endpoint answered 307, a redirect, which is never followed", "receiver")),
        (400, Rejected("the endpoint answered 400", "payload")),
        (401, Rejected("the endpoint answered 401", "receiver")),
        (403, Rejected("the endpoint answered 403", "receiver")),
        (404, Rejected("the endpoint answered 404", "receiver")),
        (408, Retry("the endpoint answered 408")),
        (410, Rejected("the endpoint answered 410", "receiver")),
        (413, Rejected("the endpoint answered 413", "payload")),
        (422, Rejected("the endpoint answered 422", "payload")),
        (425, Retry("the endpoint answered 425")),
        (429, Retry("the endpoint answered 429")),
        (500, Retry("the endpoint answered 500")),
        (502, Retry("the endpoint answered 502")),
        (503, Retry("the endpoint answered 503")),
    ],
)
def test_what_a_status_means(hook, message, status, expected):
    """One status, one receipt."""
    hook.script(Answer(status, headers={"Location": hook.url}))
    channel = _channel(hook.url)
    assert channel.send(channel.render(message, ID), Attempt(ID), NOW_S) == expected
    assert len(hook.requests) == 1


@pytest.fixture
def new_york(monkeypatch):
    """A machine that is not set to UTC."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("new_york")
@pytest.mark.parametrize(
    ("header", "after_s"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("Fri, 15 Jan 2027 08:01:00 GMT", 60.0),
        ("Friday, 15-Jan-27 08:01:00 GMT", 60.0),
        ("Fri Jan 15 08:01:00 2027", 60.0),
        ("Fri, 15 Jan 2010 08:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(hook, message, header, after_s):
    """Both forms of the header are kept to, and every form of a date, which is always GMT; nonsense is none."""
    hook.script(Answer(503, headers={"Retry-After": header}))
    channel = _channel(hook.url)
    assert channel.send(channel.render(message, ID), Attempt(ID), NOW_S) == Retry("the endpoint answered 503", after_s)


def test_a_dripping_receiver_is_left_at_the_deadline(hook, message):
    """A reply of one byte every 0.05 s would take an hour; the status has come, so it counts."""
    hook.script(Answer(200, b"x" * 60_000, drip_s=0.05), accept=False)
    started = time.perf_counter()
    channel = _channel(hook.url, timeout_s=0.5)
    assert channel.send(channel.render(message, ID), Attempt(ID), NOW_S) == Delivered()
    assert time.perf_counter() - started < 3


def test_dripping_headers_are_left_at_the_deadline(message):
    """Bytes keep coming, so no socket timeout ever passes; the absolute deadline does."""
    stop = threading.Event()

    def drip(listener):
        connection, _ = listener.accept()
        with connection:
            while not stop.is_set():
                try:
                    connection.sendall(b"H")
                except OSError:
                    return
                stop.wait(0.02)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        channel = _channel(f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout_s=0.4)
        started = time.perf_counter()
        receipt = channel.send(channel.render(message, ID), Attempt(ID), NOW_S)
        took_s = time.perf_counter() - started
        stop.set()
        thread.join()
    assert receipt == Ambiguous("no answer within 0.4 s")
    assert took_s < 3


def test_an_endless_reply_is_not_read(hook, message):
    """Of 16 MB, at most the limit is read."""
    hook.script(Answer(200, b"x" * (16 * 1024 * 1024)), accept=False)
    channel = _channel(hook.url)
    assert channel.send(channel.render(message, ID), Attempt(ID), NOW_S) == Delivered()
    assert limits.REPLY_BYTES == 65_536


def test_https_is_verified(tls_of, ca_file, message):
    """A certificate of the given authority is good; without its file nothing is sent."""
    with FakeWebhook(secret=None, context=tls_of()) as hook:
        good = _channel(hook.url, ca_file=ca_file)
        assert good.send(good.render(message, ID), Attempt(ID), NOW_S) == Delivered()
        bad = _channel(hook.url)
        receipt = bad.send(bad.render(message, ID), Attempt(ID), NOW_S)
    assert isinstance(receipt, Rejected)
    assert receipt.kind == "receiver"
    assert "certificate" in receipt.reason
    assert len(hook.requests) == 1


def test_https_to_another_name_is_refused(tls_of, ca_file, message):
    """The right authority, the wrong host."""
    with FakeWebhook(secret=None, context=tls_of("siem.example.org")) as hook:
        channel = _channel(hook.url, ca_file=ca_file)
        assert isinstance(channel.send(channel.render(message, ID), Attempt(ID), NOW_S), Rejected)
    assert hook.requests == []


def test_nobody_there_is_certain(message):
    """A refused connection has delivered nothing."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        channel = _channel(f"http://127.0.0.1:{closed.getsockname()[1]}/secret-path")
        receipt = channel.send(channel.render(message, ID), Attempt(ID), NOW_S)
    assert receipt == Retry("the connection failed: connection refused")


def test_a_host_that_does_not_exist_is_certain(message):
    """A name that does not resolve has delivered nothing."""

    def resolver(_host, _port):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    endpoint = Endpoint(url=Secret("https://nowhere.invalid/secret-path"), resolver=resolver)
    channel = Webhook("siem", WebhookSettings(endpoint=endpoint, headers={}))
    receipt = channel.send(channel.render(message, ID), Attempt(ID), NOW_S)
    assert receipt == Retry("the connection failed: name or service not known")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f.1",
        "127.1",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",  # noqa: S104  # an address to refuse
        "[::]",
    ],
)
def test_no_spelling_of_loopback_is_reached(hook, message, host):
    """Private addresses are denied unless opened, however they are written; nothing arrives."""
    port = hook.url.split(":")[2].split("/")[0]
    channel = build_channel({"name": "siem", "webhook": {"url": f"http://{host}:{port}/", "timeout_s": 5}})
    receipt = channel.send(channel.render(message, ID), Attempt(ID), NOW_S)
    assert isinstance(receipt, Rejected | Retry)
    assert hook.requests == []


def test_a_name_that_leads_inside_is_denied(hook, message):
    """A public name with a private address is refused before anything connects."""
    port = int(hook.url.split(":")[2].split("/")[0])
    asked = []

    def resolver(host, port_):
        asked.append((host, port_))
        return ["127.0.0.1"]

    endpoint = Endpoint(url=Secret(f"http://public.example:{port}/secret-path"), resolver=resolver)
    receipt = Webhook("siem", WebhookSettings(endpoint=endpoint, headers={})).send(b"{}", Attempt(ID), NOW_S)
    assert receipt == Rejected(
        "127.0.0.1 is not allowed as a destination; open it with allow_cidrs if it is yours", "receiver"
    )
    assert asked == [("public.example", port)]
    assert hook.requests == []


def test_of_several_addresses_only_the_allowed_are_tried(hook, message):
    """A rebinding answer (metadata first, ours second) reaches only what is open."""
    endpoint = Endpoint(
        url=Secret(hook.url.replace("127.0.0.1", "mixed.example")),
        open_networks=(ip_network("127.0.0.0/8"),),
        resolver=lambda _host, _port: ["169.254.169.254", "10.0.0.1", "127.0.0.1"],
    )
    channel = Webhook("siem", WebhookSettings(endpoint=endpoint, headers={}))
    assert channel.send(channel.render(message, ID), Attempt(ID), NOW_S) == Rejected(
        "the endpoint answered 401", "receiver"
    )
    assert len(hook.requests) == 1


def test_a_name_that_changes_between_lookups_is_judged_each_time(hook, message):
    """First a public address, then loopback: the second answer is refused like any other, and nothing arrives."""
    answers = iter([["127.0.0.1"], ["10.0.0.1", "127.0.0.1"]])
    endpoint = Endpoint(
        url=Secret(hook.url.replace("127.0.0.1", "rebinding.example")), resolver=lambda _host, _port: next(answers)
    )
    channel = Webhook("siem", WebhookSettings(endpoint=endpoint, headers={}))
    for _ in range(2):
        assert isinstance(channel.send(channel.render(message, ID), Attempt(ID), NOW_S), Rejected)
    assert hook.requests == []


def test_a_name_service_that_hangs_is_left_at_the_deadline(message):
    """Resolving cannot be interrupted by a socket's timeout; the deadline holds all the same."""
    hanging = threading.Event()

    def resolver(_host, _port):
        hanging.wait(30)
        return []

    endpoint = Endpoint(url=Secret("https://slow.example/"), resolver=resolver, timeout_s=0.3)
    started = time.perf_counter()
    channel = Webhook("siem", WebhookSettings(endpoint=endpoint, headers={}))
    receipt = channel.send(channel.render(message, ID), Attempt(ID), NOW_S)
    took_s = time.perf_counter() - started
    hanging.set()
    assert isinstance(receipt, Retry)
    assert took_s < 5


def test_formats_are_what_their_readers_expect(hook, message):
    """A structured CloudEvent, a binary one with its attributes in headers, and the same data in both."""
    hook.secret = None
    for format_ in ("cloudevents", "cloudevents-binary"):
        channel = _channel(hook.url, format=format_, source="/soc/trailbell")
        assert channel.send(channel.render(message, ID), Attempt(ID), NOW_S) == Delivered()
    structured, binary = hook.deliveries
    assert structured.request.headers["content-type"].startswith("application/cloudevents+json")
    attributes = {name: value for name, value in structured.document.items() if name not in ("data", "datacontenttype")}
    assert attributes == {
        "specversion": "1.0",
        "id": ID,
        "source": "/soc/trailbell",
        "type": "trailbell.alert.opened",
        "subject": f"{message.alert.rule_id}/{message.alert.id}",
        "time": "2026-11-02T11:02:00Z",
        "severitytext": "high",
    }
    headers = binary.request.headers
    assert {name: headers[f"ce-{name}"] for name in attributes} == attributes
    assert headers["content-type"] == "application/json"
    assert binary.document == structured.document["data"]


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"url": "ftp://example.com/"}, "no http(s) URL"),
        ({"url": "https:///x"}, "no http(s) URL"),
        ({"url": "https://example.com/a b"}, "no http(s) URL"),
        ({"url": "https://user:hunter2@example.com/"}, "password"),
        ({"url": "https://example.com:99999/"}, "no http(s) URL"),
        ({"url": "https://example.com/", "secret": "short"}, "whsec_"),
        ({"url": "https://example.com/", "ca_file": "/nonexistent"}, "ca_file"),
        ({"url": "https://example.com/", "secret": "whsec_" + "A" * 8}, "24 to 64"),
        ({"url": "https://example.com/", "headers": {"Host": "x"}}, "Host"),
        ({"url": "https://example.com/", "headers": {"X": "a\r\nB: c"}}, "header value"),
        ({"url": "https://example.com/", "headers": {"X Y": "a"}}, "X Y"),
        ({"url": "https://example.com/", "allow_cidrs": ["10.0.0.1/8"]}, "host bits"),
    ],
)
def test_settings_that_cannot_work_are_told_at_start(settings, word):
    """URL, secret, headers, networks; no message holds a secret."""
    with pytest.raises(ChannelError) as caught:
        build_channel({"name": "siem", "webhook": settings})
    assert word in str(caught.value)
    assert "hunter2" not in str(caught.value)
