"""Answers as JSON, and refusals in the shape that the asked part of the API has."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final, TypeAlias

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trailbell_engine.values import Json

AUDIT: Final = "/beta/audit"
ALERTMANAGER: Final = "/api/v2"
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]
_SAFE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class RefusalError(Exception):
    """A request that is not answered as it wished.

    Attributes:
        status: of HTTP.
        detail: what is wrong with it, in words.
        headers: to go along.
        members: to go along in a problem document.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None, **members: Json) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members


def answer(
    document: Json, status: int = 200, headers: Mapping[str, str] | None = None, kind: str = "application/json"
) -> Response:
    """A JSON document."""
    return Response(orjson.dumps(document), status, {**_SAFE, **(headers or {})}, kind)


def refusal(path: str, error: RefusalError) -> Response:
    """The error as the vendor's specification has it, as Alertmanager has it, or as RFC 9457 does."""
    name = HTTPStatus(error.status).phrase
    if path.startswith(AUDIT):
        return answer({"status": error.status, "error": name, "message": error.detail}, error.status, error.headers)
    if path.startswith(ALERTMANAGER):
        return answer(error.detail, error.status, error.headers)
    document = {"type": "about:blank", "title": name, "status": error.status, "detail": error.detail, **error.members}
    return answer(document, error.status, error.headers, "application/problem+json")


async def on_refusal(request: Request, error: Exception) -> Response:
    """Starlette's handler of ``RefusalError``."""
    assert isinstance(error, RefusalError)
    return refusal(request.url.path, error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Starlette's handler of its own errors: no such path."""
    assert isinstance(error, HTTPException)
    return refusal(request.url.path, RefusalError(error.status_code, f"there is nothing at {request.url.path}"))


async def on_failure(request: Request, _error: Exception) -> Response:
    """Starlette's handler of what nobody foresaw; the log has it, the answer does not."""
    return refusal(request.url.path, RefusalError(500, "something went wrong; the log says what"))


def resource(path: str, **methods: Endpoint) -> Route:
    """A route with its methods; HEAD goes with GET, any other is refused with the list of those there are."""
    known = {**methods, **({"HEAD": methods["GET"]} if "GET" in methods else {})}
    allowed = {"Allow": ", ".join(sorted(known))}

    async def dispatch(request: Request) -> Response:
        endpoint = known.get(request.method)
        if endpoint is None:
            raise RefusalError(405, f"{request.method} is not possible here", allowed)
        return await endpoint(request)

    route = Route(path, dispatch)
    route.methods = set()  # every method comes here
    return route


def require_json(request: Request, *kinds: str) -> None:
    """Refuse a request that accepts no JSON.

    Args:
        request: with or without ``Accept``.
        kinds: further media types that are as good.

    Raises:
        RefusalError: 406.
    """
    accept = request.headers.get("accept", "*/*")
    wanted = {}
    for part in accept.split(","):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        wanted[kind] = not any(parameter.replace(" ", "") in {"q=0", "q=0.0", "q=0.00"} for parameter in parameters)
    good = ("application/json", *kinds, "application/*", "*/*")
    if accept.strip() and not next((wanted[kind] for kind in good if kind in wanted), False):
        raise RefusalError(406, "the answer is application/json")


def number_of(request: Request, name: str, default: int, largest: int) -> int:
    """A whole number from 1 in the query.

    Raises:
        RefusalError: 400.
    """
    text = request.query_params.get(name) or str(default)
    if not (text.isascii() and text.isdecimal()) or len(text) > 18 or not 1 <= int(text) <= largest:
        raise RefusalError(400, f"{name} must be a number from 1 to {largest}")
    return int(text)
