"""`/metrics` counts every refusal once, by route and status, whoever refused."""

from __future__ import annotations

import socket
import time

import pytest
import requests

from trailbell.http import server as server_module
from trailbell.http.settings import Sender
from trailbell_notifiers.secret import Secret

TOKEN = {"Authorization": "Bearer t"}
SENDERS = (Sender(source="app", proof="token", secret=Secret("t")),)


@pytest.fixture
def counted():
    """A function: the samples of a counter of that server's, by their labels."""

    def ask(server, name="http_refused", auth=None):
        prefix = f"trailbell_{name}_total{{"
        text = requests.get(f"{server.url}/metrics", auth=auth, timeout=20).text
        lines = [line.removeprefix(prefix) for line in text.splitlines() if line.startswith(prefix)]
        return dict(line.split("} ") for line in lines)

    return ask


def test_events_that_are_not_taken(running, counted):
    """By route and status, whichever way the events came; what was taken is none."""
    server, _, _ = running(senders=SENDERS, max_body_bytes=1000)
    url = f"{server.url}/v1/events"
    requests.post(url, json={"id": "a", "event_type": "x"}, headers=TOKEN, timeout=20)
    requests.post(url, json={}, timeout=20)
    requests.post(f"{server.url}/v1/logs", json={}, timeout=20)
    requests.post(url, data=b"x" * 1001, headers=TOKEN | {"Content-Type": "application/json"}, timeout=20)
    requests.post(url, data=b"x", headers=TOKEN | {"Content-Type": "text/plain"}, timeout=20)
    assert counted(server) == {
        'route="/v1/events",status="401"': "1",
        'route="/v1/events",status="413"': "1",
        'route="/v1/events",status="415"': "1",
        'route="/v1/logs",status="401"': "1",
    }


def test_before_a_handler_is_asked(running, counted):
    """A strange host, another site's page, a missing token; routes by their pattern, what is no route as unknown."""
    server, _, _ = running(senders=SENDERS, tokens=(Secret("one"),))
    requests.get(f"{server.url}/v1/rules", headers={"Host": "evil.example"}, timeout=20)
    requests.get(f"{server.url}/v1/rules/a", headers={"Host": "evil.example"}, timeout=20)
    requests.get(f"{server.url}/v1/rules/b", timeout=20)
    requests.get(f"{server.url}/v1/rules/c", auth=("me", "one"), timeout=20)
    requests.post(
        f"{server.url}/v1/silences", headers={"Origin": "http://evil.example"}, auth=("", "one"), json={}, timeout=20
    )
    requests.get(f"{server.url}/wp-login.php", auth=("", "one"), timeout=20)
    requests.delete(f"{server.url}/v1/rules", auth=("", "one"), timeout=20)
    assert counted(server, auth=("", "one")) == {
        'route="/v1/rules",status="405"': "1",
        'route="/v1/rules",status="421"': "1",
        'route="/v1/rules/{rule_id}",status="401"': "1",
        'route="/v1/rules/{rule_id}",status="404"': "1",
        'route="/v1/rules/{rule_id}",status="421"': "1",
        'route="/v1/silences",status="403"': "1",
        'route="unknown",status="404"': "1",
    }


def test_what_is_no_http(running, counted):
    """Bytes that are no request, and a head that is too long, are answered with 400."""
    server, _, _ = running()
    for words in (b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000):
        with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=10) as connection:
            connection.sendall(words)
            assert connection.recv(4096).startswith(b"HTTP/1.1 400")
    assert counted(server) == {'route="unknown",status="400"': "2"}


def test_too_many_connections(running, counted, monkeypatch):
    """What is refused with 503 for want of room is counted, and what is served is not."""
    monkeypatch.setattr(server_module, "_CONNECTIONS", 2)
    server, _, _ = running()
    with requests.Session() as first:
        assert first.get(f"{server.url}/healthz", timeout=20).status_code == 200
        assert requests.get(f"{server.url}/healthz", timeout=20).status_code == 503
    assert counted(server) == {'route="unknown",status="503"': "1"}


def test_what_nobody_foresaw(running, counted, monkeypatch):
    """A handler that fails is a refusal with 500."""
    server, _, _ = running()
    monkeypatch.setattr("trailbell.http.health.answer", lambda *_: 1 / 0)
    assert requests.get(f"{server.url}/healthz", timeout=20).status_code == 500
    assert counted(server) == {'route="/healthz",status="500"': "1"}


def test_connections_that_get_no_answer(running, counted):
    """An address with too many connections is counted by its reason."""
    server, _, _ = running(per_address=1)
    where = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    with socket.create_connection(where) as one:
        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert one.recv(4096)
        with socket.create_connection(where, timeout=10) as two:
            assert _ended(two)
    _until_free(server)
    assert counted(server, "http_connections_cut") == {'reason="many"': "1"}


def _ended(connection):
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def _until_free(server):
    deadline_s = time.monotonic() + 10
    while server.watch.open.total():
        assert time.monotonic() < deadline_s, "the connections do not end"
        time.sleep(0.005)
