"""What all ways of sending events have in common: who sends, the whole body, and no answer before they are durable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Final, NamedTuple

from starlette.requests import Request

from trailbell.sources.inbox import Inbox
from trailbell_engine.event import Input

from .answers import RefusalError
from .bodies import read_body
from .credentials import basic, bearer, same
from .parts import Parts
from .settings import Sender
from .signatures import Replays, is_signed, signer

COMMIT_S: Final = 30.0
"""How long a sender waits for its events to be durable before it is asked to come again."""
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="events", Basic realm="events", charset="UTF-8"'}


class Sent(NamedTuple):
    """What a known sender sent.

    Attributes:
        sender: who.
        body: as it was sent, packed or not.
        message_id: of a signed message; else empty.
    """

    sender: Sender
    body: bytes
    message_id: str


class Intake:
    """Takes events in over HTTP, for the senders that are configured."""

    def __init__(self, parts: Parts, commit_s: float = COMMIT_S) -> None:
        self._parts = parts
        self._commit_s = commit_s
        self._replays = Replays()

    async def receive(self, request: Request) -> Sent:
        """Who sends, and the body.

        Raises:
            RefusalError: 401 for strangers, 503 where no engine runs, or see ``read_body``.
        """
        if not self._parts.inboxes:
            raise RefusalError(
                503,
                "no engine runs here: `trailbell serve` shows what is recorded, `trailbell run` takes events in",
                {"Retry-After": "60"},
            )
        senders = self._parts.settings.senders
        known = None if is_signed(request.headers) else _known(request, senders)
        body = await read_body(request, self._parts.settings.max_body_bytes)
        if known is not None:
            return Sent(known, body, "")
        return Sent(_signer(request, body, senders), body, request.headers["webhook-id"])

    def is_repeated(self, sent: Sent) -> bool:
        """Whether this signed message was taken before."""
        return bool(sent.message_id) and self._replays.taken(sent.sender.source, sent.message_id)

    async def store(self, sent: Sent, inputs: Sequence[Input]) -> None:
        """Hand a message's inputs to the engine and wait until they are durable.

        Raises:
            RefusalError: 429 if there is no room for them, 503 if the engine does not get to them in time.
        """
        if inputs:
            await self._durable(self._parts.inboxes[sent.sender.source], inputs)
        if sent.message_id:
            self._replays.note(sent.sender.source, sent.message_id, time.time())

    async def _durable(self, inbox: Inbox, inputs: Sequence[Input]) -> None:
        loop, stored = asyncio.get_running_loop(), asyncio.Event()

        def note() -> None:
            loop.call_soon_threadsafe(stored.set)

        if not inbox.offer(inputs, note):
            raise RefusalError(
                429, "more events wait than are taken in at a time; send them again", {"Retry-After": "1"}
            )
        try:
            async with asyncio.timeout(self._commit_s):
                await stored.wait()
        except TimeoutError:
            raise RefusalError(
                503,
                "the events could not be stored in time; send them again: those with an id count once",
                {"Retry-After": "10"},
            ) from None


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


def _signer(request: Request, body: bytes, senders: tuple[Sender, ...]) -> Sender:
    signing = tuple(sender for sender in senders if sender.proof == "signature")
    found = signer(request.headers, body, signing, time.time())
    if found is None:
        raise RefusalError(
            401, "the signature is not of a known sender, not of this body, or older than five minutes", _CHALLENGE
        )
    return found
