"""Kafka: a consumer group whose offsets are kept in our store, in the transaction of their events.

The group's own offsets are committed afterwards, for those who look at lag. Where both are known, ours hold: a store
that was restored from a backup goes on from where the backup was.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from trailbell.sources.errors import SourceError
from trailbell_engine.counted import counted
from trailbell_notifiers.secret import Secret

from .kafka_link import ANSWER_S, KafkaLink, KafkaPlace, Troubles, quiet
from .link import Opening, Standing

SESSION_MS = 10_000
"""After how long the cluster gives the partitions of a run that was killed to the next one."""


class KafkaBroker:
    """A Kafka cluster."""

    def __init__(
        self,
        place: KafkaPlace,
        *,
        security: str = "plaintext",
        tls_files: Mapping[str, str] | None = None,
        mechanism: str = "PLAIN",
        user: str | None = None,
        password: Secret | None = None,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            place: what is read.
            security: ``security.protocol`` of librdkafka.
            tls_files: as in the settings.
            mechanism: of SASL, where there is a user.
            user: as in the settings.
            password: as in the settings.
        """
        self._place = place
        self._security = security
        self._tls_files = tls_files or {}
        self._mechanism = mechanism
        self._user = user
        self._password = password

    def connect(self, opening: Opening) -> KafkaLink:
        """See ``Broker``."""
        return KafkaLink(self._place, self._configuration(), opening)

    def probe(self) -> Standing:
        """See ``Broker``. The group is looked at and not joined."""
        troubles = Troubles()
        consumer = Consumer(self._configuration() | {"error_cb": troubles.note, "logger": quiet()})
        try:
            partitions = self._partitions(consumer)
            waiting = sum(_lag(consumer, one) for one in consumer.committed(partitions, timeout=ANSWER_S))
        except KafkaException as error:
            consumer.poll(0)  # the call itself says that nobody answered; why not is told by the way
            raise self._place.error(troubles.cause(error.args[0])) from error
        finally:
            consumer.close()
        parts = counted(len(partitions), "partition")
        what = f"topics {', '.join(self._place.topics)} ({parts}), group {self._place.group}"
        return Standing(what, waiting, None)

    def _partitions(self, consumer: Any) -> list[Any]:
        there = consumer.list_topics(timeout=ANSWER_S).topics
        missing = [topic for topic in self._place.topics if topic not in there and not topic.startswith("^")]
        if missing:
            raise SourceError(f"Kafka at {self._place.brokers} has no topic {missing[0]!r}", "check `topics`")
        return [
            TopicPartition(topic, number)
            for topic in self._place.topics
            if topic in there
            for number in there[topic].partitions
        ]

    def _configuration(self) -> dict[str, Any]:
        names = {"ca_file": "ssl.ca.location", "cert_file": "ssl.certificate.location", "key_file": "ssl.key.location"}
        found: dict[str, Any] = {
            "bootstrap.servers": self._place.brokers,
            "group.id": self._place.group,
            "client.id": "trailbell",
            "security.protocol": self._security,
            "session.timeout.ms": SESSION_MS,
            "heartbeat.interval.ms": SESSION_MS // 3,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",  # where our place has been deleted; where the first run begins is settled
            **{names[name]: file for name, file in self._tls_files.items()},
        }
        if self._user is not None:
            found["sasl.mechanism"] = self._mechanism
            found["sasl.username"] = self._user
            found["sasl.password"] = self._password.reveal() if self._password else ""
        return found


def _lag(consumer: Any, committed: Any) -> int:
    low, high = consumer.get_watermark_offsets(committed, timeout=ANSWER_S)
    return int(high - max(low, committed.offset))
