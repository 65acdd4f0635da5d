"""The Vonage Audit API as Python calls. Facts: https://developer.vonage.com/en/api/audit (version 1.0.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Final, TypeAlias, TypeVar
from urllib.parse import quote

from trailbell_engine.values import Json

from .answers import EventType, Page, read_document, read_event_types, read_page
from .credentials import Credentials
from .retry import RetryPolicy
from .transport import Transport
from .walk import identity

_T = TypeVar("_T")

BASE_URL: Final = "https://api.nexmo.com/beta/audit"
PAGE_SIZE_LIMIT: Final = 100
"""The largest page the API gives."""

Moment: TypeAlias = str | date | datetime
"""An instant with a zone, or a text or date that the API reads as UTC (``2026-11-01``, ``2026-11-01T08:00:00``)."""


class AuditClient:
    """Reads the audit events of one account.

    Requests are retried as ``retry`` says; all other errors come out as an ``AuditError``, in words. Addresses are
    built here on ``base_url``: links in answers are not followed, because the vendor's own are plain ``http``, and
    neither are redirects. Safe to close twice; a context manager; not for several threads at once.

    Args:
        key: the API key.
        secret: its secret.
        base_url: https, or http on this machine only.
        timeout_s: seconds for connecting and for each read.
        retry: see ``RetryPolicy``.
        credentials: instead of key and secret, when error messages should name where they came from.

    Raises:
        ValueError: for an unusable address.
        CredentialsError: for an empty key or secret.
    """

    def __init__(
        self,
        key: str = "",
        secret: str = "",
        base_url: str = BASE_URL,
        *,
        timeout_s: float = 30.0,
        retry: RetryPolicy | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        self._credentials = credentials or Credentials(key, secret)
        self._transport = Transport(base_url, self._credentials, timeout_s=timeout_s)
        self._retry = retry or RetryPolicy()

    def __enter__(self) -> AuditClient:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"AuditClient({self._credentials.key!r}, base_url={self._transport.base_url!r})"

    @property
    def base_url(self) -> str:
        """The address below which all requests go."""
        return self._transport.base_url

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def take_server_us(self) -> int | None:
        """The API's clock at its first answer since the last call; None if it did not say. Microseconds, UTC."""
        return self._transport.take_server_us()

    def page(
        self,
        number: int = 1,
        *,
        size: int = PAGE_SIZE_LIMIT,
        event_types: Iterable[str] = (),
        date_from: Moment | None = None,
        date_to: Moment | None = None,
        search_text: str = "",
        user_id: int | str = "",
    ) -> Page:
        """One page of the events that meet all filters, in the API's order, which is not documented.

        Raises:
            ValueError: if ``size`` is not from 1 to 100 or ``number`` is below 1.
            AuditError: see ``trailbell.audit.errors``.
        """
        if not 1 <= size <= PAGE_SIZE_LIMIT or number < 1:
            raise ValueError(f"a page has a number from 1 and 1 to {PAGE_SIZE_LIMIT} events")
        parameters = {
            "event_type": ",".join(event_types),
            "date_from": _moment(date_from),
            "date_to": _moment(date_to),
            "search_text": search_text,
            "user_id": str(user_id),
            "page": str(number),
            "size": str(size),
        }
        chosen = {name: value for name, value in parameters.items() if value}
        return self._call("GET", "/events", chosen, lambda document: read_page(document, number))

    def events(
        self,
        *,
        event_types: Iterable[str] = (),
        date_from: Moment | None = None,
        date_to: Moment | None = None,
        search_text: str = "",
        user_id: int | str = "",
        size: int = PAGE_SIZE_LIMIT,
    ) -> Iterator[dict[str, Json]]:
        """All events that meet all filters, page after page, each id once.

        The pages are counted from the newest end: events that are added while they are read may push others aside. For
        a complete set use ``trailbell.sources.vonage``, which walks again until it is sure.

        Raises:
            AuditError: see ``trailbell.audit.errors``.
        """
        types, seen, read, number = tuple(event_types), set[str](), 0, 1
        while True:
            page = self.page(
                number,
                size=size,
                event_types=types,
                date_from=date_from,
                date_to=date_to,
                search_text=search_text,
                user_id=user_id,
            )
            known = len(seen)
            for event in page.events:
                if isinstance(event, dict) and (own := identity(event)) not in seen:
                    seen.add(own)
                    yield event
            read += len(page.events)
            is_last = len(seen) == known if page.total is None else read >= page.total
            if not page.events or is_last:
                return
            number += 1

    def event(self, event_id: str) -> dict[str, Json]:
        """The event of that id.

        Raises:
            NotFoundError: if there is none.
            AuditError: see ``trailbell.audit.errors``.
        """
        return self._call("GET", f"/events/{quote(event_id, safe='')}", {}, dict)

    def event_types(self) -> list[EventType]:
        """The kinds of events the API knows today.

        Raises:
            AuditError: see ``trailbell.audit.errors``.
        """
        return self._call("OPTIONS", "/events", {}, read_event_types)

    def _call(self, method: str, path: str, parameters: dict[str, str], read: Callable[[dict[str, Json]], _T]) -> _T:
        def request() -> _T:
            answer = self._transport.send(method, path, parameters)
            return read(read_document(answer, self._credentials, f"{method} {self.base_url}{path}"))

        return self._retry.run(request)


def _moment(moment: Moment | None) -> str:
    """What the API reads: UTC without a zone, whole seconds."""
    if isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise ValueError("a datetime for the Audit API needs a zone")
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return moment.isoformat() if isinstance(moment, date) else moment or ""
