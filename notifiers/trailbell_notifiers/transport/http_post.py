"""One POST: guarded, without redirects, bounded in time and in what is read; it ends in a reply or a receipt."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3

from trailbell_notifiers import limits
from trailbell_notifiers.receipt import Ambiguous, Delivered, Receipt, Rejected, Retry
from trailbell_notifiers.secret import Secret, redact

from .connecting import Resolver, resolve, system_resolver
from .deadline import Deadline
from .egress import EgressDeniedError, GuardedAdapter, Network, allowed
from .retry_after import retry_after_s

TIMEOUT_S: Final = 15.0
TRANSIENT_STATUSES: Final = frozenset({408, 425, 429})
PAYLOAD_STATUSES: Final = frozenset({400, 413, 415, 422})


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to post, and how far to go.

    Attributes:
        url: treated as a secret: for many services it is the password.
        open_networks: private networks it may lead to.
        ca_file: trusted instead of the public authorities.
        timeout_s: for the whole exchange, resolving and connecting included.
        secrets: what else must not be shown in a reason.
        resolver: names to addresses.
        proxies: whether the environment's proxies are used; the guard then judges the proxy's address.
        reply_bytes: how much of the body of a reply is read.
    """

    url: Secret
    open_networks: tuple[Network, ...] = ()
    ca_file: str | None = None
    timeout_s: float = TIMEOUT_S
    secrets: tuple[Secret, ...] = ()
    resolver: Resolver = system_resolver
    proxies: bool = False
    reply_bytes: int = limits.REPLY_BYTES

    @property
    def host(self) -> str:
        """The name or address in the URL."""
        return urlsplit(self.url.reveal()).hostname or ""

    def hidden(self, text: str) -> str:
        """The text without the URL, its path and query, and the other secrets."""
        parts = urlsplit(self.url.reveal())
        own = [self.url, *([Secret(parts.path)] if len(parts.path) > 1 else []), Secret(parts.query)]
        return redact(text, [*own, *self.secrets])


class Reply(NamedTuple):
    """What came back. Header names in lower case; of the body the beginning, as it was on the wire, not unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body, if it is a JSON object; else an empty one."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def text(self) -> str:
        """The body as text, whatever it is."""
        return self.body.decode("utf-8", "replace")

    def asked_s(self, now_s: float) -> float | None:
        """Seconds of ``Retry-After``."""
        return retry_after_s(self.headers.get("retry-after"), now_s)


def post(endpoint: Endpoint, body: bytes, headers: Mapping[str, str]) -> Reply | Receipt:
    """Post once. Blocks for about ``timeout_s`` at most, however slowly the other side drips; never raises.

    Args:
        endpoint: where to.
        body: sent as it is.
        headers: beside those of HTTP itself; ``Content-Type`` is JSON if it is not among them.

    Returns:
        The reply, or, where none came, what that means for the delivery.
    """
    with Deadline(endpoint.timeout_s) as deadline, _session(endpoint) as session:
        adapter = GuardedAdapter(endpoint.open_networks, endpoint.resolver, deadline)
        session.mount("https://", adapter)
        session.mount("http://", adapter)
        try:
            return _exchange(session, endpoint, body, headers)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return _failed(endpoint, error, connected=adapter.connected, late=deadline.passed)


def probe_endpoint(endpoint: Endpoint) -> Receipt:
    """Where its name leads, and whether the guard lets us go there. No connection is made."""
    parts = urlsplit(endpoint.url.reveal())
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with Deadline(endpoint.timeout_s) as deadline:
            addresses = resolve(endpoint.host, port, endpoint.resolver, deadline)
    except OSError as error:
        return Retry(f"{endpoint.host} has no address: {_kind_of(error)}")
    if not any(allowed(address, endpoint.open_networks) for address in addresses):
        return Rejected(
            f"{endpoint.host} leads to no public address; open it with allow_cidrs if it is yours", "receiver"
        )
    return Delivered(f"{endpoint.host} is {', '.join(addresses)}; not asked, since any request may count as an alert")


def status_receipt(reply: Reply, now_s: float, who: str = "the endpoint") -> Receipt:
    """What an HTTP status means for a delivery (Standard Webhooks 1.0.0; CloudEvents HTTP webhook 1.0).

    Args:
        reply: what came back.
        now_s: seconds since the epoch, UTC, for a ``Retry-After`` that is a date.
        who: answered, for the reason.
    """
    status = reply.status
    reason = f"{who} answered {status}"
    if 200 <= status < 300:
        return Delivered()
    if status in TRANSIENT_STATUSES or status >= 500:
        return Retry(reason, reply.asked_s(now_s))
    if 300 <= status < 400:
        return Rejected(f"{reason}, a redirect, which is never followed", "receiver")
    return Rejected(reason, "payload" if status in PAYLOAD_STATUSES else "receiver")


def _session(endpoint: Endpoint) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxies, no .netrc: the guard must see the real peer
    if endpoint.proxies:
        session.proxies.update(requests.utils.get_environ_proxies(endpoint.url.reveal()))
    return session


def _exchange(session: requests.Session, endpoint: Endpoint, body: bytes, headers: Mapping[str, str]) -> Reply:
    own = {"User-Agent": "trailbell", "Content-Type": "application/json", "Accept-Encoding": "identity"}
    response = session.post(
        endpoint.url.reveal(),
        data=body,
        headers={**own, **headers},
        timeout=endpoint.timeout_s,
        allow_redirects=False,
        stream=True,
        verify=endpoint.ca_file or True,
    )
    with contextlib.closing(response):
        names = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, names, _beginning(response.raw, endpoint.reply_bytes))


def _beginning(raw: Any, limit: int) -> bytes:
    """At most ``limit`` bytes of the body, not unpacked: what a bomb would unpack to is never made.

    The first line has said what became of the delivery; a body that breaks off or drips changes nothing.
    """
    kept = b""
    with contextlib.suppress(urllib3.exceptions.HTTPError, OSError, ValueError):
        while len(kept) < limit:
            piece = raw.read1(limit - len(kept), decode_content=False)
            if not piece:
                break
            kept += piece
    return kept[:limit]


def _failed(endpoint: Endpoint, error: Exception, *, connected: bool, late: bool) -> Receipt:
    if isinstance(error, EgressDeniedError):
        return Rejected(endpoint.hidden(str(error)), "receiver")
    if late or isinstance(error, requests.exceptions.Timeout):  # whichever of the two clocks was first
        who = "no answer" if connected or not _is_of_names(error) else "no answer of the name service"
        return _unanswered(f"{who} within {endpoint.timeout_s:g} s", connected=connected)
    if isinstance(error, requests.exceptions.SSLError):
        return Rejected(f"TLS failed: {_tls_words(error)}", "receiver")
    return _unanswered(f"the connection failed: {_kind_of(error)}", connected=connected)


def _unanswered(reason: str, *, connected: bool) -> Receipt:
    return Ambiguous(reason) if connected else Retry(reason)


def _is_of_names(error: BaseException) -> bool:
    """Whether it comes from resolving a name."""
    return any(isinstance(cause, urllib3.exceptions.NameResolutionError) for cause in _causes(error))


def _tls_words(error: BaseException) -> str:
    """What is wrong with the certificate, where TLS itself says so."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the endpoint's certificate is not trusted: {cause.verify_message}"
    return "the endpoint's certificate is not trusted, or it does not speak TLS"


def _kind_of(error: Exception) -> str:
    """The innermost cause in words: a system error or a type, because the messages of requests hold the whole URL."""
    kind = type(error).__name__
    for cause in _causes(error):
        if isinstance(cause, http.client.RemoteDisconnected):
            return "it hung up without an answer"
        if isinstance(cause, http.client.HTTPException):
            return "what it answered is no HTTP"
        if isinstance(cause, OSError) and cause.strerror and not isinstance(cause, requests.RequestException):
            return cause.strerror.lower()
    return kind


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it came from, as far as that is known. The libraries note it in three ways."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        inner = [getattr(cause, "reason", None), *cause.args, cause.__cause__, cause.__context__]
        cause = next((one for one in inner if isinstance(one, BaseException)), None)
