"""``/v1/coverage``: which time has been read of each source, and which time each rule has not seen."""

from __future__ import annotations

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trailbell.clock import now_us
from trailbell.watch.view import coverage_view
from trailbell_engine.conditions import spec_of
from trailbell_engine.rule import Rule
from trailbell_engine.values import Json

from .alerts import instant_of
from .answers import answer, require_json, resource
from .parts import Parts


def coverage_routes(parts: Parts) -> list[BaseRoute]:
    """The route."""
    return [resource("/v1/coverage", GET=partial(_coverage, parts))]


async def _coverage(parts: Parts, request: Request) -> Response:
    require_json(request)
    since_us, until_us = instant_of(request, "since"), instant_of(request, "until")
    return answer(await run_in_threadpool(_document, parts, since_us, until_us))


def _document(parts: Parts, since_us: int | None, until_us: int | None) -> dict[str, Json]:
    """The ledger; of rules that run it says, too, whether anybody is told of what they see, and whether they learn."""
    view = coverage_view(parts.keeper.readers, now_us(), since_us, until_us)
    running = {rule.id: rule for rule in parts.rules()}
    rules = [{**rule.to_json(), **_standing(running.get(rule.id))} for rule in view.rules]
    return {**view.to_json(), "rules": rules}


def _standing(rule: Rule | None) -> dict[str, Json]:
    if rule is None:
        return {"status": "gone", "learns": False}
    return {"status": rule.status, "learns": spec_of(rule.condition).remembers}
