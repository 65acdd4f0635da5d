"""``/healthz``: the process answers. ``/readyz``: it does its work: engine, store, sources."""

from __future__ import annotations

from functools import partial
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trailbell.clock import now_us

from .answers import answer, resource
from .lag import source_lags
from .parts import Parts

PATIENCE_S: Final = 3.0


def health_routes(parts: Parts) -> list[BaseRoute]:
    """Both."""
    return [resource("/healthz", GET=_alive), resource("/readyz", GET=partial(_ready, parts))]


async def _alive(_request: Request) -> Response:
    return answer({"status": "ok"})


async def _ready(parts: Parts, _request: Request) -> Response:
    """200 if the engine takes events and the store keeps them; else 503, with what is wrong."""
    problem = await run_in_threadpool(parts.trouble, PATIENCE_S)
    lags = await run_in_threadpool(source_lags, parts.keeper.readers, now_us())
    document = {
        "status": "ok" if problem is None else "failing",
        "problem": problem,
        "sources": [{"name": lag.name, "lag_s": lag.lag_s} for lag in lags],
        "index_behind": await run_in_threadpool(lambda: parts.keeper.behind),
    }
    return answer(document, 200 if problem is None else 503)
