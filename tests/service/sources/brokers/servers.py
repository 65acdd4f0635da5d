"""Real brokers on loopback; each makes benches, streams or queues of its own."""

from __future__ import annotations

import asyncio
import itertools

from trailbell.testing.kafka import KafkaCluster

from .benches import KafkaBench, NatsBench, RabbitBench, RedisBench
from .programs import Server, eventually, free_port, program, works

RABBIT = """
loopback_users = none
listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.cacertfile = {folder}/ca.pem
ssl_options.certfile = {folder}/cert.pem
ssl_options.keyfile = {folder}/key.pem
ssl_options.verify = verify_none
"""
_names = itertools.count(1)


def write_certificate(authority, folder, name):
    """A certificate for a name, and its key, as `cert.pem` and `key.pem`."""
    issued = authority.issue_cert(name)
    issued.private_key_pem.write_to_path(str(folder / "key.pem"))
    issued.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))


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

        eventually(lambda: works(lambda: asyncio.run(ask())))

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

        eventually(lambda: works(ping))

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

        eventually(lambda: works(connect), pause_s=0.2)

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
