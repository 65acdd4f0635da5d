"""Kafka: a consumer group whose offsets are kept in our store, in the transaction of their events.

The group's own offsets are committed afterwards, for those who look at lag. Where both are known, ours hold: a store
that was restored from a backup goes on from where the backup was.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, KafkaException, TopicPartition

from trailbell.sources.errors import SourceError
from trailbell_engine.values import Json
from trailbell_notifiers.secret import Secret

from .link import Message, Opening, Standing, Token

log: Final = logging.getLogger("trailbell")

SESSION_MS = 10_000
"""After how long the cluster gives the partitions of a run that was killed to the next one."""
_ANSWER_S: Final = 5.0
_REFUSED: Final = (
    KafkaError._AUTHENTICATION,  # noqa: SLF001  # the client's public names for its own errors begin so
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
)
_AWAY: Final = (KafkaError._ALL_BROKERS_DOWN,)  # noqa: SLF001  # as above
_END: Final = KafkaError._PARTITION_EOF  # noqa: SLF001  # as above


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaPlace:
    """What is read; see the settings in ``kafka.py``."""

    brokers: str
    topics: tuple[str, ...]
    group: str
    from_now: bool

    def error(self, error: KafkaError) -> SourceError:
        """What a client's error means to us."""
        refused = error.code() in _REFUSED
        help_ = "check `user`, `password`, `mechanism` and the rights of the user" if refused else ""
        return SourceError(f"Kafka at {self.brokers}: {error.str()}", help_, transient=not refused)


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
        configuration = self._configuration() | {"error_cb": lambda _: None, "logger": _quiet()}
        consumer = Consumer(configuration)
        try:
            partitions = self._partitions(consumer)
            waiting = sum(_lag(consumer, one) for one in consumer.committed(partitions, timeout=_ANSWER_S))
        except KafkaException as error:
            raise self._place.error(error.args[0]) from error
        finally:
            consumer.close()
        what = f"topics {', '.join(self._place.topics)} ({len(partitions)} partitions), group {self._place.group}"
        return Standing(what, waiting, None)

    def _partitions(self, consumer: Any) -> list[Any]:
        there = consumer.list_topics(timeout=_ANSWER_S).topics
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
            "auto.offset.reset": "latest" if self._place.from_now else "earliest",
            **{names[name]: file for name, file in self._tls_files.items()},
        }
        if self._user is not None:
            found["sasl.mechanism"] = self._mechanism
            found["sasl.username"] = self._user
            found["sasl.password"] = self._password.reveal() if self._password else ""
        return found


class KafkaLink:
    """A consumer at work."""

    def __init__(self, place: KafkaPlace, configuration: Mapping[str, Any], opening: Opening) -> None:
        self._place = place
        self._next: dict[tuple[str, int], int] = _positions(opening.checkpoint)
        self._ends: set[tuple[str, int]] = set()
        self._assigned: set[tuple[str, int]] | None = None
        self._trouble: KafkaError | None = None
        self._consumer = Consumer({**configuration, "error_cb": self._note, "logger": _quiet()})
        self._consumer.subscribe(list(place.topics), on_assign=self._assign, on_revoke=self._revoke)

    def receive(self, limit: int, wait_s: float) -> list[Message]:
        """See ``Link``."""
        try:
            delivered: list[Any] = self._consumer.consume(limit, wait_s)
        except KafkaException as error:
            raise self._place.error(error.args[0]) from error
        found = []
        for one in delivered:
            key = (one.topic(), one.partition())
            if one.error() is None:
                self._ends.discard(key)
                self._next[key] = one.offset() + 1
                found.append(_message(one))
            elif one.error().code() == _END:
                self._ends.add(key)
            else:
                self._note(one.error())
        if self._trouble is not None and not found:
            raise self._place.error(self._trouble)
        return found

    def acknowledge(self, tokens: Sequence[Token]) -> None:
        """See ``Link``. The group's offsets follow ours; whether they arrive is not waited for."""
        if not tokens:
            return
        reached: dict[tuple[str, int], int] = {}
        for topic, partition, offset in cast("Sequence[tuple[str, int, int]]", tokens):
            reached[topic, partition] = max(offset + 1, reached.get((topic, partition), 0))
        offsets = [TopicPartition(*key, offset) for key, offset in reached.items()]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            log.debug("offsets for Kafka's own use could not be committed: %s", error)

    def checkpoint(self) -> Json | None:
        """See ``Link``: the next offset of each partition, by topic and number."""
        found: dict[str, Json] = {}
        for (topic, partition), offset in sorted(self._next.items()):
            cast("dict[str, Json]", found.setdefault(topic, {}))[str(partition)] = offset
        return found

    def caught_up(self) -> bool:
        """See ``Link``."""
        return self._assigned is not None and self._assigned <= self._ends

    def close(self) -> None:
        """See ``Link``."""
        self._consumer.close()

    def _assign(self, consumer: Any, partitions: list[Any]) -> None:
        self._assigned = {(one.topic, one.partition) for one in partitions}
        self._ends = set()
        for one in partitions:
            known = self._next.get((one.topic, one.partition))
            if known is not None:
                one.offset = known
        consumer.assign(partitions)

    def _revoke(self, consumer: Any, partitions: list[Any]) -> None:
        log.debug("%d partitions go to other members of %s", len(partitions), self._place.group)
        self._assigned = None
        consumer.unassign()

    def _note(self, error: KafkaError) -> None:
        """What only is late passes by itself; what we must know is raised by the next ``receive``."""
        if error.code() in (*_REFUSED, *_AWAY) or error.fatal():
            self._trouble = error
        else:
            log.debug("Kafka: %s", error)


def _positions(checkpoint: Json | None) -> dict[tuple[str, int], int]:
    topics = cast("dict[str, dict[str, int]]", checkpoint or {})
    return {(topic, int(number)): offset for topic, ones in topics.items() for number, offset in ones.items()}


def _message(one: Any) -> Message:
    place = f"{one.topic()}/{one.partition()}/{one.offset()}"
    headers = {name.lower(): (value or b"").decode(errors="replace") for name, value in one.headers() or ()}
    kind, time_ms = one.timestamp()
    time_us = None if kind == TIMESTAMP_NOT_AVAILABLE else time_ms * 1000
    token = (one.topic(), one.partition(), one.offset())
    return Message(one.value() or b"", headers, place, place, time_us, token)


def _lag(consumer: Any, committed: Any) -> int:
    low, high = consumer.get_watermark_offsets(committed, timeout=_ANSWER_S)
    return int(high - max(low, committed.offset))


def _quiet() -> logging.Logger:
    """Where librdkafka's own lines go: it tells of each lost connection several times, and we tell of it once."""
    quiet = logging.getLogger("trailbell.kafka.client")
    quiet.setLevel(logging.CRITICAL)
    return quiet
