"""The pages: alerts, one alert, rules, deliveries, sources. Everything shown is escaped; nothing is run."""

from __future__ import annotations

import json
from functools import cache, partial
from importlib.resources import files
from typing import Final

import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trailbell.clock import now_us
from trailbell.http.alerts import find_alerts, one_alert, read_filters
from trailbell.http.answers import RefusalError, resource
from trailbell.http.deliveries import deliveries_of, find_deliveries
from trailbell.http.lag import SourceLag, source_lags, source_troubles, waiting
from trailbell.http.paging import cursor, cursor_of
from trailbell.http.parts import Parts
from trailbell.http.rules import rule_document
from trailbell_engine.alert import SEVERITIES
from trailbell_engine.timestamps import format_time
from trailbell_engine.values import Json
from trailbell_notifiers.words.render import value_text

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE: Final = 50


def console_routes(parts: Parts) -> list[BaseRoute]:
    """All pages and their style."""
    return [
        resource("/", GET=partial(_alerts, parts)),
        resource("/alerts/{alert_id}", GET=partial(_alert, parts)),
        resource("/rules", GET=partial(_rules, parts)),
        resource("/deliveries", GET=partial(_deliveries, parts)),
        resource("/sources", GET=partial(_sources, parts)),
        resource("/console.css", GET=_style),
        resource("/favicon.svg", GET=_icon),
    ]


async def _alerts(parts: Parts, request: Request) -> Response:
    filters, after = read_filters(request), cursor_of(request, int, str, str)
    found = await run_in_threadpool(find_alerts, parts.keeper.readers, filters, _PAGE + 1, after)
    shown = found[:_PAGE]
    last = shown[-1].alert if len(found) > _PAGE else None
    more = None if last is None else cursor(last.opened_at_us, last.rule_id, last.id)
    alerts = [stored.to_json() for stored in shown]
    return _page(
        "alerts.html",
        alerts=alerts,
        filters=filters,
        severities=SEVERITIES[::-1],
        more=request.url.include_query_params(cursor=more).query if more else None,
    )


async def _alert(parts: Parts, request: Request) -> Response:
    alert_id = request.path_params["alert_id"]
    stored = await run_in_threadpool(one_alert, parts.keeper.readers, alert_id)
    if stored is None:
        raise RefusalError(404, f"there is no alert {alert_id}")
    told = await run_in_threadpool(deliveries_of, parts.keeper.readers, alert_id)
    events = [json.dumps(event.data, ensure_ascii=False, indent=2) for event in stored.alert.events[::-1]]
    return _page(
        "alert.html",
        alert=stored.to_json(),
        why=stored.alert.why,
        fields=stored.wording.get("fields") or [],
        deliveries=told,
        events=events,
    )


async def _rules(parts: Parts, _request: Request) -> Response:
    return _page("rules.html", rules=[rule_document(rule, parts) for rule in parts.rules()])


async def _deliveries(parts: Parts, request: Request) -> Response:
    after = cursor_of(request, int)
    found = await run_in_threadpool(find_deliveries, parts.keeper.readers, {}, _PAGE + 1, after[0] if after else None)
    more = f"cursor={cursor(found[_PAGE - 1][0])}" if len(found) > _PAGE else None
    return _page("deliveries.html", deliveries=[document for _, document in found[:_PAGE]], more=more)


async def _sources(parts: Parts, _request: Request) -> Response:
    at_us = now_us()
    lags = await run_in_threadpool(source_lags, parts.keeper.readers, at_us)
    queues = await run_in_threadpool(waiting, parts.keeper.readers, at_us)
    watched = await run_in_threadpool(source_troubles, parts.keeper.readers, at_us)
    known = {one.name for one in lags}
    lags += [SourceLag(one.name, None, None) for one in watched if one.name not in known]
    return _page("sources.html", sources=lags, watched={one.name: one for one in watched}, queues=queues)


async def _style(_request: Request) -> Response:
    return Response(_file("console.css"), media_type="text/css", headers={"X-Content-Type-Options": "nosniff"})


async def _icon(_request: Request) -> Response:
    return Response(_file("favicon.svg"), media_type="image/svg+xml", headers=_HEADERS)


def _page(name: str, **values: Json) -> Response:
    page = _environment().get_template(name).render(here=name.removesuffix(".html"), **values)
    return Response(page, media_type="text/html", headers=_HEADERS)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_file),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["time"] = lambda text: str(text)[:19].replace("T", " ")
    environment.filters["instant"] = lambda time_us: format_time(time_us)[:19].replace("T", " ")
    environment.filters["span"] = _span
    environment.filters["value"] = lambda value: "none" if value is None else value_text(value)
    return environment


def _file(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
