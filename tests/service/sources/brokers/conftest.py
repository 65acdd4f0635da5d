"""Real brokers on loopback, one of each for a session, and a bench for each test: a stream or queue of its own."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from .programs import eventually
from .servers import Kafka, Nats, Rabbit, Redis, write_certificate

KINDS = ("nats", "redis", "kafka", "rabbitmq")


@pytest.fixture(scope="session")
def servers(tmp_path_factory, authority):
    """A function: the running server of a kind; each is started when it is first asked for."""
    running = {}
    makers = {"nats": Nats, "redis": Redis, "rabbitmq": lambda folder: Rabbit(folder, authority)}

    def started(kind):
        server = makers[kind](tmp_path_factory.mktemp(kind) / "server")
        server.start()
        ending.callback(server.stop)
        server.ready()
        return server

    def server(kind):
        if kind not in running:
            running[kind] = ending.enter_context(Kafka()) if kind == "kafka" else started(kind)
        return running[kind]

    with ExitStack() as ending:
        yield server


@pytest.fixture(params=[pytest.param(kind, marks=pytest.mark.xdist_group(kind)) for kind in KINDS])
def bench(request, servers):
    """A fresh stream of each broker."""
    return servers(request.param).bench()


@pytest.fixture
def certificate(authority, tmp_path):
    """A folder with a server's certificate for 127.0.0.1 and its key."""
    write_certificate(authority, tmp_path, "127.0.0.1")
    return tmp_path


@pytest.fixture(scope="session")
def wait_for():
    """A function: wait until something is so."""
    return eventually


@pytest.fixture(scope="session")
def brokers():
    """The servers that a test may start by itself, with arguments of its own, by kind."""
    return {"nats": Nats, "redis": Redis}
