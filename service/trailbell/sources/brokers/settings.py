"""What all brokers have in common below ``sources:``: how messages are read, how many at once, TLS."""

from __future__ import annotations

import importlib
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from trailbell.sources.errors import SourceError
from trailbell.sources.kinds import SettingsError
from trailbell_engine.durations import parse_duration
from trailbell_engine.system_errors import system_words
from trailbell_engine.timestamps import SECOND_US
from trailbell_engine.values import Json
from trailbell_notifiers.secret import Secret
from trailbell_rules.schema_parts import DURATION_OR_ZERO, TEXT, described, mapping

if TYPE_CHECKING:
    from .link import Broker
    from .payload import Form
    from .source import BrokerSource

PREFETCH: Final = 500
LATENESS_US: Final = 5 * SECOND_US
USER: Final = (TEXT, "Who we are to the broker.", "trailbell")
FROM: Final = (
    {"enum": ["earliest", "latest"]},
    "Where the very first run begins: with all that is there, or with what comes from then on.",
    "earliest",
)


def broker_schema(
    description: str,
    own: Mapping[str, tuple[Mapping[str, Any], str, Any]],
    *,
    required: Sequence[str],
) -> dict[str, Any]:
    """The JSON Schema of a broker's settings.

    Args:
        description: what it reads.
        own: the broker's own settings: schema, description, example.
        required: of its own settings.
    """
    tls = mapping(
        {
            "ca_file": described(TEXT, "The certificates to trust, PEM; the system's if not given.", "/etc/ssl/ca.pem"),
            "cert_file": described(TEXT, "Our certificate, PEM, where the broker asks for one.", "client.pem"),
            "key_file": described(TEXT, "Its key, PEM.", "client.key"),
        }
    ) | {"dependentRequired": {"cert_file": ["key_file"], "key_file": ["cert_file"]}}
    common: dict[str, tuple[Mapping[str, Any], str, Any]] = {
        "map": (
            TEXT,
            "Where the envelope of an event lies: a preset's name or a file. Each record is looked at if not given.",
            "cloudtrail",
        ),
        "format": (
            {"enum": ["auto", "json", "ndjson"]},
            "What a message holds, packed or not: one JSON text (an object or an array), or one on each line.",
            "auto",
        ),
        "lateness": (DURATION_OR_ZERO, "How late an event may come and still be taken in its order.", "5s"),
        "prefetch": (
            {"type": "integer", "minimum": 1, "maximum": 10_000},
            "How many messages may be delivered to us and not stored yet.",
            PREFETCH,
        ),
        "tls": (tls, "Certificates, where the system's are not enough.", {"ca_file": "/etc/ssl/ca.pem"}),
    }
    words = {name: described(*entry) for name, entry in {**own, **common}.items()}
    return mapping(words, required, description)


def require(module: str, package: str, extra: str) -> None:
    """See that the broker's client is installed.

    Raises:
        SettingsError: saying how to install it.
    """
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise SettingsError(
            f"the source `{extra}` needs the package {package}: {error}", f"pip install 'trailbell[{extra}]'"
        ) from error


def secret(settings: Mapping[str, Json], name: str) -> Secret | None:
    """A setting that is not to be shown."""
    value = settings.get(name)
    return None if value is None else Secret(str(value))


def tls_files(settings: Mapping[str, Json]) -> dict[str, str]:
    """``tls``, as written."""
    return cast("dict[str, str]", settings.get("tls") or {})


def tls_context(files: Mapping[str, str]) -> ssl.SSLContext:
    """A context that checks the broker's certificate and name.

    Raises:
        SettingsError: if a file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=files.get("ca_file"))
        if "cert_file" in files:
            context.load_cert_chain(files["cert_file"], files["key_file"])
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"`tls`: {system_words(error)}", "it names PEM files that can be read") from error
    return context


def broker_source(
    name: str,
    settings: Mapping[str, Json],
    broker: Broker,
    *,
    once: bool,
    lateness_us: int = LATENESS_US,
    make: Callable[..., BrokerSource] | None = None,
) -> BrokerSource:
    """The source that reads from a broker.

    Args:
        name: of the source.
        settings: valid against a schema of ``broker_schema``.
        broker: where messages come from.
        once: end when it has caught up.
        lateness_us: if the settings do not say.
        make: makes it of its parts; ``BrokerSource`` if not given.

    Raises:
        SettingsError: if there is no such map.
    """
    from trailbell.sources.map_file import load_map

    from .payload import Payload
    from .source import BrokerSource

    try:
        event_map = load_map(str(settings["map"])) if "map" in settings else None
    except SourceError as error:
        raise SettingsError(f"`map`: {error.message}", error.help) from error
    given = settings.get("lateness")
    return (make or BrokerSource)(
        name,
        broker,
        Payload(name, event_map, cast("Form", settings.get("format", "auto"))),
        lateness_us=lateness_us if given is None else duration_us(str(given)),
        prefetch=int(cast("int", settings.get("prefetch", PREFETCH))),
        once=once,
    )


def duration_us(text: str) -> int:
    """A duration of the settings in microseconds.

    Raises:
        SettingsError: if it is longer than durations go.
    """
    found = 0 if text == "0s" else parse_duration(text)
    if found is None:
        raise SettingsError(f"{text} is no duration", "write it as `90s`, `10m` or `1d`")
    return found
