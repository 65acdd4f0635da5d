"""A webhook: the native JSON document, signed, posted to one URL that only the operator chooses."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import requests
import urllib3

from . import limits
from .channel import Attempt, ChannelError
from .deadline import Deadline
from .egress import EgressDeniedError, GuardedAdapter, Network, Resolver, allowed, system_resolver
from .message import Message
from .native import native_json
from .pace import Rate
from .receipt import Ambiguous, Delivered, Receipt, Rejected, Retry
from .retry_after import retry_after_s
from .secret import Secret, as_secret, redact
from .signing import github_headers, standard_headers, standard_key

SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "description": "An HTTP endpoint that takes the alert as JSON.",
    "properties": {
        "url": {"description": "Where to post. Without redirects; treated as a secret."},
        "secret": {"description": "Signing secret: `whsec_` and base64 (`standard`), or any text (`github`)."},
        "previous_secret": {"description": "The secret before the current one, during a rotation (`standard`)."},
        "signing": {"enum": ["standard", "github"], "description": "Style of the signature; default `standard`."},
        "headers": {
            "type": "object",
            "additionalProperties": True,
            "description": "More headers; values are treated as secrets.",
        },
        "allow_cidrs": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Private networks it may connect to.",
        },
        "ca_file": {
            "type": "string",
            "description": "PEM file of the authority that signed the endpoint's certificate.",
        },
        "timeout_s": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 60,
            "description": "For the whole exchange; default 15.",
        },
    },
    "required": ["url"],
    "additionalProperties": False,
}
TIMEOUT_S: Final = 15.0
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OWN_HEADERS: Final = frozenset(
    [
        "host",
        "content-length",
        "content-type",
        "transfer-encoding",
        "connection",
        "accept-encoding",
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "x-hub-signature-256",
        "x-github-delivery",
    ]
)
_PAYLOAD_STATUSES: Final = frozenset({400, 413, 415, 422})
_TRANSIENT_STATUSES: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """A webhook's validated settings.

    Attributes:
        url: where to post.
        secret: None sends no signature.
        ca_file: trusted instead of the public authorities.
        keys: of the ``standard`` style, the current one first.
        timeout_s: for the whole exchange, connecting included.
    """

    url: Secret
    secret: Secret | None = None
    keys: tuple[bytes, ...] = ()
    signing: Literal["standard", "github"] = "standard"
    headers: Mapping[str, Secret]
    open_networks: tuple[Network, ...] = ()
    ca_file: str | None = None
    timeout_s: float = TIMEOUT_S


def build(name: str, settings: Mapping[str, Any]) -> Webhook:
    """The channel of these settings (valid against ``SCHEMA``).

    Raises:
        ChannelError: for what a schema cannot see; no message holds a secret.
    """
    url = as_secret(settings["url"])
    _check_url(name, url.reveal())
    signing = settings.get("signing", "standard")
    secrets = [as_secret(settings[key]) for key in ("secret", "previous_secret") if settings.get(key)]
    try:
        keys = tuple(map(standard_key, secrets)) if signing == "standard" else ()
        networks = tuple(ipaddress.ip_network(text) for text in settings.get("allow_cidrs", ()))
    except ValueError as error:
        raise ChannelError(f"webhook `{name}`: {error}") from error
    return Webhook(
        name,
        WebhookSettings(
            url=url,
            secret=secrets[0] if secrets else None,
            keys=keys,
            signing=signing,
            headers=_headers(name, settings.get("headers", {})),
            open_networks=networks,
            ca_file=_ca_file(name, settings.get("ca_file")),
            timeout_s=float(settings.get("timeout_s", TIMEOUT_S)),
        ),
    )


def _ca_file(name: str, path: str | None) -> str | None:
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise ChannelError(f"webhook `{name}`: cannot read ca_file {path}: {error}") from error
    return path


def _check_url(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("https", "http") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good, parts = False, urlsplit("")
    if not good or not url.isprintable() or " " in url:
        raise ChannelError(f"the url of webhook `{name}` is no http(s) URL", "write it as https://host/path")
    if parts.username is not None or parts.password is not None:
        raise ChannelError(
            f"the url of webhook `{name}` holds a password", "send credentials in `headers: {Authorization: …}`"
        )


def _headers(name: str, headers: Mapping[str, Any]) -> dict[str, Secret]:
    wrapped = {header: as_secret(value) for header, value in headers.items()}
    for header, value in wrapped.items():
        text = value.reveal()
        if not _HEADER_NAME.fullmatch(header) or header.lower() in _OWN_HEADERS:
            raise ChannelError(f"webhook `{name}` cannot send a header `{header}`")
        if not text.isascii() or not text.isprintable() or text != text.strip():
            raise ChannelError(
                f"the value of header `{header}` of webhook `{name}` is no header value", "use printable ASCII"
            )
    return wrapped


class Webhook:
    """One endpoint. ``resolver`` can be replaced, to prove what a name may not lead to."""

    targets = ("",)
    rate: Rate | None = None

    def __init__(self, name: str, settings: WebhookSettings, resolver: Resolver = system_resolver) -> None:
        self.name = name
        self._settings = settings
        self._resolver = resolver

    def __repr__(self) -> str:
        return f"Webhook(name={self.name!r})"

    def render(self, message: Message, delivery_id: str) -> bytes:  # noqa: ARG002  # travels in a header, not in the body
        """The native JSON document. Pure."""
        return native_json(message)

    def probe(self) -> Receipt:
        """Where its name leads and whether the guard lets us go there. No connection is made."""
        parts = urlsplit(self._settings.url.reveal())
        host = parts.hostname or ""
        try:
            addresses = self._resolver(host, parts.port or (443 if parts.scheme == "https" else 80))
        except OSError as error:
            return Retry(f"{host} has no address: {_kind_of(error)}")
        if not any(allowed(address, self._settings.open_networks) for address in addresses):
            return Rejected(f"{host} leads to no public address; open it with allow_cidrs if it is yours", "receiver")
        return Delivered(f"{host} is {', '.join(addresses)}; not asked, since any request may count as an alert")

    def send(self, body: bytes, attempt: Attempt, now_s: float) -> Receipt:
        """Post once, signed for this instant. Blocks for at most ``timeout_s``, however slowly the receiver drips."""
        connected: list[bool] = []
        with Deadline(self._settings.timeout_s) as deadline, _session() as session:

            def watch(sock: socket.socket) -> None:
                connected.append(True)
                deadline.watch(sock)

            adapter = GuardedAdapter(self._settings.open_networks, self._resolver, watch)
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            try:
                return self._exchange(session, body, attempt, now_s)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                return self._failed(error, connected=bool(connected), late=deadline.passed)

    def _exchange(self, session: requests.Session, body: bytes, attempt: Attempt, now_s: float) -> Receipt:
        response = session.post(
            self._settings.url.reveal(),
            data=body,
            headers=self._request_headers(body, attempt, now_s),
            timeout=self._settings.timeout_s,
            allow_redirects=False,
            stream=True,
            verify=self._settings.ca_file or True,
        )
        with contextlib.closing(response), contextlib.suppress(urllib3.exceptions.HTTPError, OSError):
            # Read for politeness only: the first line has said what there is to know.
            response.raw.read(limits.WEBHOOK_REPLY_BYTES, decode_content=False)
        return status_receipt(response.status_code, retry_after_s(response.headers.get("Retry-After"), now_s))

    def _request_headers(self, body: bytes, attempt: Attempt, now_s: float) -> dict[str, str]:
        settings = self._settings
        headers = {"User-Agent": "trailbell", "Content-Type": "application/json", "Accept-Encoding": "identity"}
        headers |= {name: value.reveal() for name, value in settings.headers.items()}
        if settings.signing == "github" and settings.secret is not None:
            return headers | github_headers(settings.secret, attempt.delivery_id, body)
        signed = standard_headers(settings.keys, attempt.delivery_id, int(now_s), body)
        return headers | {name: value for name, value in signed.items() if value}

    def _failed(self, error: Exception, *, connected: bool, late: bool) -> Receipt:
        hidden = [self._settings.url, *self._settings.headers.values()]
        hidden.append(Secret(urlsplit(self._settings.url.reveal()).path))
        if isinstance(error, EgressDeniedError):
            return Rejected(f"{redact(str(error), hidden)}; open it with allow_cidrs if it is yours", "receiver")
        if late:
            return _unanswered(f"no answer within {self._settings.timeout_s:g} s", connected=connected)
        if isinstance(error, requests.exceptions.SSLError):
            return Rejected(
                "TLS failed: the endpoint's certificate is not trusted, or it does not speak TLS", "receiver"
            )
        return _unanswered(f"the connection failed: {_kind_of(error)}", connected=connected)


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxies, no .netrc: the guard must see the real peer
    return session


def _unanswered(reason: str, *, connected: bool) -> Receipt:
    return Ambiguous(reason) if connected else Retry(reason)


def _kind_of(error: Exception) -> str:
    """The innermost cause in words: a system error or a type, because the messages of requests hold the whole URL."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror and not isinstance(cause, requests.RequestException):
            return cause.strerror.lower()
        inner = getattr(cause, "reason", None)
        cause = inner if isinstance(inner, BaseException) else (cause.__cause__ or cause.__context__)
    return type(error).__name__


def status_receipt(status: int, asked_s: float | None) -> Receipt:
    """What an HTTP status means for a delivery (Standard Webhooks 1.0.0; CloudEvents HTTP webhook 1.0).

    Args:
        status: of the answer.
        asked_s: seconds of ``Retry-After``.
    """
    reason = f"the endpoint answered {status}"
    if 200 <= status < 300:
        return Delivered()
    if status in _TRANSIENT_STATUSES or status >= 500:
        return Retry(reason, asked_s)
    if 300 <= status < 400:
        return Rejected(f"{reason}, a redirect, which is never followed", "receiver")
    return Rejected(reason, "payload" if status in _PAYLOAD_STATUSES else "receiver")
