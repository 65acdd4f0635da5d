"""NATS JetStream: a durable pull consumer with explicit acknowledgements.

What was in flight when a run died is delivered again only after the consumer's ``ack_wait``, behind newer messages. So
a new link waits that long before it asks for anything if something is in flight: the order of the stream is kept.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoServersError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy
from nats.js.errors import NotFoundError, ServiceUnavailableError

from trailbell.sources.errors import SourceError
from trailbell_engine.counted import counted
from trailbell_engine.timestamps import from_datetime
from trailbell_engine.values import Json
from trailbell_notifiers.secret import Secret

from .link import Message, Opening, Standing, Token
from .tls_words import tls_help

log: Final = logging.getLogger("trailbell")

_CONNECT_S: Final = 5
ANSWER_S: Final = 5.0
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsPlace:
    """What is read, and how; see the settings in ``nats.py``."""

    url: str
    stream: str
    consumer: str
    subject: str | None
    from_now: bool
    ack_wait_s: float
    in_flight: int

    def error(self, error: BaseException) -> SourceError:
        """What a client's error means to us."""
        words = str(error).removeprefix("nats: ").strip("'") or type(error).__name__
        refused = "authorization" in words.lower() or "permissions" in words.lower()
        help_ = "check `user` and `password`, `token` or `credentials_file`" if refused else tls_help(words)
        return SourceError(f"NATS at {self.url}: {words}", help_, transient=not refused)


class NatsBroker:
    """A NATS server with JetStream."""

    def __init__(
        self,
        place: NatsPlace,
        *,
        tls: ssl.SSLContext | None = None,
        user: str | None = None,
        password: Secret | None = None,
        token: Secret | None = None,
        credentials_file: str | None = None,
    ) -> None:
        """Prepare; nothing is asked yet. Credentials as in the settings."""
        self._place = place
        self._tls = tls
        self._user = user
        self._password = password
        self._token = token
        self._credentials_file = credentials_file

    def connect(self, opening: Opening) -> NatsLink:
        """See ``Broker``. The consumer is made if there is none."""
        runner = asyncio.Runner()
        try:
            return NatsLink(self._place, runner, self._client, opening)
        except BaseException:
            runner.close()
            raise

    def taken(self, since_us: int) -> Generator[list[Message], None, None]:
        """See ``RecallingBroker``."""
        from .nats_past import taken

        return taken(self._place, self._client, since_us)

    def probe(self) -> Standing:
        """See ``Broker``."""
        with asyncio.Runner() as runner:
            return guarded(self._place, runner, self._standing())

    async def _standing(self) -> Standing:
        client = await self._client()
        try:
            stream = client.jetstream(timeout=ANSWER_S)
            what = f"stream {self._place.stream}, consumer {self._place.consumer}"
            found = await find_consumer(stream, self._place)
            if found is None:
                state = (await stream.stream_info(self._place.stream)).state
                return Standing(f"{what} (not made yet)", state.messages, None)
            return Standing(what, found.num_pending, found.num_ack_pending)
        finally:
            await client.close()

    async def _client(self) -> Client:
        troubles: list[Exception] = []

        async def note(error: Exception) -> None:
            log.debug("NATS: %s", error)
            troubles.append(error)

        try:
            async with asyncio.timeout(2 * _CONNECT_S):
                return await nats.connect(
                    self._place.url,
                    name="trailbell",
                    allow_reconnect=False,  # a broken link is made anew by whoever reads, with what is durable in mind
                    max_reconnect_attempts=1,  # the client counts attempts for the first connection, too
                    reconnect_time_wait=0,
                    connect_timeout=_CONNECT_S,
                    error_cb=note,
                    tls=self._tls,
                    user=self._user,
                    password=self._password.reveal() if self._password else None,
                    token=self._token.reveal() if self._token else None,
                    user_credentials=self._credentials_file,
                )
        except NoServersError:  # says nothing of why
            raise (troubles or [NatsError("no answer")])[-1] from None


class NatsLink:
    """A connection with its own event loop, which runs while something is asked."""

    def __init__(
        self,
        place: NatsPlace,
        runner: asyncio.Runner,
        connect: Callable[[], Coroutine[Any, Any, Client]],
        opening: Opening,
    ) -> None:
        self._place = place
        self._runner = runner
        self._client: Client = self._run(connect())
        try:
            self._stream = self._client.jetstream(timeout=ANSWER_S)
            self._run(self._prepare(opening))
        except BaseException:
            self._run(self._client.close())
            raise

    def receive(self, limit: int, wait_s: float) -> list[Message]:
        """See ``Link``."""
        return [message_of(one) for one in self._run(self._fetch(limit, wait_s))]

    def acknowledge(self, tokens: Sequence[Token]) -> None:
        """See ``Link``."""
        if tokens:
            self._run(self._acknowledge(tokens))

    def checkpoint(self) -> Json | None:
        """See ``Link``: the server keeps it."""
        return None

    def caught_up(self) -> bool:
        """See ``Link``."""
        info = self._info()
        return not info.num_pending and not info.num_ack_pending

    def waiting(self) -> int | None:
        """See ``Link``."""
        return self._info().num_pending

    def close(self) -> None:
        """See ``Link``."""
        try:
            self._run(self._close())
        except SourceError:
            log.debug("the connection to %s was gone before it was closed", self._place.url)
        finally:
            self._runner.close()

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return guarded(self._place, self._runner, work)

    def _info(self) -> ConsumerInfo:
        info: ConsumerInfo = self._run(self._stream.consumer_info(self._place.stream, self._place.consumer))
        return info

    async def _prepare(self, opening: Opening) -> None:
        await self._acknowledge(opening.owed)
        info = await find_consumer(self._stream, self._place) or await self._make()
        if info.num_ack_pending:
            wait_s = info.config.ack_wait or self._place.ack_wait_s
            log.info("in flight at %s, to come first: %s", self._place.url, counted(info.num_ack_pending, "message"))
            await self._wait(wait_s, opening.stopped)
        self._subscription = await self._stream.pull_subscribe_bind(self._place.consumer, self._place.stream)

    async def _make(self) -> ConsumerInfo:
        place = self._place
        return await self._stream.add_consumer(
            place.stream,
            ConsumerConfig(
                durable_name=place.consumer,
                deliver_policy=DeliverPolicy.NEW if place.from_now else DeliverPolicy.ALL,
                ack_policy=AckPolicy.EXPLICIT,
                ack_wait=place.ack_wait_s,
                max_ack_pending=place.in_flight,
                filter_subject=place.subject,
            ),
        )

    async def _wait(self, seconds: float, stopped: Callable[[], bool]) -> None:
        until_s = time.monotonic() + seconds
        # The stop comes from another thread, which has no event of this loop to set.
        while time.monotonic() < until_s and not stopped() and self._client.is_connected:  # noqa: ASYNC110  # see above
            await asyncio.sleep(0.1)

    async def _fetch(self, limit: int, wait_s: float) -> list[Msg]:
        try:
            return await self._subscription.fetch(limit, wait_s)
        except TimeoutError:
            if not self._client.is_connected:
                raise NatsError("the connection is lost") from None
            return []

    async def _acknowledge(self, tokens: Sequence[Token]) -> None:
        for token in tokens:
            await self._client.publish(str(token), b"+ACK")

    async def _close(self) -> None:
        if self._client.is_connected:
            await self._client.flush(timeout=2)
        await self._client.close()


def message_of(one: Msg) -> Message:
    """What was delivered, as all brokers give it."""
    about = one.metadata
    headers = {name.lower(): value for name, value in (one.headers or {}).items()}
    place = f"{about.stream}/{about.sequence.stream}"
    position = headers.get("nats-msg-id") or place
    return Message(one.data, headers, place, position, from_datetime(about.timestamp), one.reply)


def guarded(place: NatsPlace, runner: asyncio.Runner, work: Coroutine[Any, Any, _T]) -> _T:
    """Run it to its end.

    Raises:
        SourceError: for whatever the client raises.
    """
    try:
        return runner.run(work)
    except (NatsError, TimeoutError, OSError) as error:
        raise place.error(error) from error


async def find_consumer(stream: JetStreamContext, place: NatsPlace) -> ConsumerInfo | None:
    """The durable consumer; None if there is none.

    Raises:
        SourceError: if there is no such stream, or no JetStream.
    """
    try:
        await stream.stream_info(place.stream)
    except NotFoundError:
        raise SourceError(
            f"NATS at {place.url} has no stream {place.stream!r}", f"nats stream add {place.stream}"
        ) from None
    except ServiceUnavailableError:
        raise SourceError(
            f"NATS at {place.url} has no JetStream now", "start nats-server with -js", transient=True
        ) from None
    try:
        found: ConsumerInfo = await stream.consumer_info(place.stream, place.consumer)
    except NotFoundError:
        return None
    return found
