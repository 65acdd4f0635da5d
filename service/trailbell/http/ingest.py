"""``POST /v1/events``: events that others send. The answer comes when they are durable, and not before."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trailbell.clock import now_us
from trailbell.sources.inbox import Inbox

from .answers import RefusalError, answer, resource
from .bodies import read_body, unpacked
from .credentials import basic, bearer, same
from .envelopes import Taken, read_events
from .parts import Parts
from .settings import Sender
from .signatures import Replays, is_signed, signer

COMMIT_S: Final = 30.0
"""How long a sender waits for its events to be durable before it is asked to come again."""
_ERRORS_TOLD: Final = 100


def ingest_routes(parts: Parts, *, commit_s: float = COMMIT_S) -> list[BaseRoute]:
    """The route, if anybody may send."""
    if not parts.settings.senders:
        return []
    return [resource("/v1/events", POST=partial(_post, parts, Replays(), commit_s))]


async def _post(parts: Parts, replays: Replays, commit_s: float, request: Request) -> Response:
    known = None if is_signed(request.headers) else _known(request, parts.settings.senders)
    body = await read_body(request, parts.settings.max_body_bytes)
    sender = known or _signer(request, body, parts.settings.senders)
    message_id = request.headers["webhook-id"] if known is None else ""
    if message_id and replays.taken(sender.source, message_id):
        return answer({"accepted": 0, "repeated": True, "errors": []}, 202)
    taken = await run_in_threadpool(_taken, request, body, sender, parts.settings.max_body_bytes)
    if taken.events:
        await _store(parts.inboxes[sender.source], taken, commit_s)
    elif taken.errors:
        raise RefusalError(400, "none of it is an event", errors=_told(taken))
    if message_id:
        replays.note(sender.source, message_id, time.time())
    return answer({"accepted": len(taken.events), "errors": _told(taken)}, 202)


def _known(request: Request, senders: tuple[Sender, ...]) -> Sender:
    """Who shows a token or a password; before the body is read, so that strangers send us nothing."""
    token, pair = bearer(request.headers), basic(request.headers)
    found = None
    for sender in senders:  # all of them, so that the time does not tell which it was
        if sender.proof == "token" and token is not None:
            right = same(token, sender.secret.reveal())
        elif sender.proof == "basic" and pair is not None:
            right = same(pair.user, sender.user) & same(pair.password, sender.secret.reveal())
        else:
            right = False
        found = sender if right else found
    if found is None:
        raise RefusalError(401, "who sends? No known token, password or signature came along", _CHALLENGE)
    return found


_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="events", Basic realm="events", charset="UTF-8"'}


def _signer(request: Request, body: bytes, senders: tuple[Sender, ...]) -> Sender:
    signing = tuple(sender for sender in senders if sender.proof == "signature")
    found = signer(request.headers, body, signing, time.time())
    if found is None:
        raise RefusalError(
            401, "the signature is not of a known sender, not of this body, or older than five minutes", _CHALLENGE
        )
    return found


def _taken(request: Request, body: bytes, sender: Sender, limit_bytes: int) -> Taken:
    whole = unpacked(body, request.headers.get("content-encoding", ""), limit_bytes)
    return read_events(request.headers, whole, sender, now_us())


async def _store(inbox: Inbox, taken: Taken, commit_s: float) -> None:
    """Hand the events to the engine and wait until they are durable.

    Raises:
        RefusalError: 429 if there is no room for them, 503 if the engine does not get to them in time.
    """
    loop, stored = asyncio.get_running_loop(), asyncio.Event()

    def note() -> None:
        loop.call_soon_threadsafe(stored.set)

    if not inbox.offer(taken.events, note):
        raise RefusalError(429, "more events wait than are taken in at a time; send them again", {"Retry-After": "1"})
    try:
        async with asyncio.timeout(commit_s):
            await stored.wait()
    except TimeoutError:
        raise RefusalError(
            503,
            "the events could not be stored in time; send them again: those with an id count once",
            {"Retry-After": "10"},
        ) from None


def _told(taken: Taken) -> list[dict[str, object]]:
    return [{"index": index, "reason": reason} for index, reason in taken.errors[:_ERRORS_TOLD]]
