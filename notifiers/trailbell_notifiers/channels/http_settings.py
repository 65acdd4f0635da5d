"""Settings that every channel over HTTP has: where to, how long, which networks, whose certificates, what headers."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from trailbell_notifiers.channel import ChannelError
from trailbell_notifiers.secret import Secret, as_secret
from trailbell_notifiers.transport.http_post import TIMEOUT_S, Endpoint

from .authorities import check_ca_file

EGRESS_PROPERTIES: Final[dict[str, Any]] = {
    "allow_cidrs": {
        "type": "array",
        "items": {"type": "string"},
        "description": "Private networks it may connect to.",
    },
    "ca_file": {"type": "string", "description": "PEM file of the authority that signed the endpoint's certificate."},
    "timeout_s": {
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 60,
        "description": "For the whole exchange; default 15.",
    },
}
HEADERS_PROPERTY: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": True,
    "description": "More headers; values are treated as secrets.",
}
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HTTP_OWN: Final = frozenset(
    ["host", "content-length", "content-type", "transfer-encoding", "connection", "accept-encoding"]
)


def read_endpoint(
    kind: str, name: str, url: Secret | str, settings: Mapping[str, Any], secrets: Iterable[Secret] = ()
) -> Endpoint:
    """Where a channel posts, from its settings.

    Args:
        kind: of the channel, for errors.
        name: of the receiver, for errors.
        url: where to.
        settings: with any of ``EGRESS_PROPERTIES``.
        secrets: what else must not be shown.

    Raises:
        ChannelError: for what a schema cannot see; no message holds a secret.
    """
    url = as_secret(url)
    _check_url(kind, name, url.reveal())
    try:
        networks = tuple(ipaddress.ip_network(text) for text in settings.get("allow_cidrs", ()))
    except ValueError as error:
        raise ChannelError(f"{kind} `{name}`: {error}") from error
    check_ca_file(f"{kind} `{name}`", settings.get("ca_file"))
    return Endpoint(
        url=url,
        open_networks=networks,
        ca_file=settings.get("ca_file"),
        timeout_s=float(settings.get("timeout_s", TIMEOUT_S)),
        secrets=tuple(secrets),
    )


def read_headers(kind: str, name: str, headers: Mapping[str, Any], own: Iterable[str] = ()) -> dict[str, Secret]:
    """Headers to send, as secrets.

    Args:
        kind: of the channel, for errors.
        name: of the receiver, for errors.
        headers: as configured.
        own: names in lower case that the channel itself sends.

    Raises:
        ChannelError: for a name or a value that is none, or that the channel sets itself.
    """
    taken = _HTTP_OWN.union(own)
    wrapped = {header: as_secret(value) for header, value in headers.items()}
    for header, value in wrapped.items():
        text = value.reveal()
        if not _HEADER_NAME.fullmatch(header) or header.lower() in taken:
            raise ChannelError(f"{kind} `{name}` cannot send a header `{header}`")
        if not text.isascii() or not text.isprintable() or text != text.strip():
            raise ChannelError(
                f"the value of header `{header}` of {kind} `{name}` is no header value", "use printable ASCII"
            )
    return wrapped


def _check_url(kind: str, name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("https", "http") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good, parts = False, urlsplit("")
    if not good or not url.isprintable() or " " in url:
        raise ChannelError(f"the url of {kind} `{name}` is no http(s) URL", "write it as https://host/path")
    if parts.username is not None or parts.password is not None:
        raise ChannelError(
            f"the url of {kind} `{name}` holds a password", "send credentials in `headers: {Authorization: …}`"
        )
