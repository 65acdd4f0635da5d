"""``nats:`` below ``sources:``: a durable pull consumer of a NATS JetStream stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from trailbell_engine.timestamps import SECOND_US
from trailbell_engine.values import Json
from trailbell_rules.schema_parts import DURATION, TEXT

from .settings import FROM, PREFETCH, USER, broker_schema, broker_source, duration_us, require, secret, tls_files

if TYPE_CHECKING:
    from .source import BrokerSource

SCHEMA: Final = broker_schema(
    "A NATS JetStream stream, read by a durable consumer.",
    {
        "url": (
            TEXT
            | {
                "pattern": "^(nats|tls)://[^/@?#]+$",
                "patternErrorMessage": "an address is `nats://host:4222` or `tls://host:4222`, without credentials",
            },
            "The server's address; `tls://` where it wants TLS.",
            "nats://nats.internal:4222",
        ),
        "stream": (TEXT, "The stream. It must exist.", "AUDIT"),
        "subject": (TEXT, "Only messages of this subject; wildcards go.", "audit.>"),
        "consumer": (TEXT, "The durable consumer; it is made if there is none.", "trailbell"),
        "from": FROM,
        "ack_wait": (DURATION, "After how long the server delivers again what was not acknowledged.", "10s"),
        "user": USER,
        "password": (TEXT, "The user's password.", "${NATS_PASSWORD}"),
        "token": (TEXT, "A token, where the server wants one.", "${NATS_TOKEN}"),
        "credentials_file": (TEXT, "A .creds file with a JWT and its key.", "/run/secrets/trailbell.creds"),
    },
    required=("url", "stream"),
)


def build(name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> BrokerSource:  # noqa: ARG001  # every source is built so
    """The source; see ``SourceMaker``."""
    require("nats", "nats-py", "nats")
    from .nats_broker import NatsBroker, NatsPlace
    from .recalling import RecallingSource
    from .settings import tls_context

    url, files = str(settings["url"]), tls_files(settings)
    broker = NatsBroker(
        NatsPlace(
            url=url,
            stream=str(settings["stream"]),
            consumer=str(settings.get("consumer", "trailbell")),
            subject=None if "subject" not in settings else str(settings["subject"]),
            from_now=settings.get("from") == "latest",
            ack_wait_s=duration_us(str(settings.get("ack_wait", "10s"))) / SECOND_US,
            in_flight=int(str(settings.get("prefetch", PREFETCH))),
        ),
        tls=tls_context(files) if files or url.startswith("tls://") else None,
        user=None if "user" not in settings else str(settings["user"]),
        password=secret(settings, "password"),
        token=secret(settings, "token"),
        credentials_file=None if "credentials_file" not in settings else str(settings["credentials_file"]),
    )
    return broker_source(name, settings, broker, once=once, make=RecallingSource)
