"""Every refusal is counted once, whoever refused: the door, a route, a handler, or one that failed."""

from __future__ import annotations

from http import HTTPStatus

from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .observed import UNKNOWN, Observed


class Counted:
    """Counts the answers that are no success, by the pattern of their route: addresses would be without number."""

    def __init__(self, app: ASGIApp, observed: Observed) -> None:
        self._app = app
        self._observed = observed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and look at its answer."""
        answered = False

        async def counting(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                if message["status"] >= HTTPStatus.BAD_REQUEST:
                    self._observed.refuse(_route(scope), message["status"])
            await send(message)

        try:
            await self._app(scope, receive, counting)
        except Exception:  # what nobody foresaw is answered outside of here
            if not answered:
                self._observed.refuse(_route(scope), HTTPStatus.INTERNAL_SERVER_ERROR)
            raise


def _route(scope: Scope) -> str:
    """The pattern of the route, such as ``/v1/alerts/{id}``; also of a request that did not get so far."""
    for route in scope["app"].routes:
        if route.matches(scope)[0] is not Match.NONE:
            return str(route.path)
    return UNKNOWN
