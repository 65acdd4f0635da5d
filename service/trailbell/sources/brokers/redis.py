"""``redis:`` below ``sources:``: a consumer group of a Redis stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from trailbell_engine.timestamps import SECOND_US
from trailbell_engine.values import Json
from trailbell_rules.schema_parts import DURATION, TEXT

from .settings import FROM, USER, broker_schema, broker_source, duration_us, require, secret, tls_context, tls_files

if TYPE_CHECKING:
    from .source import BrokerSource

SCHEMA: Final = broker_schema(
    "A Redis stream (also of Valkey and KeyDB), read by a consumer group.",
    {
        "url": (
            TEXT
            | {
                "pattern": r"^rediss?://[^/@?#]+(/\d+)?$",
                "patternErrorMessage": "an address is `redis://host:6379/0` or `rediss://…`, without credentials",
            },
            "The server's address and number of the database; `rediss://` is with TLS.",
            "rediss://redis.internal:6379/0",
        ),
        "stream": (TEXT, "The key of the stream.", "audit"),
        "group": (TEXT, "The consumer group; it is made if there is none.", "trailbell"),
        "consumer": (TEXT, "Our name in the group. Two at a time must not share one.", "trailbell"),
        "field": (TEXT, "The field of an entry that holds the event; without it, the fields are the event.", "data"),
        "from": FROM,
        "claim_after": (
            DURATION,
            "After how long what another consumer of the group left unfinished is taken over.",
            "10m",
        ),
        "user": USER,
        "password": (TEXT, "The user's password.", "${REDIS_PASSWORD}"),
    },
    required=("url", "stream"),
)
_PORT: Final = 6379


def build(name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> BrokerSource:  # noqa: ARG001  # every source is built so
    """The source; see ``SourceMaker``."""
    require("redis", "redis", "redis")
    from .redis_broker import RedisBroker, RedisPlace

    parts, files = urlsplit(str(settings["url"])), tls_files(settings)
    if files:
        tls_context(files)  # the client reads them at each connection; a mistake is found now
    broker = RedisBroker(
        RedisPlace(
            host=parts.hostname or "localhost",
            port=parts.port or _PORT,
            database=int(parts.path.removeprefix("/") or 0),
            stream=str(settings["stream"]),
            group=str(settings.get("group", "trailbell")),
            consumer=str(settings.get("consumer", "trailbell")),
            field=str(settings.get("field", "data")),
            from_now=settings.get("from") == "latest",
            claim_after_s=duration_us(str(settings.get("claim_after", "10m"))) / SECOND_US,
        ),
        tls_files=files if files or parts.scheme == "rediss" else None,
        user=None if "user" not in settings else str(settings["user"]),
        password=secret(settings, "password"),
    )
    return broker_source(name, settings, broker, once=once)
