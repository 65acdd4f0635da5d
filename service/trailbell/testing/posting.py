"""What the fakes of services that take posted JSON have in common: they keep, refuse as the service does, misbehave."""

from __future__ import annotations

import json
import threading
from collections import deque
from typing import Any, Self

from .loopback import Answer, LoopbackServer, Request


class PostedService:
    """A service on loopback, listening from ``with`` to its end. Subclasses say what they refuse and how they answer.

    Attributes:
        accepted: the documents that were taken, oldest first.
        requests: every request that came in.
    """

    path = "/"

    def __init__(self) -> None:
        self.accepted: list[Any] = []
        self.requests: list[Request] = []
        self._answers: deque[tuple[Answer, bool]] = deque()
        self._lock = threading.Lock()
        self._server = LoopbackServer(self._respond)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.__exit__(*exception)

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self._server.port}{self.path}"

    def script(self, *answers: Answer, accept: bool = False) -> None:
        """Line up answers for the next requests, one each; ``accept`` takes the document before answering so."""
        self._answers.extend((answer, accept) for answer in answers)

    def refusal(self, request: Request, document: Any) -> Answer | None:
        """How the service refuses this document; None if it takes it."""
        raise NotImplementedError

    def taken(self, request: Request, document: Any) -> Answer:
        """How the service answers to what it has taken."""
        raise NotImplementedError

    def _respond(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            scripted = self._answers.popleft() if self._answers else None
            if scripted is not None and not scripted[1]:
                return scripted[0]
            try:
                document = json.loads(request.body)
            except ValueError:
                return Answer(400, b'{"message": "not JSON"}')
            answer = self.refusal(request, document)
            if answer is not None:
                return answer
            self.accepted.append(document)
            return scripted[0] if scripted is not None else self.taken(request, document)


def json_answer(status: int, document: Any, **headers: str) -> Answer:
    """An answer in JSON; underscores in header names stand for dashes."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, json.dumps(document).encode(), {"Content-Type": "application/json", **names})
