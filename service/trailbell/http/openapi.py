"""``/openapi.json``: every route of ours, described by hand and held to it by tests that ask it questions."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trailbell import __version__
from trailbell_engine.alert import SEVERITIES

from .answers import ALERTMANAGER, AUDIT, answer, resource
from .audit import SIZE_DEFAULT, SIZE_LIMIT
from .deliveries import STATES
from .openapi_parts import (
    COMPONENTS,
    INSTANT,
    JSON,
    array_of,
    body,
    operation,
    parameter,
    reference,
    refusals,
    reply,
    text_of,
)
from .parts import Parts

_PAGED: Final = (
    parameter("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}),
    parameter("cursor", {"type": "string", "description": "`next` of the page before."}, free=True),
)


def openapi_routes(parts: Parts) -> list[BaseRoute]:
    """The route."""
    return [resource("/openapi.json", GET=partial(_openapi, parts))]


async def _openapi(parts: Parts, _request: Request) -> Response:
    return answer(document(senders=bool(parts.settings.senders)))


@lru_cache(maxsize=2)
def document(*, senders: bool = True) -> dict[str, Any]:
    """The whole description, OpenAPI 3.1.

    Args:
        senders: whether anybody may send events; without, there is no such route.
    """
    return {
        "openapi": "3.1.0",
        "info": {"title": "trailbell", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": {**_audit(), **(_ingest() if senders else {}), **_own(), **_alertmanager(), **_operations()},
        "components": COMPONENTS,
    }


def _audit() -> dict[str, Any]:
    listed = operation(
        "The recorded events, as Vonage's Audit API gives them.",
        [
            parameter("event_type", text_of("One type, or several joined by commas."), free=True),
            parameter("date_from", INSTANT),
            parameter("date_to", INSTANT),
            parameter("search_text", {**text_of("Contained in the event's JSON."), "maxLength": 1000}, free=True),
            parameter("user_id", text_of("Of the user."), free=True),
            parameter("page", {"type": "integer", "minimum": 1, "maximum": 10**9, "default": 1}),
            parameter("size", {"type": "integer", "minimum": 1, "maximum": SIZE_LIMIT, "default": SIZE_DEFAULT}),
        ],
        {"200": reply("AuditPage"), **refusals("AuditError", 400, 401, 406, 503)},
        security="audit",
    )
    types = operation(
        "The event types there are.",
        [],
        {"200": reply("AuditEventTypes"), **refusals("AuditError", 401, 406)},
        security="audit",
    )
    one = operation(
        "One event.",
        [parameter("id", text_of("Its id."), place="path", free=True)],
        {"200": reply("AuditEvent"), **refusals("AuditError", 401, 404, 406, 503)},
        security="audit",
    )
    return {f"{AUDIT}/events": {"get": listed, "options": types}, f"{AUDIT}/events/{{id}}": {"get": one}}


def _ingest() -> dict[str, Any]:
    any_json: dict[str, Any] = {"schema": {"type": ["object", "array"]}}
    send = operation(
        "Take events in. The answer comes when they are durable; those with an id count once.",
        [],
        {"202": reply("Accepted"), **refusals("Problem", 400, 401, 408, 413, 415, 429, 503)},
        security="sender",
    )
    content = {
        "application/json": any_json,
        "application/cloudevents+json": {"schema": {"type": "object"}},
        "application/cloudevents-batch+json": {"schema": array_of({"type": "object"})},
    }
    return {"/v1/events": {"post": {**send, "requestBody": {"required": True, "content": content}}}, **_otlp()}


def _otlp() -> dict[str, Any]:
    logs = operation(
        "Take log records in, as OpenTelemetry exports them (OTLP/HTTP). The answer comes when they are durable.",
        [],
        {"200": reply("ExportLogsResponse"), **refusals("RpcStatus", 400, 401, 413, 415, 429, 503)},
        security="sender",
    )
    message = {"application/x-protobuf": {"schema": {"type": "string", "format": "binary"}}}
    for response in logs["responses"].values():  # in the form of the request
        response["content"] |= message
    content = {"application/json": {"schema": reference("ExportLogsRequest")}, **message}
    return {"/v1/logs": {"post": {**logs, "requestBody": {"required": True, "content": content}}}}


def _own() -> dict[str, Any]:
    alert_filters = [
        parameter("rule", text_of("Its rule."), free=True),
        parameter("severity", {"enum": list(SEVERITIES)}),
        parameter("state", {"enum": ["open", "resolved"]}),
        parameter("since", INSTANT),
        parameter("until", INSTANT),
    ]
    delivery_filters = [
        parameter("state", {"enum": list(STATES)}),
        parameter("receiver", text_of("Who is told."), free=True),
        parameter("alert", text_of("Of which alert."), free=True),
    ]
    lists = {
        "/v1/alerts": ("Alerts, newest first.", [*alert_filters, *_PAGED], "Alerts"),
        "/v1/deliveries": ("Deliveries, newest first.", [*delivery_filters, *_PAGED], "Deliveries"),
        "/v1/rules": ("The rules that run.", [], "Rules"),
        "/v1/coverage": (
            "Which time has been read of each source, and which time each rule has not seen.",
            [parameter("since", INSTANT), parameter("until", INSTANT)],
            "Coverage",
        ),
    }
    ones = {"/v1/alerts/{id}": ("One alert.", "Alert"), "/v1/rules/{id}": ("One rule.", "Rule")}
    identity = [parameter("id", text_of("Its id."), place="path", free=True)]
    dry_run = operation(
        "Rules over the recorded history: what would they have told?",
        [],
        {"200": reply("Report"), **refusals("Problem", 400, 401, 403, 406, 408, 413, 415, 422, 429, 503)},
    )
    return {
        **{
            path: {"get": operation(words, given, {"200": reply(name), **refusals("Problem", 400, 401, 406)})}
            for path, (words, given, name) in lists.items()
        },
        **{
            path: {"get": operation(words, identity, {"200": reply(name), **refusals("Problem", 401, 404, 406)})}
            for path, (words, name) in ones.items()
        },
        "/v1/dry-runs": {"post": {**dry_run, "requestBody": body("DryRun")}},
        **_silences(),
    }


def _silences() -> dict[str, Any]:
    identity = [parameter("id", text_of("Its id."), place="path", free=True)]
    bad = refusals("Problem", 400, 401, 403, 406, 408, 413, 415)
    gone = refusals("Problem", 401, 403, 404, 406)
    add = operation("Silence alerts for a while.", [], {"201": reply("Silence"), **bad})
    end = operation("End a silence.", identity, {"204": {"description": "It ends."}, **gone})
    return {
        "/v1/silences": {
            "get": operation("Silences.", [], {"200": reply("Silences"), **refusals("Problem", 401, 406)}),
            "post": {**add, "requestBody": body("NewSilence")},
        },
        "/v1/silences/{id}": {
            "get": operation("One silence.", identity, {"200": reply("Silence"), **gone}),
            "delete": end,
        },
    }


def _alertmanager() -> dict[str, Any]:
    alerts = operation(
        "Open alerts, as Alertmanager's API (version 2) gives them.",
        [
            parameter("filter", array_of(text_of('A matcher: severity="high".')), free=True),
            parameter("active", {"type": "boolean", "default": True}, free=True),
            parameter("silenced", {"type": "boolean", "default": True}, free=True),
        ],
        {
            "200": {"description": "Alerts.", **JSON(array_of(reference("GettableAlert")))},
            **refusals("Message", 400, 401),
        },
    )
    status = operation("The server.", [], {"200": reply("AlertmanagerStatus"), **refusals("Message", 401)})
    silences = operation(
        "Silences.",
        [],
        {
            "200": {"description": "Silences.", **JSON(array_of(reference("GettableSilence")))},
            **refusals("Message", 401),
        },
    )
    bad = refusals("Message", 400, 401, 403, 404, 408, 413, 415)
    add = operation("Silence alerts for a while, or change a silence.", [], {"200": reply("SilenceId"), **bad})
    identity = [parameter("id", text_of("Its id."), place="path", free=True)]
    gone = refusals("Message", 401, 403, 404)
    one = operation("One silence.", identity, {"200": reply("GettableSilence"), **gone})
    end = operation("End a silence.", identity, {"200": {"description": "It ends."}, **gone})
    return {
        f"{ALERTMANAGER}/alerts": {"get": alerts},
        f"{ALERTMANAGER}/status": {"get": status},
        f"{ALERTMANAGER}/silences": {"get": silences, "post": {**add, "requestBody": body("PostableSilence")}},
        f"{ALERTMANAGER}/silence/{{id}}": {"get": one, "delete": end},
    }


def _operations() -> dict[str, Any]:
    plain = {"200": {"description": "Text.", "content": {"text/plain": {"schema": {"type": "string"}}}}}
    return {
        "/healthz": {"get": operation("The process answers.", [], {"200": reply("Health")}, security="")},
        "/readyz": {
            "get": operation("It does its work.", [], {"200": reply("Ready"), "503": reply("Ready")}, security="")
        },
        "/metrics": {"get": operation("For Prometheus.", [], {**plain, **refusals("Problem", 401)})},
        "/openapi.json": {
            "get": operation("This document.", [], {"200": reply("Anything"), **refusals("Problem", 401)})
        },
    }
