"""A webhook receiver over a loopback socket: ``with FakeWebhook() as hook`` or ``python -m trailbell.testing.webhook``.

It keeps what arrives, verifies Standard Webhooks signatures by its own few lines, drops repeats by their id as a good
receiver does, and can be told to misbehave.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import ssl
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from trailbell_engine.counted import counted

from .loopback import Answer, LoopbackServer, Request

SECRET: Final = "whsec_" + base64.b64encode(b"a fake secret of 32 bytes length").decode()
TOLERANCE_S: Final = 300
"""Standard Webhooks 1.0.0: receivers allow five minutes."""


@dataclass(frozen=True, slots=True)
class Received:
    """One request that was answered with 2xx, unless ``repeat``, which means that its id was here before."""

    id: str
    document: Any
    request: Request
    repeat: bool


@dataclass(slots=True)
class FakeWebhook:
    """The receiver, listening from ``with`` to its end.

    Attributes:
        secret: verifies signatures with it; None verifies nothing.
        now_s: the clock that timestamps are compared with.
        context: TLS of the server; None speaks plain HTTP.
        deliveries: every accepted request, oldest first.
        requests: every request that came in, refused ones too.
        arrived: called with each accepted request.
    """

    secret: str | None = SECRET
    now_s: Callable[[], float] = time.time
    context: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    port: int = 0
    arrived: Callable[[Received], None] = lambda _: None
    deliveries: list[Received] = field(default_factory=list, init=False)
    requests: list[Request] = field(default_factory=list, init=False)
    _answers: deque[tuple[Answer, bool]] = field(default_factory=deque, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _server: LoopbackServer = field(init=False)

    def __post_init__(self) -> None:
        self._server = LoopbackServer(self._answer, self.host, self.port, self.context)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.__exit__(*exception)

    @property
    def url(self) -> str:
        """Where to post."""
        scheme = "http" if self.context is None else "https"
        return f"{scheme}://{self.host}:{self._server.port}/hooks/secret-path"

    def script(self, *answers: Answer, accept: bool = False) -> None:
        """Line up answers for the next requests, one each; ``accept`` takes the delivery before answering so."""
        self._answers.extend((answer, accept) for answer in answers)

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            answer, accept = self._answers.popleft() if self._answers else (Answer(204), True)
            if not accept:
                return answer
            if self.secret is not None and not verified(self.secret, request.headers, request.body, self.now_s()):
                return Answer(401, b"bad signature")
            self._take(request)
            return answer

    def _take(self, request: Request) -> None:
        id_ = request.headers.get("webhook-id", "")
        repeat = any(delivery.id == id_ for delivery in self.deliveries)
        received = Received(id_, json.loads(request.body), request, repeat)
        self.deliveries.append(received)
        self.arrived(received)


def verified(secret: str, headers: Mapping[str, str], body: bytes, now_s: float) -> bool:
    """Whether one of the signatures is good and the timestamp is within five minutes."""
    try:
        timestamp_s = int(headers["webhook-timestamp"])
        signed = b".".join([headers["webhook-id"].encode(), str(timestamp_s).encode(), body])
    except (KeyError, ValueError):
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split(" ")
    good = [hmac.compare_digest(signature.encode(), expected.encode()) for signature in given]
    return any(good) and abs(now_s - timestamp_s) <= TOLERANCE_S


def _print(received: Received) -> None:
    mark = "repeat" if received.repeat else "new"
    sys.stdout.write(f"{received.id} ({mark})\n{json.dumps(received.document, indent=2)}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until interrupted, and print what arrives."""
    parser = argparse.ArgumentParser(prog="python -m trailbell.testing.webhook", description="A webhook receiver.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--secret", default=SECRET)
    options = parser.parse_args()
    with FakeWebhook(secret=options.secret, port=options.port, arrived=_print) as hook:
        sys.stdout.write(f"url     {hook.url}\nsecret  {hook.secret}\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            sys.stdout.write(f"{counted(len(hook.deliveries), 'delivery', 'deliveries')}\n")


if __name__ == "__main__":
    main()
