"""A stream or queue of one broker: what is published to it, and the source that reads it."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager

from trailbell.clock import now_us
from trailbell.sources.kinds import maker_of
from trailbell_engine.timestamps import MINUTE_US, format_time

BEGAN_US = now_us() - MINUTE_US


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
