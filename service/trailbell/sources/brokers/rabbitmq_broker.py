"""RabbitMQ: a consumer with manual acknowledgements. What was in flight when a run died goes back to its old place."""

from __future__ import annotations

import logging
import ssl
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import pika
from pika.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelClosedByBroker,
    IncompatibleProtocolError,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from trailbell.sources.errors import SourceError
from trailbell_engine.timestamps import SECOND_US
from trailbell_engine.values import Json
from trailbell_notifiers.secret import Secret

from .link import Message, Opening, Standing, Token
from .tls_words import tls_help

_CONNECT_S: Final = 5
_HEARTBEAT_S: Final = 60
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class RabbitPlace:
    """What is read, and how; see the settings in ``rabbitmq.py``."""

    host: str
    port: int
    virtual_host: str
    queue: str
    exchange: str | None
    routing_keys: tuple[str, ...]
    in_flight: int

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """What a client raises, as ``SourceError``."""
        where = f"RabbitMQ at {self.host}:{self.port}"
        try:
            yield
        except (AuthenticationError, ProbableAuthenticationError, ProbableAccessDeniedError) as error:
            raise SourceError(f"{where} refuses us", "check `user`, `password` and the virtual host") from error
        except ChannelClosedByBroker as error:
            help_ = "declare it, or give `exchange`" if error.reply_code == _NOT_FOUND else ""
            raise SourceError(f"{where}: {error.reply_text}", help_, transient=error.reply_code < 400) from error
        except IncompatibleProtocolError as error:
            raise SourceError(
                f"{where} ends the connection at once", "does it want TLS (`amqps://`)?", transient=True
            ) from error
        except (AMQPError, OSError) as error:
            words = _words(error)
            raise SourceError(f"{where}: {words}", tls_help(words), transient=True) from error


class RabbitBroker:
    """One RabbitMQ server."""

    def __init__(self, place: RabbitPlace, *, tls: ssl.SSLContext | None, user: str, password: Secret | None) -> None:
        """Prepare; nothing is asked yet. Credentials as in the settings."""
        self._place = place
        self._tls = tls
        # The client logs each failed connection in a dozen lines and two tracebacks; we tell of it once.
        logging.getLogger("pika").setLevel(logging.CRITICAL)
        self._user = user
        self._password = password

    def connect(self, opening: Opening) -> RabbitLink:  # noqa: ARG002  # the broker itself knows what is owed
        """See ``Broker``."""
        with self._place.guarded():
            connection = pika.BlockingConnection(self._parameters())
            try:
                return RabbitLink(self._place, connection)
            except BaseException:
                _close(connection)
                raise

    def probe(self) -> Standing:
        """See ``Broker``."""
        with self._place.guarded():
            connection = pika.BlockingConnection(self._parameters())
            try:
                found = connection.channel().queue_declare(self._place.queue, passive=True)
            finally:
                _close(connection)
        return Standing(f"queue {self._place.queue}", found.method.message_count, None)

    def _parameters(self) -> Any:
        secret = self._password.reveal() if self._password else ""
        return pika.ConnectionParameters(
            host=self._place.host,
            port=self._place.port,
            virtual_host=self._place.virtual_host,
            credentials=pika.PlainCredentials(self._user, secret, erase_on_connect=True),
            ssl_options=pika.SSLOptions(self._tls, self._place.host) if self._tls else None,
            heartbeat=_HEARTBEAT_S,
            socket_timeout=_CONNECT_S,
            stack_timeout=2 * _CONNECT_S,
            blocked_connection_timeout=_HEARTBEAT_S,
            connection_attempts=1,
            client_properties={"connection_name": "trailbell"},
        )


class RabbitLink:
    """A consumer at work."""

    def __init__(self, place: RabbitPlace, connection: Any) -> None:
        self._place = place
        self._connection = connection
        self._delivered: deque[Message] = deque()
        self._channel = connection.channel()
        if place.exchange is not None:
            self._channel.queue_declare(place.queue, durable=True)
            for key in place.routing_keys:
                self._channel.queue_bind(place.queue, place.exchange, key)
        self._channel.basic_qos(prefetch_count=place.in_flight)
        self._channel.basic_consume(place.queue, self._deliver)

    def receive(self, limit: int, wait_s: float) -> list[Message]:
        """See ``Link``."""
        if not self._delivered:
            with self._place.guarded():
                self._connection.process_data_events(wait_s)
            # A consumer whose queue was deleted gets no error, and nothing more.
            if not self._delivered and not self._channel.consumer_tags:
                raise SourceError(f"the queue {self._place.queue!r} is gone", transient=True)
        return [self._delivered.popleft() for _ in range(min(limit, len(self._delivered)))]

    def acknowledge(self, tokens: Sequence[Token]) -> None:
        """See ``Link``. Batches are committed in their order, so the newest token stands for all before it."""
        if tokens:
            with self._place.guarded():
                self._channel.basic_ack(tokens[-1], multiple=True)

    def checkpoint(self) -> Json | None:
        """See ``Link``: the server keeps it."""
        return None

    def caught_up(self) -> bool:
        """See ``Link``."""
        return not self.waiting() and not self._delivered

    def waiting(self) -> int | None:
        """See ``Link``."""
        with self._place.guarded():
            return int(self._channel.queue_declare(self._place.queue, passive=True).method.message_count)

    def close(self) -> None:
        """See ``Link``."""
        _close(self._connection)

    def _deliver(self, _: Any, method: Any, properties: Any, body: bytes) -> None:
        headers = {str(name).lower(): str(value) for name, value in (properties.headers or {}).items()}
        if properties.content_type:
            headers["content-type"] = properties.content_type
        # A queue has no positions. A publisher's own id of the message stands for one.
        position = f"{self._place.queue}/{properties.message_id}" if properties.message_id else ""
        time_us = None if properties.timestamp is None else int(properties.timestamp) * SECOND_US
        place = position or self._place.queue
        self._delivered.append(Message(body, headers, place, position, time_us, method.delivery_tag))


def _words(error: BaseException) -> str:
    """What is behind an error: the client wraps the system's in one or two of its own, which may say nothing."""
    inner = getattr(error, "exception", None) or next((one for one in error.args if isinstance(one, Exception)), None)
    return _words(inner) if inner is not None else str(error) or type(error).__name__


def _close(connection: Any) -> None:
    with suppress(AMQPError, OSError):  # it may be broken
        connection.close()
