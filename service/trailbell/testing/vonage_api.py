"""A fake Vonage Audit API over a real loopback socket: ``python -m trailbell.testing.vonage_api``, or ``FakeAuditApi``.

It answers as the specification says (version 1.0.4): list, one event, OPTIONS, Basic authentication, HAL links that are
plain ``http`` as the vendor's are, errors as ``{status, error, message}``.
"""

from __future__ import annotations

import base64
import hmac
import math
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson

from trailbell_engine.timestamps import to_datetime
from trailbell_engine.values import Json

from .vonage_faults import Body, Drop, Fault, Insert, RepeatPage, Status, Truncate
from .vonage_ledger import BadQueryError, EventLedger, Order, Query, read_query
from .vonage_types import EVENT_TYPES

BASE_PATH: Final = "/beta/audit"
KEY: Final = "abcd1234"
SECRET: Final = "example-secret"  # noqa: S105 - of a fake


class Seen(NamedTuple):
    """A request that came in."""

    method: str
    path: str
    parameters: dict[str, str]


class Reply(NamedTuple):
    """What goes out."""

    status: int
    document: Json
    headers: dict[str, str]


class FakeAuditApi:
    """The fake, listening from ``with`` to its end on a free loopback port.

    Attributes:
        ledger: its events; ``add`` at any time.
        base_url: what a client is given, such as ``http://127.0.0.1:40123/beta/audit``.
        seen: every request that came in, in order.
        types: the kinds of events that OPTIONS lists, with their descriptions.
        on_request: is called with each request before it is answered, in the server's thread.
    """

    def __init__(
        self,
        events: Iterable[dict[str, Json]] = (),
        *,
        key: str = KEY,
        secret: str = SECRET,
        order: Order = "newest",
        inclusive: bool = True,
        port: int = 0,
    ) -> None:
        self.ledger = EventLedger(events, order=order, inclusive=inclusive)
        self.types = dict(EVENT_TYPES)
        self.seen: list[Seen] = []
        self.on_request: Callable[[Seen], None] = lambda _seen: None
        self.now_us: Callable[[], int] | None = None
        """The server's clock, for the ``Date`` of its answers; None sends none, for the test's clock is not known."""
        self._authorization = b"Basic " + base64.b64encode(f"{key}:{secret}".encode())
        self._faults: deque[Fault] = deque()
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}{BASE_PATH}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="fake-audit-api", daemon=True
        )

    def __enter__(self) -> FakeAuditApi:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def add(self, event: dict[str, Json]) -> None:
        """Let an event happen, or arrive late."""
        self.ledger.add(event)

    def script(self, *faults: Fault) -> None:
        """Line up what happens to the next requests, one each; after that everything is well."""
        self._faults.extend(faults)

    @property
    def scripted(self) -> int:
        """How many lined up faults are left."""
        return len(self._faults)

    def answer(self, method: str, target: str, authorization: str) -> Reply | Body | Truncate | Drop:
        """What to answer to a request; one of the faults if it is to be answered badly."""
        parts = urlsplit(target)
        parameters = dict(parse_qsl(parts.query))
        self.seen.append(Seen(method, parts.path, dict(parameters)))
        self.on_request(self.seen[-1])
        fault = self._faults.popleft() if self._faults else None
        match fault:
            case Status(status, headers, message):
                return _error(status, message, dict(headers))
            case Body() | Truncate() | Drop():
                return fault
            case Insert(events):
                for event in events:
                    self.add(event)
            case RepeatPage(number):
                parameters["page"] = str(number)
        return self.proper(method, parts.path, parameters, authorization)

    def proper(self, method: str, path: str, parameters: dict[str, str], authorization: str) -> Reply:
        """The answer when all is well with the API."""
        if not hmac.compare_digest(authorization.encode(errors="replace"), self._authorization):
            return _error(401, "Full authentication is required.")
        if path == f"{BASE_PATH}/events" and method == "OPTIONS":
            kinds = [{"type": name, "description": words} for name, words in self.types.items()]
            return Reply(200, {"eventTypes": kinds}, {})
        if method == "GET" and path == f"{BASE_PATH}/events":
            try:
                return self._list(read_query(parameters), parameters)
            except BadQueryError as error:
                return _error(400, str(error))
        if method == "GET" and path.startswith(f"{BASE_PATH}/events/"):
            event_id = path.rpartition("/")[2]
            event = self.ledger.find(event_id)
            return Reply(200, event, {}) if event else _error(404, f"Event with provided id: {event_id} was not found")
        return _error(404, f"No resource at {path}")

    def _list(self, query: Query, parameters: dict[str, str]) -> Reply:
        found = self.ledger.all(query)
        pages = math.ceil(len(found) / query.size)
        events = found[(query.page - 1) * query.size : query.page * query.size]
        links = {"self": query.page, "last": max(pages, 1)} | ({"next": query.page + 1} if query.page < pages else {})
        document = {
            "_embedded": {"events": events},
            "_links": {name: {"href": self._link(parameters, page)} for name, page in links.items()},
            "page": {"size": query.size, "totalElements": len(found), "totalPages": pages, "number": query.page},
        }
        return Reply(200, document, {})

    def _link(self, parameters: dict[str, str], page: int) -> str:
        # The vendor's links are plain http whatever the request came by; who follows one sends the secret readable.
        return f"http://api.nexmo.com{BASE_PATH}/events?{urlencode(parameters | {'page': str(page)})}"


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Reply:
    try:
        name = HTTPStatus(status).phrase
    except ValueError:
        name = "Unknown"
    return Reply(status, {"status": status, "error": name, "message": message}, headers or {})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # an idle keep-alive connection of a client must not hold up the end

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing to tell of."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(api: FakeAuditApi) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        pass

    Handler.api = api
    return Handler


class _Handler(BaseHTTPRequestHandler):
    api: ClassVar[FakeAuditApi]
    protocol_version = "HTTP/1.1"
    timeout = 30
    wbufsize = -1  # head and body in one packet: in two, the client's delayed ACK costs 40 ms a request
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._respond()

    def do_OPTIONS(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Nothing: what came in is in ``FakeAuditApi.seen``."""

    def _respond(self) -> None:
        authorization = self.headers.get("Authorization", "")
        match self.api.answer(self.command, self.path, authorization):
            case Reply(status, document, headers):
                self._send(status, orjson.dumps(document), headers)
            case Body(body):
                self._send(200, body, {})
            case Truncate(keep_bytes):
                parts = urlsplit(self.path)
                whole = self.api.proper(self.command, parts.path, dict(parse_qsl(parts.query)), authorization)
                self._send(whole.status, orjson.dumps(whole.document)[:keep_bytes], whole.headers)
            case Drop():
                self.close_connection = True

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        if self.api.now_us is not None:
            self.send_header("Date", format_datetime(to_datetime(self.api.now_us()), usegmt=True))
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="audit"')
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve a synthetic month up to yesterday until interrupted, and say how to use it."""
    from datetime import UTC, datetime, timedelta

    import click

    from .synthetic import month

    @click.command(help=(__doc__ or "").partition(":")[0])
    @click.option("--port", default=0, help="0 takes a free one.")
    @click.option("--seed", default=1, help="Of the synthetic month that it serves.")
    def serve(port: int, seed: int) -> None:
        start = datetime.now(UTC).date() - timedelta(days=30)
        with FakeAuditApi(month(seed=seed, start=start), port=port) as api:
            click.echo(f"# {len(api.ledger):,} events at {api.base_url}; ^C ends it", err=True)
            click.echo(f"export VONAGE_AUDIT_URL={api.base_url}")
            click.echo(f"export VONAGE_API_KEY={KEY}\nexport VONAGE_API_SECRET={SECRET}")
            threading.Event().wait()

    serve()


if __name__ == "__main__":
    main()
