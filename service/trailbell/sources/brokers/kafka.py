"""``kafka:`` below ``sources:``: topics of a Kafka cluster, read as a consumer group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from trailbell.sources.kinds import SettingsError
from trailbell_engine.timestamps import MINUTE_US
from trailbell_engine.values import Json
from trailbell_rules.schema_parts import TEXT, TEXTS

from .settings import FROM, USER, broker_schema, broker_source, require, secret, tls_context, tls_files

if TYPE_CHECKING:
    from .source import BrokerSource

LATENESS_US: Final = MINUTE_US
"""Partitions are read side by side, and one of them may be ahead."""
SCHEMA: Final = broker_schema(
    "Topics of a Kafka cluster (also of Redpanda), read as a consumer group.",
    {
        "brokers": (
            TEXTS
            | {
                "minItems": 1,
                "items": TEXT
                | {"pattern": r"^[^\s,@/]+:\d+$", "patternErrorMessage": "a broker is written `host:9092`"},
            },
            "Some of the brokers; the others are found.",
            ["kafka-1.internal:9092", "kafka-2.internal:9092"],
        ),
        "topics": (TEXTS | {"minItems": 1}, "The topics; one that begins with `^` is a pattern.", ["audit"]),
        "group": (TEXT, "The consumer group. It belongs to one state folder.", "trailbell"),
        "from": FROM,
        "security": (
            {"enum": ["plaintext", "tls", "sasl_plaintext", "sasl_tls"]},
            "How the brokers are talked to. With `tls` it is `tls`, with a user `sasl_tls`, else `plaintext`.",
            "sasl_tls",
        ),
        "mechanism": ({"enum": ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]}, "How we prove who we are.", "PLAIN"),
        "user": USER,
        "password": (TEXT, "The user's password.", "${KAFKA_PASSWORD}"),
    },
    required=("brokers", "topics"),
) | {"dependentRequired": {"user": ["password"], "password": ["user"], "mechanism": ["user"]}}


def build(name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> BrokerSource:  # noqa: ARG001  # every source is built so
    """The source; see ``SourceMaker``."""
    require("confluent_kafka", "confluent-kafka", "kafka")
    from .kafka_broker import KafkaBroker
    from .kafka_link import KafkaPlace

    security, files = _security(settings), tls_files(settings)
    if files:
        tls_context(files)  # the client reads them at the first connection; a mistake is found now
    broker = KafkaBroker(
        KafkaPlace(
            brokers=",".join(_texts(settings["brokers"])),
            topics=_texts(settings["topics"]),
            group=str(settings.get("group", "trailbell")),
            from_now=settings.get("from") == "latest",
        ),
        security=security.replace("tls", "ssl"),
        tls_files=files,
        mechanism=str(settings.get("mechanism", "PLAIN")),
        user=None if "user" not in settings else str(settings["user"]),
        password=secret(settings, "password"),
    )
    return broker_source(name, settings, broker, once=once, lateness_us=LATENESS_US)


def _security(settings: Mapping[str, Json]) -> str:
    """How the brokers are talked to. A password goes over TLS unless somebody says otherwise.

    Raises:
        SettingsError: if other settings would have no effect, or are missing.
    """
    usual = "sasl_tls" if "user" in settings else "tls" if "tls" in settings else "plaintext"
    found = str(settings.get("security", usual))
    if found.startswith("sasl") and "user" not in settings:
        raise SettingsError(f"`security: {found}` needs a `user` and a `password`", "add them, or write `tls`")
    if not found.startswith("sasl") and "user" in settings:
        raise SettingsError(f"with `security: {found}` the `user` is not sent", "write `sasl_tls`")
    if not found.endswith("tls") and "tls" in settings:
        raise SettingsError(
            f"with `security: {found}` nothing is encrypted, and `tls` is not used", "leave one of them out"
        )
    return found


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)
