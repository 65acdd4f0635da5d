"""``rabbitmq:`` below ``sources:``: a queue of RabbitMQ, or of another broker that speaks AMQP 0-9-1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from trailbell_engine.values import Json
from trailbell_rules.schema_parts import TEXT, TEXTS

from .settings import PREFETCH, USER, broker_schema, broker_source, require, secret, tls_context, tls_files

if TYPE_CHECKING:
    from .source import BrokerSource

SCHEMA: Final = broker_schema(
    "A queue of RabbitMQ.",
    {
        "url": (
            TEXT
            | {
                "pattern": r"^amqps?://[^/@?#]+(/[^/?#]*)?$",
                "patternErrorMessage": "an address is `amqp://host:5672/vhost` or `amqps://…`, without credentials",
            },
            "The server's address and virtual host (`/` if not given); `amqps://` is with TLS.",
            "amqps://rabbit.internal:5671/audit",
        ),
        "queue": (TEXT, "The queue. It must exist, unless `exchange` is given.", "audit"),
        "exchange": (TEXT, "Make the queue, durable, and bind it to this exchange.", "audit"),
        "routing_keys": (TEXTS | {"minItems": 1}, "What the queue is bound with.", ["#"]),
        "user": USER,
        "password": (TEXT, "The user's password.", "${RABBITMQ_PASSWORD}"),
    },
    required=("url", "queue"),
)
_PORTS: Final = {"amqp": 5672, "amqps": 5671}


def build(name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> BrokerSource:  # noqa: ARG001  # every source is built so
    """The source; see ``SourceMaker``."""
    require("pika", "pika", "rabbitmq")
    from .rabbitmq_broker import RabbitBroker, RabbitPlace

    parts, files = urlsplit(str(settings["url"])), tls_files(settings)
    keys = settings.get("routing_keys", ["#"])
    broker = RabbitBroker(
        RabbitPlace(
            host=parts.hostname or "localhost",
            port=parts.port or _PORTS[parts.scheme],
            virtual_host=unquote(parts.path.removeprefix("/")) or "/",
            queue=str(settings["queue"]),
            exchange=None if "exchange" not in settings else str(settings["exchange"]),
            routing_keys=tuple(map(str, keys)) if isinstance(keys, list) else (),
            in_flight=int(str(settings.get("prefetch", PREFETCH))),
        ),
        tls=tls_context(files) if files or parts.scheme == "amqps" else None,
        user=str(settings.get("user", "guest")),
        password=secret(settings, "password"),
    )
    return broker_source(name, settings, broker, once=once)
