"""``http:`` of the configuration: where to listen, and who may ask or tell what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from trailbell.loopback import is_loopback
from trailbell.watch.limits import NO_WISHES, Limits, limits_of
from trailbell.watch.limits import SCHEMA as WATCH_SCHEMA
from trailbell_engine.decoding.maps import GENERIC, PRESETS
from trailbell_engine.durations import parse_duration
from trailbell_notifiers.channels.signing import standard_key
from trailbell_notifiers.secret import Secret
from trailbell_rules.schema_parts import DURATION, TEXT, described, mapping

LISTEN: Final = "127.0.0.1:8700"
MAX_BODY_BYTES: Final = 10 * 1024 * 1024
PER_ADDRESS: Final = 100
_SOURCE: Final = {"type": "string", "pattern": "^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$"}
_WHOLE: Final = {"type": "integer", "minimum": 1}
Proof: TypeAlias = Literal["token", "basic", "signature"]


class HttpSettingsError(ValueError):
    """Settings that cannot work together.

    Attributes:
        place: below ``http:``.
        help: what to write instead.
    """

    def __init__(self, place: tuple[str | int, ...], message: str, help_: str) -> None:
        super().__init__(message)
        self.place = place
        self.help = help_


@dataclass(frozen=True, slots=True)
class AuditPair:
    """A key and its secret that may read the Audit API: one account's events, or (None) all."""

    key: str
    secret: Secret
    account: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who may send events, and what becomes of them.

    Attributes:
        source: the source name of its events.
        proof: how it shows who it is.
        secret: the token, the password, or the key of signatures as ``whsec_…``.
        user: the user name, for ``basic``.
        map: where the envelope of its events lies: a preset's name.
        lateness_us: how late, against newer events, its events may come and still be taken in their order.
        limits: what is wrong with it, and how bad that is.
    """

    source: str
    proof: Proof
    secret: Secret
    user: str = ""
    map: str = GENERIC.name
    lateness_us: int = 0
    limits: Limits = NO_WISHES


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """Everything below ``http:``.

    Attributes:
        host, port: where to listen; port 0 takes a free one.
        certificate, key: PEM files; None is plain HTTP.
        public_url: what links begin with, if not with the address that was asked.
        hosts: names that requests may be addressed to, beside those of this machine; empty on a public address is any.
        audit: who may read the Audit API.
        senders: who may send events.
        tokens: of people and programs that may see and do everything else; empty is everybody on this machine.
        max_body_bytes: of a request, unpacked.
        per_address: connections at a time from one address.
    """

    host: str = "127.0.0.1"
    port: int = 8700
    certificate: Path | None = None
    key: Path | None = None
    public_url: str = ""
    hosts: tuple[str, ...] = ()
    audit: tuple[AuditPair, ...] = ()
    senders: tuple[Sender, ...] = ()
    tokens: tuple[Secret, ...] = ()
    max_body_bytes: int = MAX_BODY_BYTES
    per_address: int = PER_ADDRESS

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)


def http_schema() -> dict[str, Any]:
    """JSON Schema of ``http:``."""
    maps = {"enum": sorted([GENERIC.name, *PRESETS])}
    pair = mapping(
        {
            "key": described(TEXT, "The API key.", "abcd1234"),
            "secret": described(TEXT, "Its secret.", "${AUDIT_SECRET}"),
            "account": described(TEXT, "Whose events it sees; every account's if left out.", "abcd1234"),
        },
        required=["key", "secret"],
    )
    sender = mapping(
        {
            "source": described(_SOURCE, "The source name of its events.", "app"),
            "token": described(TEXT, "It sends `Authorization: Bearer …`.", "${APP_TOKEN}"),
            "user": described(TEXT, "It sends Basic authentication: the user.", "app"),
            "password": described(TEXT, "And its password.", "${APP_PASSWORD}"),
            "signing_secret": described(TEXT, "It signs as Standard Webhooks: `whsec_…`.", "${APP_SIGNING_SECRET}"),
            "map": described(maps, "Where the envelope of its events lies.", "generic"),
            "lateness": described(DURATION, "How late an event may come and still be taken in its order.", "10s"),
            "watch": WATCH_SCHEMA,
        },
        required=["source"],
    )
    tls = mapping(
        {
            "certificate": described(TEXT, "A PEM file, the chain included.", "cert.pem"),
            "key": described(TEXT, "A PEM file.", "key.pem"),
        },
        required=["certificate", "key"],
    )
    schema = mapping(
        {
            "listen": described(TEXT, "Address and port.", LISTEN),
            "allow_public": described({"type": "boolean"}, "Listen on a public address without TLS.", "false"),
            "tls": described(tls, "Serve https."),
            "public_url": described(TEXT, "What links begin with.", "https://audit.example.com"),
            "hosts": described({"type": "array", "items": TEXT}, "Names it is addressed by.", "[audit.example.com]"),
            "audit": described({"type": "array", "items": pair}, "Who may read the Audit API."),
            "senders": described({"type": "array", "items": sender}, "Who may send to `/v1/events` and `/v1/logs`."),
            "tokens": described({"type": "array", "items": TEXT}, "Who may see and do everything else.", "[${TOKEN}]"),
            "max_body_bytes": described(_WHOLE, "The largest request, unpacked.", str(MAX_BODY_BYTES)),
            "connections_per_address": described(_WHOLE, "At a time, from one address.", str(PER_ADDRESS)),
        }
    )
    return described(schema, "The HTTP server: the Audit API over our own events, ingest, alerts, metrics, console.")


def read_http(values: Mapping[str, Any], base: Path) -> HttpSettings:
    """The settings of a mapping that is valid against ``http_schema``, the environment filled in.

    Args:
        values: below ``http:``.
        base: what relative paths are relative to.

    Raises:
        HttpSettingsError: for what cannot work, or would be open to everybody by mistake.
    """
    host, port = _address(values.get("listen", LISTEN))
    tls = values.get("tls")
    settings = HttpSettings(
        host=host,
        port=port,
        certificate=base / tls["certificate"] if tls else None,
        key=base / tls["key"] if tls else None,
        public_url=values.get("public_url", "").rstrip("/"),
        hosts=tuple(values.get("hosts", ())),
        audit=tuple(
            AuditPair(pair["key"], Secret(pair["secret"]), pair.get("account")) for pair in values.get("audit", ())
        ),
        senders=_senders(values.get("senders", ())),
        tokens=tuple(map(Secret, values.get("tokens", ()))),
        max_body_bytes=values.get("max_body_bytes", MAX_BODY_BYTES),
        per_address=values.get("connections_per_address", PER_ADDRESS),
    )
    _refuse_open(settings, allow_public=values.get("allow_public", False))
    return settings


def listening_on(settings: HttpSettings, address: str) -> HttpSettings:
    """The settings with another address; one that can be reached from elsewhere needs TLS and tokens.

    Raises:
        HttpSettingsError: see ``read_http``.
    """
    host, port = _address(address)
    changed = replace(settings, host=host, port=port)
    _refuse_open(changed, allow_public=False)
    return changed


def _refuse_open(settings: HttpSettings, *, allow_public: bool) -> None:
    if settings.loopback:
        return
    if settings.certificate is None and not allow_public:
        raise HttpSettingsError(
            ("listen",),
            f"{settings.host} can be reached from elsewhere, and secrets would be readable on the way",
            "add `tls:`, or `allow_public: true` if a proxy before it speaks TLS",
        )
    if not settings.tokens:
        raise HttpSettingsError(
            ("listen",),
            f"{settings.host} can be reached from elsewhere, and everybody could read the alerts",
            "add `tokens: [${TRAILBELL_TOKEN}]`",
        )


def _address(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not separator or not host or not port.isdecimal() or int(port) > 65_535:
        raise HttpSettingsError(("listen",), f"{text!r} is no address with a port", f"for example `listen: {LISTEN}`")
    return host, int(port)


def _senders(given: Sequence[Mapping[str, Any]]) -> tuple[Sender, ...]:
    senders = tuple(_sender(position, values) for position, values in enumerate(given))
    shown: dict[tuple[str, str, str], Sender] = {}
    for position, sender in enumerate(senders):
        other = shown.setdefault((sender.proof, sender.user, sender.secret.reveal()), sender)
        if other is not sender:
            raise HttpSettingsError(
                ("senders", position),
                f"the sender {sender.source!r} shows the same proof as {other.source!r}: nobody could tell them apart",
                "give each a secret of its own",
            )
    return senders


def _sender(position: int, values: Mapping[str, Any]) -> Sender:
    place = ("senders", position)
    proofs: list[tuple[Proof, str]] = [("token", "token"), ("basic", "password"), ("signature", "signing_secret")]
    given = [(proof, key) for proof, key in proofs if key in values]
    if len(given) != 1 or ("user" in values) != ("password" in values):
        raise HttpSettingsError(
            place,
            f"the sender {values['source']!r} needs exactly one proof of who it is",
            "write `token`, or `user` and `password`, or `signing_secret`",
        )
    ((proof, key),) = given
    if proof == "signature":
        try:
            standard_key(Secret(values[key]))
        except ValueError as error:
            raise HttpSettingsError(
                place, f"the sender {values['source']!r}: {error}", "`openssl rand -base64 32`"
            ) from error
    return Sender(
        source=values["source"],
        proof=proof,
        secret=Secret(values[key]),
        user=values.get("user", ""),
        map=values.get("map", GENERIC.name),
        lateness_us=parse_duration(values["lateness"]) or 0 if "lateness" in values else 0,
        limits=limits_of("http", values.get("watch", {}), {}),
    )
