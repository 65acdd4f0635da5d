"""``syslog:`` below ``sources:``: where to listen, and to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, cast

from trailbell.sources.errors import SourceError
from trailbell.sources.kinds import SettingsError
from trailbell_engine.decoding.decoder import RECORD_LIMIT_BYTES
from trailbell_engine.durations import parse_duration
from trailbell_engine.system_errors import system_words
from trailbell_engine.timestamps import SECOND_US
from trailbell_engine.values import Json
from trailbell_rules.schema_parts import DURATION, TEXT, described, mapping

if TYPE_CHECKING:
    import ssl

    from .door import Network
    from .listening import Address
    from .source import SyslogSource

MAX_MESSAGE_BYTES: Final = 64 * 1024
"""RFC 5424 asks receivers for 2,048; audit messages with JSON are longer."""
MAX_CONNECTIONS: Final = 256
LATENESS_US: Final = 5 * SECOND_US
"""The clocks of machines that use NTP differ by less, and so do the queues of their senders on a good day."""
_ADDRESS: Final = {
    "type": "string",
    "pattern": r"^(udp|tcp|tls)://.+:\d{1,5}$",
    "patternErrorMessage": "an address is written `udp://127.0.0.1:514`, `tcp://…` or `tls://…`",
}
_TLS: Final = mapping(
    {
        "certificate": described(TEXT, "A PEM file, the chain included.", "cert.pem"),
        "key": described(TEXT, "A PEM file.", "key.pem"),
        "client_ca": described(TEXT, "Senders need a certificate of this authority: a PEM file.", "ca.pem"),
    },
    required=["certificate", "key"],
)

SCHEMA: Final = mapping(
    {
        "listen": described(
            {"type": "array", "items": _ADDRESS, "minItems": 1},
            "Where: `udp://`, `tcp://` or `tls://` with an address and a port.",
            ["udp://127.0.0.1:5514", "tcp://127.0.0.1:5514"],
        ),
        "allow": described(
            {"type": "array", "items": TEXT, "minItems": 1},
            "The networks that may send; needed unless only this machine can.",
            ["10.0.0.0/8"],
        ),
        "tls": described(_TLS, "For addresses with `tls://`."),
        "map": described(
            TEXT, "Where the envelope lies in messages that are JSON: a preset or a file; `generic` by default.", "okta"
        ),
        "timezone": described(TEXT, "Of times without a zone, as in RFC 3164; UTC by default.", "Europe/London"),
        "lateness": described(DURATION, "How late an event may come and still be taken in its order.", "5s"),
        "max_message_bytes": described(
            {"type": "integer", "minimum": 2_048, "maximum": RECORD_LIMIT_BYTES},
            "The largest message.",
            MAX_MESSAGE_BYTES,
        ),
        "max_connections": described(
            {"type": "integer", "minimum": 1, "maximum": 10_000}, "How many may be open at a time.", MAX_CONNECTIONS
        ),
    },
    ["listen"],
    "What programs and devices send as syslog (RFC 5424, RFC 3164) over UDP, TCP or TLS.",
)


def build(name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> SyslogSource:  # noqa: ARG001  # every source is built so
    """The source; see ``SourceMaker``."""
    from zoneinfo import ZoneInfo

    from trailbell.clock import now_us
    from trailbell.sources.map_file import load_map

    from .door import Door
    from .events import EventReader
    from .hearing import Terms
    from .source import SyslogSource

    addresses = _addresses(settings)
    zone = str(settings.get("timezone", "UTC"))
    try:
        reader = EventReader(name, load_map(str(settings.get("map", "generic"))), ZoneInfo(zone), now_us)
    except SourceError as error:
        raise SettingsError(f"`map`: {error.message}", error.help) from error
    except (ValueError, OSError, LookupError) as error:
        raise SettingsError(f"`timezone`: there is no {zone!r}", "for example `Europe/London`") from error
    lateness = settings.get("lateness")
    return SyslogSource(
        name,
        addresses,
        reader,
        Door(name, _networks(settings, addresses), int(str(settings.get("max_connections", MAX_CONNECTIONS)))),
        Terms(int(str(settings.get("max_message_bytes", MAX_MESSAGE_BYTES))), _tls_context(settings, addresses)),
        lateness_us=LATENESS_US if lateness is None else parse_duration(str(lateness)) or 0,
        once=once,
    )


def _addresses(settings: Mapping[str, Json]) -> list[Address]:
    from .listening import read_address

    try:
        return [read_address(text) for text in cast("list[str]", settings["listen"])]
    except ValueError as error:
        raise SettingsError(
            f"`listen`: {error}", "an IP address of this machine, such as `udp://0.0.0.0:514`"
        ) from error


def _networks(settings: Mapping[str, Json], addresses: list[Address]) -> tuple[Network, ...]:
    """Those that may send. Whoever can reach a public address could write events, so they are to be named."""
    from .door import LOOPBACK, networks_of

    if "allow" in settings:
        try:
            return networks_of(cast("list[str]", settings["allow"]))
        except ValueError as error:
            raise SettingsError(f"`allow`: {error}", "write it as `10.0.0.0/8`, or a single address") from error
    public = next((address for address in addresses if not address.loopback), None)
    if public is not None:
        raise SettingsError(
            f"{public} can be reached from elsewhere, and everybody could write events",
            "say who may: `allow: [10.0.0.0/8]`",
        )
    return LOOPBACK


def _tls_context(settings: Mapping[str, Json], addresses: list[Address]) -> ssl.SSLContext | None:
    if all(address.transport != "tls" for address in addresses):
        return None
    import ssl

    files = cast("dict[str, str]", settings.get("tls") or {})
    if not files:
        raise SettingsError("`tls://` needs a certificate", "add `tls: {certificate: cert.pem, key: key.pem}`")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(files["certificate"], files["key"])
        if "client_ca" in files:
            context.load_verify_locations(files["client_ca"])
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:  # an SSLError is one
        raise SettingsError(f"`tls`: {system_words(error)}", "it names PEM files that can be read") from error
    return context
