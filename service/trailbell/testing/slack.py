"""A fake Slack over a real loopback socket: ``with FakeSlack() as slack`` or ``python -m trailbell.testing.slack``.

It keeps messages, answers as the Web API and incoming webhooks do, enforces every documented limit with Slack's error
codes, limits the rate per channel with 429 and ``Retry-After``, and can be told to misbehave.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import parse_qsl

from .loopback import Answer, LoopbackServer, Request
from .slack_rules import refusal

TOKEN: Final = "xoxb-fake-token"  # noqa: S105  # of a fake
CHANNELS: Final = {"C0123456789": "alerts", "C0999999999": "fallback"}
WEBHOOK_PATH: Final = "/services/T00000000/B00000000/fakefakefakefakefakefake"


@dataclass(frozen=True, slots=True)
class SlackMessage:
    """A message as the channel shows it."""

    channel: str
    ts: str
    payload: dict[str, Any]

    @property
    def text(self) -> str:
        """The top-level text."""
        return str(self.payload.get("text", ""))

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """Its blocks; none for plain text."""
        return list(self.payload.get("blocks") or ())


@dataclass(frozen=True, slots=True)
class Fault:
    """How to misbehave once, on the next message.

    Attributes:
        code: answer ``ok: false`` with this error (a webhook: 400 and the code).
        status: answer this HTTP status instead.
        retry_after: header of that answer.
        body: of that answer.
        accept: take the message before misbehaving, as a server does whose answer is lost.
        cut: reset the connection instead of answering.
        delay: wait for this event before answering.
    """

    code: str = ""
    status: int = 200
    retry_after: str = ""
    body: bytes = b""
    accept: bool = False
    cut: bool = False
    delay: threading.Event | None = None


@dataclass(slots=True)
class FakeSlack:
    """The fake, listening from ``with`` to its end.

    Attributes:
        token: the only bot token it knows.
        channels: id -> name.
        per_second: messages per second and channel before 429; None does not limit.
        history_allowed: whether the token has the scope for ``conversations.history``.
        messages: what the channels show, oldest first.
        requests: every request that came in.
        posted: called with each new message.
    """

    token: str = TOKEN
    channels: dict[str, str] = field(default_factory=lambda: dict(CHANNELS))
    per_second: float | None = None
    history_allowed: bool = True
    port: int = 0
    posted: Callable[[SlackMessage], None] = lambda _: None
    messages: list[SlackMessage] = field(default_factory=list, init=False)
    requests: list[Request] = field(default_factory=list, init=False)
    _faults: deque[Fault] = field(default_factory=deque, init=False)
    _last_post_s: dict[str, float] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _server: LoopbackServer = field(init=False)

    def __post_init__(self) -> None:
        self._server = LoopbackServer(self._answer, port=self.port)

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.__exit__(*exception)

    @property
    def api_url(self) -> str:
        """What a client is given as the Web API's base."""
        return f"http://127.0.0.1:{self._server.port}/api/"

    @property
    def webhook_url(self) -> str:
        """An incoming webhook into the first channel."""
        return f"http://127.0.0.1:{self._server.port}{WEBHOOK_PATH}"

    def script(self, *faults: Fault) -> None:
        """Line up what happens to the next messages, one each; after that everything is well."""
        self._faults.extend(faults)

    def _answer(self, request: Request) -> Answer:
        with self._lock:
            self.requests.append(request)
            if request.path == WEBHOOK_PATH:
                return self._webhook(request)
            method = request.path.removeprefix("/api/")
            handlers = {
                "chat.postMessage": self._post,
                "chat.update": self._update,
                "conversations.history": self._history,
                "auth.test": self._auth,
            }
            if request.headers.get("authorization") != f"Bearer {self.token}":
                return _json({"ok": False, "error": "invalid_auth"})
            handler = handlers.get(method)
            return handler(_arguments(request)) if handler else _json({"ok": False, "error": "unknown_method"})

    def _auth(self, _: Mapping[str, Any]) -> Answer:
        return _json({"ok": True, "team": "Fake", "user": "trailbell", "bot_id": "B0123456789"})

    def _post(self, arguments: Mapping[str, Any]) -> Answer:
        channel = self._channel(arguments)
        fault = self._faults.popleft() if self._faults else None
        if fault is not None and not fault.accept:
            return _misbehave(fault)
        if channel is None:
            return _json({"ok": False, "error": "channel_not_found"})
        limited = self._limited(channel)
        if limited is not None:
            return limited
        code = refusal(dict(arguments))
        if code is not None:
            return _json({"ok": False, "error": code})
        message = self._keep(channel, arguments)
        if fault is not None:
            return _misbehave(fault)
        return _json(
            {"ok": True, "channel": channel, "ts": message.ts, "message": message.payload | {"ts": message.ts}}
        )

    def _update(self, arguments: Mapping[str, Any]) -> Answer:
        for position, message in enumerate(self.messages):
            if message.ts == arguments.get("ts") and message.channel == self._channel(arguments):
                code = refusal(dict(arguments))
                if code is not None:
                    return _json({"ok": False, "error": code})
                self.messages[position] = SlackMessage(message.channel, message.ts, dict(arguments))
                return _json({"ok": True, "channel": message.channel, "ts": message.ts})
        return _json({"ok": False, "error": "message_not_found"})

    def _history(self, arguments: Mapping[str, Any]) -> Answer:
        if not self.history_allowed:
            return _json(
                {"ok": False, "error": "missing_scope", "needed": "channels:history", "provided": "chat:write"}
            )
        channel = self._channel(arguments)
        oldest = float(arguments.get("oldest", 0))
        shown = [
            message.payload | {"ts": message.ts}
            for message in reversed(self.messages)
            if message.channel == channel and float(message.ts) > oldest
        ]
        return _json({"ok": True, "messages": shown[: int(arguments.get("limit", 100))], "has_more": False})

    def _webhook(self, request: Request) -> Answer:
        fault = self._faults.popleft() if self._faults else None
        if fault is not None and not fault.accept:
            return _misbehave(fault, webhook=True)
        channel = next(iter(self.channels))
        limited = self._limited(channel)
        if limited is not None:
            return limited
        try:
            payload = json.loads(request.body)
        except ValueError:
            return Answer(400, b"invalid_payload")
        code = refusal(payload)
        if code is not None:
            return Answer(400, code.encode())
        self._keep(channel, payload)
        return Answer(200, b"ok") if fault is None else _misbehave(fault, webhook=True)

    def _channel(self, arguments: Mapping[str, Any]) -> str | None:
        wanted = str(arguments.get("channel", "")).removeprefix("#")
        return next((id_ for id_, name in self.channels.items() if wanted in (id_, name)), None)

    def _limited(self, channel: str) -> Answer | None:
        if self.per_second is None:
            return None
        now_s = time.monotonic()
        wait_s = self._last_post_s.get(channel, -1e9) + 1 / self.per_second - now_s
        if wait_s > 0:
            return _json({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(int(wait_s) + 1)})
        self._last_post_s[channel] = now_s
        return None

    def _keep(self, channel: str, payload: Mapping[str, Any]) -> SlackMessage:
        ts_us = max(time.time_ns() // 1_000, *(int(message.ts.replace(".", "")) + 1 for message in self.messages), 0)
        message = SlackMessage(channel, f"{ts_us // 1_000_000}.{ts_us % 1_000_000:06d}", dict(payload))
        self.messages.append(message)
        self.posted(message)
        return message


def _arguments(request: Request) -> dict[str, Any]:
    if "json" in request.headers.get("content-type", ""):
        return dict(json.loads(request.body or b"{}"))
    return dict(parse_qsl(request.body.decode()))


def _misbehave(fault: Fault, *, webhook: bool = False) -> Answer:
    headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
    if fault.code and webhook:
        return Answer(400, fault.code.encode(), headers, fault.delay)
    body = json.dumps({"ok": False, "error": fault.code}).encode() if fault.code else fault.body
    return Answer(fault.status, body, {"Content-Type": "application/json", **headers}, fault.delay, cut=fault.cut)


def _json(document: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(document).encode(), {"Content-Type": "application/json", **(headers or {})})


def main() -> None:
    """Serve until interrupted, and draw every message that arrives."""
    from rich.console import Console

    from trailbell.cli.cards import card

    console = Console()
    with FakeSlack(posted=lambda message: console.print(card(message.payload))) as slack:
        console.print(
            f"Web API   {slack.api_url}   token {slack.token}   channels {', '.join(slack.channels)}", soft_wrap=True
        )
        console.print(f"webhook   {slack.webhook_url}", soft_wrap=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            console.print(f"{len(slack.messages)} messages")


if __name__ == "__main__":
    main()
