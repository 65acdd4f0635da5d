"""Reading JSON from one vendor's API with a token: bounded, retried, within its rate, never from another host."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from requests.utils import parse_header_links

from trailbell.audit.answers import without_controls
from trailbell.audit.errors import AuditError, RateLimitedError, RefusedError, ServerError
from trailbell.audit.retry import RetryPolicy
from trailbell.audit.transport import Answer, Transport
from trailbell.sources.errors import SourceError
from trailbell.sources.kinds import SettingsError
from trailbell_engine.decoding.exact_json import NotJsonError, read_json
from trailbell_engine.values import Json

_SAID_LIMIT: Final = 200
_HELP: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "check the token: is it whole, not expired, and of this account?",
    HTTPStatus.FORBIDDEN: "the token is known and may not read the audit log; give it the right",
    HTTPStatus.NOT_FOUND: "check the name of the organisation or account, and whether its plan has an audit log",
}


class Token:
    """What a vendor gave us to prove who we are. The secret is not shown by ``repr`` and ``str``.

    Args:
        scheme: the word before it in the ``Authorization`` header.
        secret: what comes after; asked for at each request, since some last an hour only.
    """

    def __init__(self, scheme: str, secret: Callable[[], str]) -> None:
        self._scheme = scheme
        self._secret = secret
        self._shown = ""

    def authorization(self) -> str:
        """The value of the ``Authorization`` header."""
        self._shown = self._secret()
        return f"{self._scheme} {self._shown}"

    def scrub(self, text: str) -> str:
        """The text with the secret replaced by ``***``."""
        return text.replace(self._shown, "***") if self._shown else text


class Reply(NamedTuple):
    """A good answer: its JSON, its headers (names in lower case), and the path of the next page, if it names one."""

    document: Json
    headers: Mapping[str, str]
    next_path: str | None


class VendorApi:
    """One vendor's API at one address.

    Attributes:
        origin: scheme, host and port.
    """

    def __init__(
        self,
        base_url: str,
        token: Token,
        *,
        interval_s: float = 0.0,
        headers: Mapping[str, str] | None = None,
        retry: RetryPolicy | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            base_url: https, or http on this machine; what paths are relative to.
            token: proves who we are.
            interval_s: seconds between the beginnings of two requests: the vendor's rate limit, kept to beforehand.
            headers: to send with each request.
            retry: how often and after which pauses; the default's ``sleep`` is also what waits for the rate.
            monotonic: seconds, for the rate.
            wall_clock: seconds since the epoch, for limits that end at a given time.

        Raises:
            SettingsError: if the address would give the token away.
        """
        parts = urlsplit(base_url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._prefix = parts.path.rstrip("/")
        try:
            self._transport = Transport(self.origin, token, headers=headers or {})
        except ValueError as error:
            raise SettingsError(f"`url`: {error}", "the vendor's own address begins with https://") from error
        self._token = token
        self._retry = retry or RetryPolicy()
        self._interval_s = interval_s
        self._monotonic = monotonic
        self._wall_clock = wall_clock
        self._free_s = 0.0

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def take_server_us(self) -> int | None:
        """The vendor's clock at its first answer since the last call; None if it did not say. Microseconds, UTC."""
        return self._transport.take_server_us()

    def get(self, path: str, parameters: Mapping[str, str] | None = None, *, prefixed: bool = True) -> Reply:
        """Ask for a path below the address, or for the ``next_path`` of a reply (``prefixed=False``).

        Raises:
            SourceError: refused, or without a usable answer after all attempts.
        """
        where = (self._prefix if prefixed else "") + path
        try:
            return self._retry.run(lambda: self._once(where, parameters))
        except AuditError as error:
            raise SourceError(self._token.scrub(error.message), error.help, transient=error.transient) from None

    def _once(self, path: str, parameters: Mapping[str, str] | None) -> Reply:
        wait_s = self._free_s - self._monotonic()
        if wait_s > 0:
            self._retry.sleep(wait_s)
        self._free_s = self._monotonic() + self._interval_s
        answer = self._transport.send("GET", path, parameters)
        if answer.status != HTTPStatus.OK:
            raise self._error(answer, path)
        try:
            document = read_json(answer.body)
        except NotJsonError as error:
            # It may have broken off; the next one may be whole.
            raise ServerError(f"{self.origin} answered with what is no JSON: {error}", status=answer.status) from None
        return Reply(document, answer.headers, self._next_path(answer.headers.get("link", "")))

    def _next_path(self, link: str) -> str | None:
        """The path of ``rel="next"``. Its host is looked at, not gone to: the token goes nowhere else."""
        for entry in parse_header_links(link):
            if entry.get("rel") == "next":
                parts = urlsplit(entry["url"])
                if parts.netloc and f"{parts.scheme}://{parts.netloc}" != self.origin:
                    raise RefusedError(
                        f"{self.origin} names {parts.scheme}://{parts.netloc} as the place of its next page",
                        "set `url` to the address that the vendor's API has for you",
                    )
                return f"{parts.path}?{parts.query}"
        return None

    def _error(self, answer: Answer, path: str) -> AuditError:
        what = f"{self.origin}{path.partition('?')[0]}: {answer.status} {_phrase(answer.status)}{_said(answer.body)}"
        wait_s = self._wait_s(answer)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS or (
            answer.status == HTTPStatus.FORBIDDEN and answer.headers.get("x-ratelimit-remaining") == "0"
        ):
            return RateLimitedError(what, retry_after_s=wait_s)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return ServerError(what, status=answer.status, retry_after_s=wait_s)
        return RefusedError(what, _HELP.get(answer.status, ""), status=answer.status)

    def _wait_s(self, answer: Answer) -> float | None:
        """What the answer asks to wait: ``Retry-After``, or the end of the limit as seconds since the epoch."""
        if answer.retry_after_s is not None:
            return answer.retry_after_s
        reset = answer.headers.get("x-rate-limit-reset") or answer.headers.get("x-ratelimit-reset") or ""
        return max(1.0, float(reset) - self._wall_clock()) if reset.isdecimal() else None


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "of an unknown kind"


def _said(body: bytes) -> str:
    """What the vendor says about it, in one short line; empty if it says nothing that can be read."""
    try:
        document: Any = read_json(body)
    except NotJsonError:
        return ""
    names = ("message", "errorSummary", "error_description", "error", "description")
    said = next((document[name] for name in names if isinstance(document, dict) and document.get(name)), "")
    if isinstance(said, dict):
        said = said.get("message", "")
    text = without_controls(str(said))
    return f" ({text[:_SAID_LIMIT]})" if text else ""
