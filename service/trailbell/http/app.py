"""The application: all routes, errors in their shapes, and the one question before all others: who may come in."""

from __future__ import annotations

import re
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from trailbell.loopback import is_loopback

from .alertmanager import alertmanager_routes
from .alertmanager_silences import alertmanager_silence_routes
from .alerts import alert_routes
from .answers import AUDIT, RefusalError, on_failure, on_http_error, on_refusal, refusal
from .audit import audit_routes
from .console.pages import console_routes
from .counted import Counted
from .coverage import coverage_routes
from .credentials import has_token
from .deliveries import delivery_routes
from .dry_runs import dry_run_routes
from .health import health_routes
from .ingest import ingest_routes
from .metrics import metric_routes
from .openapi import openapi_routes
from .otlp import otlp_routes
from .parts import Parts
from .rules import rule_routes
from .settings import HttpSettings
from .silences import silence_routes

_OPEN: Final = ("/healthz", "/readyz")
"""Paths without a secret: they say only that all is well or not."""
_OWN_KEYS: Final = (f"{AUDIT}/", "/v1/events", "/v1/logs")
"""Paths that ask for credentials of their own."""
_HOST: Final = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?", re.IGNORECASE)


def application(parts: Parts) -> Starlette:
    """The server's application."""
    routes: list[BaseRoute] = [
        *audit_routes(parts),
        *ingest_routes(parts),
        *otlp_routes(parts),
        *health_routes(parts),
        *metric_routes(parts),
        *alert_routes(parts),
        *rule_routes(parts),
        *coverage_routes(parts),
        *delivery_routes(parts),
        *silence_routes(parts),
        *alertmanager_routes(parts),
        *alertmanager_silence_routes(parts),
        *dry_run_routes(parts),
        *openapi_routes(parts),
        *console_routes(parts),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={RefusalError: on_refusal, HTTPException: on_http_error, Exception: on_failure},
    )
    app.router.redirect_slashes = False
    app.add_middleware(_Door, settings=parts.settings)
    app.add_middleware(Counted, observed=parts.observed)  # around the door: what it refuses counts, too
    return app


class _Door:
    """Refuses what is addressed to another host, comes from another site, or lacks the token that is asked for."""

    def __init__(self, app: ASGIApp, settings: HttpSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope)
            try:
                self._check(request)
            except RefusalError as error:
                await refusal(request.url.path if _HOST.fullmatch(_host(request)) else "", error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, request: Request) -> None:
        host = _HOST.fullmatch(_host(request))
        if host is None or not self._is_ours(host["name"].strip("[]").lower()):
            # A page of a stranger's can name this machine as it likes, and would read what it answers.
            raise RefusalError(421, "this server is not known by that host name; `http: {hosts: [...]}` adds one")
        path = request.url.path
        if path in _OPEN or path.startswith(_OWN_KEYS):
            return
        if self._settings.tokens and not has_token(request.headers, self._settings.tokens):
            raise RefusalError(
                401, "a token is needed", {"WWW-Authenticate": 'Basic realm="trailbell", charset="UTF-8"'}
            )
        origin = request.headers.get("origin")
        if request.method not in ("GET", "HEAD") and origin is not None and not _same_site(origin, _host(request)):
            raise RefusalError(403, "a page of another site cannot ask for this")

    def _is_ours(self, name: str) -> bool:
        if name in {known.lower() for known in self._settings.hosts} or is_loopback(name):
            return True
        if name == self._settings.public_url.partition("://")[2].partition(":")[0].partition("/")[0].lower():
            return bool(name)
        return not self._settings.loopback and not self._settings.hosts


def _host(request: Request) -> str:
    given = request.headers.getlist("host")
    return given[0] if len(given) == 1 else ""


def _same_site(origin: str, host: str) -> bool:
    return origin.partition("://")[2] == host
