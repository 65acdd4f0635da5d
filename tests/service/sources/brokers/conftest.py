"""Real brokers on loopback, one of each for a session, and a bench for each test: a stream or queue of its own."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, contextmanager, suppress

import pytest

from trailbell.clock import now_us
from trailbell.sources.kinds import maker_of
from trailbell.testing.kafka import KafkaCluster
from trailbell_engine.timestamps import MINUTE_US, format_time

READY_S = 90
BEGAN_US = now_us() - MINUTE_US
KINDS = ("nats", "redis", "kafka", "rabbitmq")
RABBIT = """
loopback_users = none
listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.cacertfile = {folder}/ca.pem
ssl_options.certfile = {folder}/cert.pem
ssl_options.keyfile = {folder}/key.pem
ssl_options.verify = verify_none
"""
_names = itertools.count(1)


def missing(what):
    """Skip, or fail where everything has to be there."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{what} is not installed")


def program(name):
    """Where a program of the system is. Debian's own `rabbitmq-server` changes to a user that has no place here."""
    return shutil.which(name, path=f"/usr/lib/rabbitmq/bin:{os.environ['PATH']}:/usr/sbin") or missing(name)


def free_port():
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition, seconds=READY_S, pause_s=0.02):
    """Wait until something is so, and give it."""
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        found = condition()
        if found:
            return found
        time.sleep(pause_s)
    raise AssertionError(f"not within {seconds} s")


def write_certificate(authority, folder, name):
    """A certificate for a name, and its key, as `cert.pem` and `key.pem`."""
    issued = authority.issue_cert(name)
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))


class Server:
    """A program that listens at a port of its own and keeps its data in a folder over restarts."""

    def __init__(self, folder, command, environment=None):
        self.port = free_port()
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._command = [part.format(port=self.port, folder=folder) for part in command]
        self._environment = os.environ | {
            name: value.format(port=self.port, folder=folder) for name, value in (environment or {}).items()
        }
        self._process = None

    def start(self):
        """Start it; it may not be ready yet."""
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def stop(self):
        """Stop it and wait for its end."""
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Nats(Server):
    """nats-server with JetStream."""

    def __init__(self, folder, *more):
        super().__init__(
            folder, [program("nats-server"), "-js", "-a", "127.0.0.1", "-p", "{port}", "-sd", "{folder}", *more]
        )

    def ready(self, **options):
        async def ask():
            import nats

            client = await nats.connect(
                f"nats://127.0.0.1:{self.port}", allow_reconnect=False, connect_timeout=2, **options
            )
            await client.jetstream().account_info()
            await client.close()

        eventually(lambda: _works(lambda: asyncio.run(ask())))

    def bench(self, **more):
        name = f"S{next(_names)}"
        bench = NatsBench("nats", self, name, {"url": f"nats://127.0.0.1:{self.port}", "stream": name} | more)
        bench.make()
        return bench


class Redis(Server):
    """redis-server that writes everything down at once."""

    def __init__(self, folder, *more):
        super().__init__(
            folder,
            [
                program("redis-server"),
                *("--bind", "127.0.0.1", "--port", "{port}", "--dir", "{folder}", "--save", ""),
                *("--appendonly", "yes", "--appendfsync", "always", *more),
            ],
        )

    def ready(self, **options):
        import redis

        def ping():
            with redis.Redis("127.0.0.1", self.port, **options) as client:
                return client.ping()

        eventually(lambda: _works(ping))

    def bench(self, **more):
        name = f"s{next(_names)}"
        return RedisBench("redis", self, name, {"url": f"redis://127.0.0.1:{self.port}/0", "stream": name} | more)


class Rabbit(Server):
    """rabbitmq-server: one node, without the port mapper of Erlang."""

    def __init__(self, folder, authority):
        self.tls_port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        write_certificate(authority, folder, "127.0.0.1")
        (folder / "enabled_plugins").write_text("[].\n")
        (folder / "rabbitmq.conf").write_text(RABBIT.format(port=self.tls_port, folder=folder))
        super().__init__(
            folder,
            [program("rabbitmq-server")],
            {
                "HOME": "{folder}",
                "RABBITMQ_NODENAME": "t{port}@localhost",
                "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
                "RABBITMQ_NODE_PORT": "{port}",
                "RABBITMQ_DIST_PORT": str(free_port()),
                "RABBITMQ_MNESIA_BASE": "{folder}/data",
                "RABBITMQ_LOG_BASE": "{folder}/log",
                "RABBITMQ_CONFIG_FILE": "{folder}/rabbitmq.conf",
                "RABBITMQ_ENABLED_PLUGINS_FILE": "{folder}/enabled_plugins",
                "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+sbwt none +S 1:1",
            },
        )

    def ready(self):
        def connect():
            import pika

            pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port, socket_timeout=2)).close()
            return True

        eventually(lambda: _works(connect), pause_s=0.2)

    def bench(self, **more):
        name = f"q{next(_names)}"
        settings = {"url": f"amqp://127.0.0.1:{self.port}/", "queue": name, "user": "guest", "password": "guest"}
        bench = RabbitBench("rabbitmq", self, name, settings | more)
        bench.make()
        return bench


class Kafka(KafkaCluster):
    """A cluster without TLS and users, in this process."""

    def bench(self, *, partitions=1, **more):
        name = f"t{next(_names)}"
        self.make_topic(name, partitions)
        return KafkaBench("kafka", self, name, {"brokers": [self.brokers], "topics": [name], "group": name} | more)


class Bench:
    """One stream of one broker: what is published to it, and the source that reads it."""

    def __init__(self, kind, server, name, settings):
        self.kind = kind
        self.server = server
        self.name = name
        self.settings = settings

    def source(self, *, once=False, **settings):
        """A source as the configuration builds it."""
        return maker_of(self.kind).build("audit", self.settings | settings, {}, once=once)

    def publish_events(self, numbers, **fields):
        """Events with these numbers for ids, a millisecond apart."""
        self.publish([json.dumps(event_of(number) | fields).encode() for number in numbers])

    def away(self):
        """The broker goes away."""
        self.server.stop()

    def back(self):
        """And comes back with what it had."""
        self.server.start()
        self.server.ready()


class NatsBench(Bench):
    """A JetStream stream on disk."""

    def make(self):
        async def make(stream):
            from nats.js.api import StreamConfig

            await stream.add_stream(StreamConfig(name=self.name, subjects=[f"{self.name}.>"]))

        self._ask(make)

    def publish(self, bodies, headers=None):
        async def publish(stream):
            for body in bodies:
                await stream.publish(f"{self.name}.x", body, headers=headers)

        self._ask(publish)

    def source(self, *, once=False, **settings):
        return super().source(once=once, **({"ack_wait": "1s"} | settings))

    def _ask(self, work):
        async def ask():
            import nats

            client = await nats.connect(f"nats://127.0.0.1:{self.server.port}", allow_reconnect=False)
            try:
                await work(client.jetstream())
            finally:
                await client.close()

        asyncio.run(ask())


class RedisBench(Bench):
    """A stream."""

    def publish(self, bodies, headers=None):
        import redis

        with redis.Redis("127.0.0.1", self.server.port) as client:
            for body in bodies:
                client.xadd(self.name, {"data": body} | (headers or {}))


class RabbitBench(Bench):
    """A durable queue."""

    def make(self):
        with self._channel() as channel:
            channel.queue_declare(self.name, durable=True)

    def publish(self, bodies, headers=None):
        import pika

        with self._channel() as channel:
            channel.confirm_delivery()
            for body in bodies:
                properties = pika.BasicProperties(delivery_mode=2, headers=headers)
                channel.basic_publish("", self.name, body, properties)

    @contextmanager
    def _channel(self):
        import pika

        connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.server.port))
        try:
            yield connection.channel()
        finally:
            connection.close()


class KafkaBench(Bench):
    """A topic. The mock cluster waits for a whole session when a member leaves, so it is short."""

    def source(self, *, once=False, **settings):
        from trailbell.sources.brokers import kafka_broker

        kafka_broker.SESSION_MS = 1_000
        return super().source(once=once, **settings)

    def publish(self, bodies, headers=None):
        from confluent_kafka import Producer

        failed = []
        producer = Producer({"bootstrap.servers": self.server.brokers, "linger.ms": 0})
        for body in bodies:
            producer.produce(
                self.name, body, headers=headers, on_delivery=lambda error, _: failed.append(error) if error else None
            )
        assert producer.flush(30) == 0
        assert failed == []

    def away(self):
        self.server.set_up(up=False)

    def back(self):
        self.server.set_up(up=True)


def event_of(number):
    """An event as an application might publish it: of now, since a source that has caught up says what time it is."""
    at = format_time(BEGAN_US + number * 1_000)
    return {"id": f"e{number}", "event_type": "LOGIN", "time": at, "user": f"user{number % 7}", "pair": number // 2}


def _works(action):
    with suppress(Exception):
        return action() is not False
    return False


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
