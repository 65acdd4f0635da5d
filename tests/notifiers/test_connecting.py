"""From a name to a socket: shared questions, addresses that share the time, and an end to it all."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from trailbell_notifiers.transport.connecting import connect, resolve, system_resolver
from trailbell_notifiers.transport.deadline import Deadline


def test_what_the_system_knows():
    """An address is its own answer, once."""
    with Deadline(10) as deadline:
        assert resolve("127.0.0.1", 80, system_resolver, deadline) == ["127.0.0.1"]
        assert "127.0.0.1" in resolve("localhost", 80, system_resolver, deadline)


def test_an_answer_that_comes_late_serves_those_who_still_wait():
    """One has given up, another waits, and the next one asks anew."""
    go = threading.Event()

    def resolver(_host, _port):
        go.wait(30)
        return ["192.0.2.1"]

    with Deadline(0.01) as deadline, pytest.raises(socket.gaierror, match="did not answer in time"):
        resolve("slow.example", 25, resolver, deadline)
    answers = []
    with Deadline(30) as deadline:
        waiting = threading.Thread(target=lambda: answers.append(resolve("slow.example", 25, resolver, deadline)))
        waiting.start()
        go.set()
        waiting.join()
        assert answers == [["192.0.2.1"]]
        assert resolve("slow.example", 25, resolver, deadline) == ["192.0.2.1"]


@pytest.mark.parametrize("fault", [OSError("no file"), UnicodeError("label too long"), socket.gaierror(-2, "unknown")])
def test_whatever_a_resolver_does_is_one_kind_of_error(fault):
    """Names that cannot even be asked for are names without an address."""

    def resolver(_host, _port):
        raise fault

    with Deadline(10) as deadline, pytest.raises(socket.gaierror):
        resolve("odd.example", 25, resolver, deadline)


def test_the_first_that_answers_is_taken():
    """An address where nobody listens costs little, and the next one is tried."""
    with socket.create_server(("127.0.0.1", 0)) as server, Deadline(10) as deadline:
        port = server.getsockname()[1]
        with connect(["127.0.0.2", "127.0.0.1"], port, deadline) as sock:
            assert sock.getpeername() == ("127.0.0.1", port)


@pytest.fixture
def deaf_port():
    """A port that never answers: its backlog is full, so the kernel drops whoever knocks."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for filler in fillers:
            filler.close()


def test_connecting_ends_with_the_deadline(deaf_port):
    """An attempt that would take half a minute is cut short in the middle, and no further address is tried."""
    began_s = time.monotonic()
    with Deadline(0.3) as deadline:
        deadline.seconds = 120
        with pytest.raises(OSError, match=r"."):
            connect(["127.0.0.1"] * 4, deaf_port, deadline)
        assert deadline.passed
    assert time.monotonic() - began_s < 10


def test_what_is_over_is_not_begun():
    """After the deadline nobody is asked and nothing is connected."""
    with socket.create_server(("127.0.0.1", 0)) as server, Deadline(0.01) as deadline:
        deadline.wait_for(threading.Event())
        with pytest.raises(TimeoutError, match="no address answered in time"):
            connect(["127.0.0.1"], server.getsockname()[1], deadline)
