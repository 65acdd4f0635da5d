"""The Audit API over the recorded events of every source: ``/beta/audit``, as the vendor specifies it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

from starlette.concurrency import run_in_threadpool
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trailbell.store.search import Filters, Found
from trailbell.store.search_hits import TooBroadError
from trailbell.store.search_keeper import BuildingError
from trailbell.store.searching import Search
from trailbell_engine.timestamps import SECOND_US, parse_time
from trailbell_engine.values import Json

from .answers import AUDIT, RefusalError, answer, number_of, require_json, resource
from .audit_documents import event_document, type_documents
from .credentials import audit_pair
from .parts import Parts
from .settings import AuditPair

SIZE_DEFAULT: Final = 30
SIZE_LIMIT: Final = 100
_PAGE_LIMIT: Final = 10**9
_TEXT_LIMIT: Final = 1_000
_HAL: Final = "application/hal+json"
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_T = TypeVar("_T")
_PLUS_LOST: Final = re.compile(r"(.*T.*) (\d\d:\d\d)")
"""A zone's ``+`` that nobody escaped: in a query it means a space."""


class _Anything(Convertor[str]):
    """The rest of a path, whatever is in it: ids are the senders', and Starlette's ``path`` ends with a line."""

    regex = r"(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("anything", _Anything())


def audit_routes(parts: Parts) -> list[BaseRoute]:
    """List and types, and one event."""
    return [
        resource(f"{AUDIT}/events", GET=partial(_list, parts), OPTIONS=partial(_types, parts)),
        resource(f"{AUDIT}/events/{{event_id:anything}}", GET=partial(_one, parts)),
    ]


async def _list(parts: Parts, request: Request) -> Response:
    pair = _admit(parts, request)
    page = number_of(request, "page", 1, _PAGE_LIMIT)
    size = number_of(request, "size", SIZE_DEFAULT, SIZE_LIMIT)
    filters = _filters(request, pair)
    found = await _searched(parts, lambda search: search.page(filters, (page - 1) * size, size))
    return answer(_page_document(request, parts, found, page, size))


async def _one(parts: Parts, request: Request) -> Response:
    pair = _admit(parts, request)
    event_id = request.path_params["event_id"]
    event = await _searched(parts, lambda search: search.event(event_id, pair.account))
    if event is None:
        raise RefusalError(404, f"Event with provided id: {event_id} was not found")
    return answer(event_document(event, _base_url(request, parts)))


async def _types(parts: Parts, request: Request) -> Response:
    pair = _admit(parts, request)
    seen = await _searched(parts, lambda search: search.types(pair.account))
    return answer({"eventTypes": type_documents(seen)}, headers={"Allow": "GET, HEAD, OPTIONS"})


async def _searched(parts: Parts, question: Callable[[Search], _T]) -> _T:
    """The answer of the index."""
    try:
        return await run_in_threadpool(lambda: question(parts.keeper.search()))
    except BuildingError as error:
        raise RefusalError(503, str(error), {"Retry-After": "5"}) from error
    except TooBroadError as error:
        raise RefusalError(503, str(error), {"Retry-After": "60"}) from error


def _admit(parts: Parts, request: Request) -> AuditPair:
    pair = audit_pair(request.headers, parts.settings.audit)
    if pair is None:
        raise RefusalError(
            401,
            "Full authentication is required: an API key and its secret by HTTP Basic.",
            {"WWW-Authenticate": 'Basic realm="audit", charset="UTF-8"'},
        )
    require_json(request, _HAL)
    return pair


def _filters(request: Request, pair: AuditPair) -> Filters:
    query = request.query_params
    names = [name.strip() for text in query.getlist("event_type") for name in text.split(",")]
    text = query.get("search_text", "")
    if len(text) > _TEXT_LIMIT:
        raise RefusalError(400, f"search_text has at most {_TEXT_LIMIT} characters")
    to_us = _instant(request, "date_to")
    return Filters(
        account=pair.account,
        types=tuple(filter(None, names)),
        from_us=_instant(request, "date_from"),
        # The end belongs to the range. Times are told in whole seconds, so a whole second means all of it.
        to_us=None if to_us is None else to_us + (1 if to_us % SECOND_US else SECOND_US),
        text=text,
        user_id=query.get("user_id", ""),
    )


def _instant(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    if not text:
        return None
    lost = _PLUS_LOST.fullmatch(text)
    whole = f"{lost[1]}+{lost[2]}" if lost else f"{text}T00:00:00" if _DAY.fullmatch(text) else text
    time_us = parse_time(whole)
    if time_us is None:
        raise RefusalError(400, f"{name} must be a date and time as ISO 8601 writes it, such as 2018-08-01T12:00:00")
    return time_us


def _page_document(request: Request, parts: Parts, found: Found, page: int, size: int) -> dict[str, Json]:
    base_url = _base_url(request, parts)
    pages = math.ceil(found.total / size)
    links = {"self": page, **({"next": page + 1} if found.more else {}), "last": max(pages, 1)}
    return {
        "_embedded": {"events": [event_document(event, base_url) for event in found.events]},
        "_links": {name: {"href": _link(request, base_url, number, size)} for name, number in links.items()},
        "page": {"size": size, "totalElements": found.total, "totalPages": pages, "number": page},
    }


def _link(request: Request, base_url: str, page: int, size: int) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in ("page", "size")]
    return f"{base_url}/events?{urlencode([*kept, ('page', page), ('size', size)], quote_via=quote)}"


def _base_url(request: Request, parts: Parts) -> str:
    origin = parts.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return f"{origin}{AUDIT}"
