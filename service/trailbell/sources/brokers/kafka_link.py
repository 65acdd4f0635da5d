"""A consumer of Kafka at work: which partitions are ours, and where in each of them we are.

Partitions come and go as other members of the group do. Wherever the store has been in a partition before, it goes on
there, whatever another member has read of it meanwhile: what that one took for done is not in this store.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, KafkaException, TopicPartition

from trailbell.sources.errors import SourceError
from trailbell_engine.counted import counted
from trailbell_engine.values import Json

from .link import Message, Opening, Token

log: Final = logging.getLogger("trailbell")

ANSWER_S: Final = 5.0
REASON_S: Final = 2.0
"""So long after the client has said that nobody answers it may still say why: that a certificate is wrong, say."""
REFUSED: Final = (
    KafkaError._AUTHENTICATION,  # noqa: SLF001  # the client's public names for its own errors begin so
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
)
_REASONS: Final = (KafkaError._SSL, KafkaError._RESOLVE)  # noqa: SLF001  # as above
"""Why a broker cannot be reached; that it cannot be is said afterwards, and says nothing more."""
_END: Final = KafkaError._PARTITION_EOF  # noqa: SLF001  # as above
_DOWN: Final = KafkaError._ALL_BROKERS_DOWN  # noqa: SLF001  # as above


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaPlace:
    """What is read; see the settings in ``kafka.py``."""

    brokers: str
    topics: tuple[str, ...]
    group: str
    from_now: bool

    def error(self, error: KafkaError) -> SourceError:
        """What a client's error means to us."""
        refused = error.code() in REFUSED
        help_ = "check `user`, `password`, `mechanism` and the rights of the user" if refused else ""
        if error.code() == _DOWN:
            help_ = "is it up, are `brokers` right, and do they want `tls` or a `user`?"
        if error.code() == KafkaError._SSL:  # noqa: SLF001  # as above
            help_ = "`tls: {ca_file: …}` names whom to trust; a broker is written by the name in its certificate"
        return SourceError(f"Kafka at {self.brokers}: {error.str()}", help_, transient=not refused)


class Troubles:
    """What the client says by the way: the one thing among it that tells why nothing comes."""

    def __init__(self) -> None:
        self._refusal: KafkaError | None = None
        self._reason: KafkaError | None = None
        self._down: KafkaError | None = None
        self._down_s = 0.0

    def note(self, error: KafkaError) -> None:
        """What only is late passes by itself, and is not kept."""
        if error.code() in _REASONS:
            self._reason = error
        if error.code() in REFUSED or error.fatal():
            self._refusal = error
        elif error.code() == _DOWN and self._down is None:
            self._down, self._down_s = error, time.monotonic()
        log.debug("Kafka: %s", error)

    def found(self) -> KafkaError | None:
        """What ends this connection, if something does. That nobody answers is believed when no reason follows it."""
        if self._refusal is None and self._down is not None:
            waited_s = time.monotonic() - self._down_s
            return self._reason or (self._down if waited_s > REASON_S else None)
        return self._refusal

    def cause(self, error: KafkaError) -> KafkaError:
        """What is behind an error that may say no more than that nobody answered."""
        return self._refusal or self._reason or error

    def pass_by(self) -> None:
        """Something came after all."""
        self._down = self._reason = None


class KafkaLink:
    """A consumer at work."""

    def __init__(self, place: KafkaPlace, configuration: Mapping[str, Any], opening: Opening) -> None:
        self._place = place
        self._next = _positions(opening.checkpoint)
        self._durable: dict[tuple[str, int], int] = {}
        """Up to where partitions are durable here, and the group has not been told."""
        self._ends: set[tuple[str, int]] = set()
        self._assigned: set[tuple[str, int]] | None = None
        self._troubles = Troubles()
        self._consumer = Consumer({**configuration, "error_cb": self._troubles.note, "logger": quiet()})
        self._consumer.subscribe(list(place.topics), on_assign=self._assign, on_revoke=self._revoke)

    def receive(self, limit: int, wait_s: float) -> list[Message]:
        """See ``Link``."""
        try:
            delivered: list[Any] = self._consumer.consume(limit, wait_s)
        except KafkaException as error:
            raise self._place.error(self._troubles.cause(error.args[0])) from error
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
                self._troubles.note(one.error())
        if found:
            self._troubles.pass_by()
        elif (trouble := self._troubles.found()) is not None:
            raise self._place.error(trouble)
        return found

    def acknowledge(self, tokens: Sequence[Token]) -> None:
        """See ``Link``. The group's offsets follow ours; whether they arrive is not waited for.

        Only of partitions that are ours: of others, the group knows by now from whom has them.
        """
        for topic, partition, offset in cast("Sequence[tuple[str, int, int]]", tokens):
            self._durable[topic, partition] = max(offset + 1, self._durable.get((topic, partition), 0))
        ready = self._durable.keys() & (self._assigned or set())
        if not ready:
            return
        offsets = [TopicPartition(*key, self._durable.pop(key)) for key in sorted(ready)]
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

    def waiting(self) -> int | None:
        """See ``Link``: of the partitions that are ours, by what their brokers said with the newest messages."""
        if self._assigned is None:
            return None
        ends = {key: self._consumer.get_watermark_offsets(TopicPartition(*key), cached=True) for key in self._assigned}
        if any(end is None or end[1] < 0 for end in ends.values()):
            return None
        return sum(max(0, end[1] - self._next[key]) for key, end in ends.items())

    def close(self) -> None:
        """See ``Link``."""
        self._consumer.close()

    def _assign(self, consumer: Any, partitions: list[Any]) -> None:
        keys = {(one.topic, one.partition) for one in partitions}
        try:
            self._next |= self._beginnings(consumer, sorted(keys - self._next.keys()))
        except KafkaException as error:
            raise self._place.error(self._troubles.cause(error.args[0])) from error
        for one in partitions:
            one.offset = self._next[one.topic, one.partition]
        consumer.assign(partitions)
        self._assigned, self._ends = keys, set()

    def _beginnings(self, consumer: Any, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], int]:
        """Where partitions begin in which the store has not been: it is settled once, and not by their first message.

        Where the group has been; else as ``from`` says. A partition that a topic gets later is read from its start.
        """
        if not keys:
            return {}
        known = {topic for topic, _ in self._next}
        found = {}
        for one in consumer.committed([TopicPartition(*key) for key in keys], timeout=ANSWER_S):
            low, high = consumer.get_watermark_offsets(one, timeout=ANSWER_S)
            first = high if self._place.from_now and one.topic not in known else low
            found[one.topic, one.partition] = one.offset if one.offset >= 0 else first
        return found

    def _revoke(self, consumer: Any, partitions: list[Any]) -> None:
        log.debug("going to other members of %s: %s", self._place.group, counted(len(partitions), "partition"))
        self._assigned = None
        consumer.unassign()


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


def quiet() -> logging.Logger:
    """Where librdkafka's own lines go: it tells of each lost connection several times, and we tell of it once."""
    quiet = logging.getLogger("trailbell.kafka.client")
    quiet.setLevel(logging.CRITICAL)
    return quiet
