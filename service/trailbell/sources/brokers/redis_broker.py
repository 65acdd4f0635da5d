"""Redis Streams: a consumer group. What we had not finished comes first, then what others left lying, then the new."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson
import redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError
from redis.retry import Retry

from trailbell.sources.errors import SourceError
from trailbell_engine.values import Json
from trailbell_notifiers.secret import Secret

from .link import Message, Opening, Standing, Token
from .tls_words import tls_help

_CONNECT_S: Final = 5
_ANSWER_S: Final = 5
_CLAIM_EVERY_S: Final = 60.0

_Entry: TypeAlias = tuple[bytes, dict[bytes, bytes] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisPlace:
    """What is read, and how; see the settings in ``redis.py``."""

    host: str
    port: int
    database: int
    stream: str
    group: str
    consumer: str
    field: str
    from_now: bool
    claim_after_s: float

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """What a client raises, as ``SourceError``."""
        where = f"Redis at {self.host}:{self.port}"
        try:
            yield
        except (AuthenticationError, NoPermissionError) as error:
            raise SourceError(f"{where}: {error}", "check `user`, `password` and the rights of the user") from error
        except ResponseError as error:
            # A group or a stream that is gone is made again by a new link.
            raise SourceError(
                f"{where}: {error}", f"is {self.stream!r} a stream?", transient="NOGROUP" in str(error)
            ) from error
        except (RedisError, OSError) as error:
            raise SourceError(f"{where}: {error}", tls_help(str(error)), transient=True) from error


class RedisBroker:
    """One Redis server."""

    def __init__(
        self,
        place: RedisPlace,
        *,
        tls_files: Mapping[str, str] | None = None,
        user: str | None = None,
        password: Secret | None = None,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            place: what is read.
            tls_files: as in the settings; None is without TLS.
            user: as in the settings.
            password: as in the settings.
        """
        self._place = place
        self._tls_files = tls_files
        self._user = user
        self._password = password

    def connect(self, opening: Opening) -> RedisLink:
        """See ``Broker``. The group, and the stream, are made if there are none."""
        return RedisLink(self._place, self._client, opening)

    def probe(self) -> Standing:
        """See ``Broker``."""
        place = self._place
        with place.guarded(), self._client() as client:
            what = f"stream {place.stream}, group {place.group}"
            if not client.exists(place.stream):
                client.ping()
                return Standing(f"{what} (no such stream yet)", 0, None)
            group = _group(client, place)
            if group is None:
                return Standing(f"{what} (not made yet)", int(client.xlen(place.stream)), None)
            return Standing(what, group.get("lag"), group["pending"])

    def _client(self) -> redis.Redis:
        tls: dict[str, Any] = {}
        if self._tls_files is not None:
            names = {"ca_file": "ssl_ca_certs", "cert_file": "ssl_certfile", "key_file": "ssl_keyfile"}
            tls = {"ssl": True, "ssl_cert_reqs": "required", "ssl_check_hostname": True} | {
                names[name]: file for name, file in self._tls_files.items()
            }
        return redis.Redis(
            host=self._place.host,
            port=self._place.port,
            db=self._place.database,
            username=self._user,
            password=self._password.reveal() if self._password else None,
            client_name="trailbell",
            protocol=2,  # answers of one shape, whatever the server's version
            socket_connect_timeout=_CONNECT_S,
            socket_timeout=_ANSWER_S,
            retry=Retry(NoBackoff(), 0),  # a broken link is made anew by whoever reads
            **tls,
        )


class RedisLink:
    """A consumer at work."""

    def __init__(self, place: RedisPlace, connect: Callable[[], redis.Redis], opening: Opening) -> None:
        self._place = place
        self._unfinished: bytes | None = b"0"
        """From where on entries that were delivered to us before are asked for again; None when there are no more."""
        self._claim_s = 0.0
        with place.guarded():
            self._client = connect()
            try:
                self._prepare(opening)
            except BaseException:
                self._client.close()
                raise

    def receive(self, limit: int, wait_s: float) -> list[Message]:
        """See ``Link``."""
        with self._place.guarded():
            entries = self._unfinished_entries(limit) or self._left_lying(limit) or self._new(limit, wait_s)
        return [self._message(*entry) for entry in entries]

    def acknowledge(self, tokens: Sequence[Token]) -> None:
        """See ``Link``."""
        if tokens:
            with self._place.guarded():
                self._client.xack(self._place.stream, self._place.group, *map(str, tokens))

    def checkpoint(self) -> Json | None:
        """See ``Link``: the server keeps it."""
        return None

    def caught_up(self) -> bool:
        """See ``Link``."""
        with self._place.guarded():
            group: Any = _group(self._client, self._place)
            stream: Any = self._client.xinfo_stream(self._place.stream)
        return bool(
            group is not None and not group["pending"] and group["last-delivered-id"] == stream["last-generated-id"]
        )

    def waiting(self) -> int | None:
        """See ``Link``. Redis does not say where entries in the middle of the stream were deleted."""
        with self._place.guarded():
            group = _group(self._client, self._place)
        return None if group is None else group.get("lag")

    def close(self) -> None:
        """See ``Link``."""
        self._client.close()

    def _prepare(self, opening: Opening) -> None:
        try:
            self._client.xgroup_create(
                self._place.stream, self._place.group, "$" if self._place.from_now else "0", mkstream=True
            )
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        if opening.owed:
            self._client.xack(self._place.stream, self._place.group, *map(str, opening.owed))

    def _unfinished_entries(self, limit: int) -> list[_Entry]:
        if self._unfinished is None:
            return []
        entries = self._read(self._unfinished, limit, None)
        self._unfinished = entries[-1][0] if entries else None
        return entries

    def _left_lying(self, limit: int) -> list[_Entry]:
        """What consumers that died had not finished; looked for now and then."""
        if time.monotonic() < self._claim_s:
            return []
        self._claim_s = time.monotonic() + _CLAIM_EVERY_S
        place = self._place
        claimed: Any = self._client.xautoclaim(
            place.stream, place.group, place.consumer, int(place.claim_after_s * 1000), "0-0", limit
        )
        return list(claimed[1])

    def _new(self, limit: int, wait_s: float) -> list[_Entry]:
        return self._read(b">", limit, max(1, int(wait_s * 1000)))

    def _read(self, after: bytes, limit: int, block_ms: int | None) -> list[_Entry]:
        place = self._place
        answer: Any = self._client.xreadgroup(place.group, place.consumer, {place.stream: after}, limit, block_ms)
        return list(answer[0][1]) if answer else []

    def _message(self, entry_id: bytes, fields: dict[bytes, bytes] | None) -> Message:
        token = entry_id.decode()
        texts = {_text(name): _text(value) for name, value in (fields or {}).items()}
        # An entry that was trimmed from the stream before it was finished has no fields: an empty message, kept aside.
        if fields and self._place.field.encode() not in fields:
            body, headers = orjson.dumps(texts), {}
        else:
            body = (fields or {}).get(self._place.field.encode(), b"")
            headers = {name.lower(): value for name, value in texts.items() if name != self._place.field}
        place = f"{self._place.stream}/{token}"
        # The first part of an id is the server's clock in milliseconds, unless whoever added the entry chose the id.
        return Message(body, headers, place, place, int(token.partition("-")[0]) * 1000 or None, token)


def _group(client: redis.Redis, place: RedisPlace) -> dict[str, Any] | None:
    groups: Any = client.xinfo_groups(place.stream)
    return next((group for group in groups if _text(group["name"]) == place.group), None)


def _text(value: bytes | str) -> str:
    return value.decode(errors="backslashreplace") if isinstance(value, bytes) else value
