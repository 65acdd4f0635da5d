"""One request to the Audit API, one bounded answer: no redirects, no links followed, no credentials elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol
from urllib.parse import urlsplit

import requests
import urllib3

from trailbell import __version__
from trailbell.loopback import is_loopback
from trailbell_engine.system_errors import system_words
from trailbell_notifiers.transport.retry_after import http_date_s, retry_after_s

from .errors import AnswerError, AuditError, NetworkError

BODY_LIMIT_BYTES: Final = 32 * 1024 * 1024
"""A page holds at most 100 events of at most 1 MiB in theory; of some hundred bytes in practice."""
_PIECE_BYTES: Final = 64 * 1024


class Answer(NamedTuple):
    """Status, the headers we look at, the body, and all headers (names in lower case)."""

    status: int
    retry_after_s: float | None
    location: str
    body: bytes
    headers: Mapping[str, str]


def checked_base_url(base_url: str) -> str:
    """The address without a slash at its end.

    Raises:
        ValueError: if it is no http(s) address, carries credentials, a query or a fragment, or is plain ``http`` to
            anything but this machine: Basic authentication would send the secret readable over the network.
    """
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{base_url!r} is no http(s) address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("the address of the Audit API has no credentials, query or fragment in it")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError(f"http://{parts.hostname} would send the secret unencrypted; use https")
    return base_url.rstrip("/")


class Authority(Protocol):
    """Who asks: an account with its secret, or the bearer of a token."""

    def authorization(self) -> str:
        """The value of the ``Authorization`` header."""

    def scrub(self, text: str) -> str:
        """The text with everything secret replaced by ``***``."""


class Transport:
    """Sends requests below one address with one set of credentials.

    Args:
        base_url: see ``checked_base_url``.
        credentials: give the ``Authorization`` header, and keep what is secret out of messages.
        headers: further ones, to send with each request.
        timeout_s: for connecting, for each read, and (times ten) for the whole answer: a peer that sends a byte now
            and then is not waited for.
        monotonic: seconds, for the deadline.
        wall_clock: seconds since the epoch, for a ``Retry-After`` that is a date.

    Raises:
        ValueError: as ``checked_base_url``.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Authority,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30.0,
        monotonic: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.base_url = checked_base_url(base_url)
        self._credentials = credentials
        self._headers = headers or {}
        self._timeout_s = timeout_s
        self._earliest_us: int | None = None
        self._monotonic = monotonic
        self._wall_clock = wall_clock
        self._session = requests.Session()
        # A proxy from the environment may carry https, where it sees nothing. It must not see loopback requests.
        self._session.trust_env = self.base_url.startswith("https:")

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def take_server_us(self) -> int | None:
        """The server's clock at its first answer since the last call; None if it did not say. Microseconds, UTC."""
        earliest_us, self._earliest_us = self._earliest_us, None
        return earliest_us

    def send(self, method: str, path: str, parameters: Mapping[str, str] | None = None) -> Answer:
        """Send one request and read its whole answer, whatever the status.

        Raises:
            NetworkError: no connection or no whole answer in time.
            AnswerError: the body is too large.
        """
        try:
            response = self._session.request(
                method,
                self.base_url + path,
                params=parameters,
                auth=self._authenticate,
                headers={
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",
                    "User-Agent": f"trailbell/{__version__}",
                    **self._headers,
                },
                timeout=self._timeout_s,
                allow_redirects=False,
                stream=True,
            )
            with response:
                body = self._read(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self._network_error(error) from None
        if self._earliest_us is None:
            date_s = http_date_s(response.headers.get("Date", ""))
            self._earliest_us = None if date_s is None else int(date_s * 1_000_000)
        return Answer(
            response.status_code,
            retry_after_s(response.headers.get("Retry-After"), self._wall_clock()),
            response.headers.get("Location", ""),
            body,
            {name.lower(): value for name, value in response.headers.items()},
        )

    def _authenticate(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        # Given as a function, so that requests neither encodes it as Latin-1 nor looks into a .netrc.
        request.headers["Authorization"] = self._credentials.authorization()
        return request

    def _read(self, response: requests.Response) -> bytes:
        deadline = self._monotonic() + 10 * self._timeout_s
        body = bytearray()
        while piece := response.raw.read1(_PIECE_BYTES, decode_content=False):
            body += piece
            if len(body) > BODY_LIMIT_BYTES:
                raise AnswerError(
                    "the answer is larger than 32 MiB", "ask for smaller pages", status=response.status_code
                )
            if self._monotonic() > deadline:
                raise NetworkError(f"the answer was not complete after {10 * self._timeout_s:g} s")
        return bytes(body)

    def _network_error(self, error: Exception) -> AuditError:
        host = urlsplit(self.base_url).netloc
        if isinstance(error, requests.exceptions.SSLError):
            return NetworkError(f"no trusted TLS connection to {host}: {_innermost(error)}", "check the certificate")
        if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
            return NetworkError(f"{host} did not answer within {self._timeout_s:g} s")
        if isinstance(error, requests.exceptions.ProxyError):
            return NetworkError("the proxy did not let us through", "check HTTPS_PROXY and NO_PROXY")
        return NetworkError(
            self._credentials.scrub(f"no answer from {host}: {_innermost(error)}"), "check address and network"
        )


def _innermost(error: BaseException) -> str:
    """The cause that says something: requests wraps urllib3, which wraps the socket's error."""
    while (inner := error.__cause__ or error.__context__ or _reason(error)) is not None:
        error = inner
    return system_words(error)


def _reason(error: BaseException) -> BaseException | None:
    reason = getattr(error, "reason", None) or (error.args[0] if error.args else None)
    return reason if isinstance(reason, BaseException) and reason is not error else None
