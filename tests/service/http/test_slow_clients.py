"""Clients that trickle or hoard connections are cut off at absolute deadlines; the others are served meanwhile."""

from __future__ import annotations

import socket
import time
from contextlib import contextmanager

import pytest
import requests

from trailbell.http import bodies
from trailbell.http.protocol import Watch
from trailbell.http.settings import AuditPair, Sender
from trailbell_notifiers.secret import Secret


@pytest.fixture
def watched(event, recorded, serving):
    """A function: a server with short deadlines."""
    recorded([event(1)])

    def make(**watch):
        settings = {"head_s": 0.4, "whole_s": 1.0, "per_address": 50} | watch
        pair = AuditPair("k", Secret("s"), None)
        sender = Sender(source="app", proof="token", secret=Secret("t"))
        return serving(watch=Watch(**settings), audit=(pair,), senders=(sender,))[1]

    return make


@contextmanager
def connected(server):
    """A plain connection to it."""
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=10) as connection:
        yield connection


def trickle(connection, text, pause_s=0.05):
    """Send a byte at a time until the other side ends it; how long that took, and what it said before."""
    began_s, said = time.monotonic(), b""
    connection.settimeout(pause_s)
    for byte in text:
        try:
            connection.send(bytes([byte]))
            chunk = connection.recv(4096)
            said += chunk
            if not chunk:
                break
        except TimeoutError:
            continue
        except OSError:
            break
    else:
        pytest.fail("it was never ended")
    return time.monotonic() - began_s, said


def test_slow_headers(watched):
    """A head that trickles is cut off at its deadline, on a fresh connection and on one that was used before."""
    server = watched()
    with connected(server) as connection:
        assert trickle(connection, b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 500)[0] < 3
    with connected(server) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        assert trickle(connection, b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 500)[0] < 3
    assert server.watch.observed.cut["slow"] == 2


def test_silence(watched):
    """A connection on which nothing is ever said is ended."""
    server = watched()
    with connected(server) as connection:
        assert _end(connection) == b""
    assert server.watch.observed.cut["slow"] == 1


def _end(connection):
    try:
        return connection.recv(1)
    except ConnectionResetError:
        return b""


def test_slow_body(watched, monkeypatch):
    """A body that trickles is refused at its own deadline."""
    monkeypatch.setattr(bodies.read_body, "__defaults__", (0.3,))
    server = watched(whole_s=20.0)
    with connected(server) as connection:
        connection.sendall(
            b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer t\r\n"
            b"Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n"
        )
        took_s, said = trickle(connection, b" " * 500)
    assert took_s < 5
    assert said.startswith(b"HTTP/1.1 408")


def test_a_body_nobody_asked_for(watched):
    """One who goes on sending after the refusal is cut off, too."""
    server = watched()
    with connected(server) as connection:
        connection.sendall(b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n")
        took_s, said = trickle(connection, b" " * 500)
    assert took_s < 5
    assert said.startswith(b"HTTP/1.1 401")


def test_connections_per_address(watched):
    """An address has so many connections at a time; when some end, others are let in."""
    server = watched(per_address=3, head_s=30.0)
    held = [socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) for _ in range(3)]
    _until(lambda: server.watch.open.total() == 3)
    with connected(server) as connection:
        assert _end(connection) == b""
    for connection in held:
        connection.close()
    _until(lambda: server.watch.open.total() == 0)
    assert requests.get(f"{server.url}/healthz", timeout=5).json() == {"status": "ok"}
    assert server.watch.observed.cut["many"] == 1


def test_others_are_served_meanwhile(watched):
    """Thirty that trickle do not keep one from its answer."""
    server = watched(head_s=5.0)
    slow = [socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) for _ in range(30)]
    for connection in slow:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n")
    began_s = time.monotonic()
    assert requests.get(f"{server.url}/beta/audit/events", auth=("k", "s"), timeout=5).status_code == 200
    assert time.monotonic() - began_s < 3
    for connection in slow:
        connection.close()


def _until(condition, patience_s=10):
    deadline_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come about"
        time.sleep(0.005)


def test_answers_leave_at_once(watched):
    """The socket sends what it has: no answer waits for the acknowledgement of its own first half."""
    server = watched()
    assert server._socket.proto == socket.IPPROTO_TCP  # asyncio sets TCP_NODELAY where it sees this
    with requests.Session() as session:
        session.get(f"{server.url}/healthz", timeout=5)
        took_s = []
        for _ in range(20):
            began_s = time.monotonic()
            session.get(f"{server.url}/healthz", timeout=5)
            took_s.append(time.monotonic() - began_s)
    assert min(took_s) < 0.03
