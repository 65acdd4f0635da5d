"""``POST /v1/events``: events that others send. The answer comes when they are durable, and not before."""

from __future__ import annotations

from functools import partial
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trailbell.clock import now_us

from .answers import RefusalError, answer, resource
from .bodies import unpacked
from .envelopes import Taken, read_events
from .intake import COMMIT_S, Intake, Sent
from .parts import Parts

_ERRORS_TOLD: Final = 100


def ingest_routes(parts: Parts, *, commit_s: float = COMMIT_S) -> list[BaseRoute]:
    """The route, if anybody may send."""
    if not parts.settings.senders:
        return []
    return [resource("/v1/events", POST=partial(_post, parts, Intake(parts, commit_s)))]


async def _post(parts: Parts, intake: Intake, request: Request) -> Response:
    sent = await intake.receive(request)
    if intake.is_repeated(sent):
        return answer({"accepted": 0, "repeated": True, "errors": []}, 202)
    taken = await run_in_threadpool(_taken, request, sent, parts.settings.max_body_bytes)
    if taken.errors and not taken.events:
        raise RefusalError(400, "none of it is an event", errors=_told(taken))
    await intake.store(sent, taken.events)
    return answer({"accepted": len(taken.events), "errors": _told(taken)}, 202)


def _taken(request: Request, sent: Sent, limit_bytes: int) -> Taken:
    whole = unpacked(sent.body, request.headers.get("content-encoding", ""), limit_bytes)
    return read_events(request.headers, whole, sent.sender, now_us())


def _told(taken: Taken) -> list[dict[str, object]]:
    return [{"index": index, "reason": reason} for index, reason in taken.errors[:_ERRORS_TOLD]]
