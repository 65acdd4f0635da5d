"""A fake Slack over a real loopback socket: ``with FakeSlack() as slack`` or ``python -m trailbell.testing.slack``.

It keeps messages with their threads and edits, answers as the Web API and incoming webhooks do, enforces every
documented limit with Slack's error codes, limits the rate per channel with 429 and ``Retry-After``, sends clicks over
Socket Mode, and can be told to misbehave.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import parse_qsl

from trailbell_engine.counted import counted

from .loopback import Answer, LoopbackServer, Request
from .slack_rules import refusal
from .slack_socket import Acknowledged, SocketModeServer
from .slack_workspace import ADA, BOB, CHANNELS, Person, SlackMessage, Workspace

__all__ = ["ADA", "APP_TOKEN", "BOB", "CHANNELS", "TOKEN", "FakeSlack", "Fault", "Person", "SlackMessage", "Workspace"]

TOKEN: Final = "xoxb-fake-token"  # noqa: S105  # of a fake
APP_TOKEN: Final = "xapp-fake-token"  # noqa: S105  # of a fake
WEBHOOK_PATH: Final = "/services/T00000000/B00000000/fakefakefakefakefakefake"
_PAGE: Final = 100


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
        method: only for this method; empty for the next posting, whatever its way.
    """

    code: str = ""
    status: int = 200
    retry_after: str = ""
    body: bytes = b""
    accept: bool = False
    cut: bool = False
    delay: threading.Event | None = None
    method: str = ""


@dataclass(slots=True)
class FakeSlack:
    """The fake, listening from ``with`` to its end.

    Attributes:
        token: the only bot token it knows.
        app_token: the only app token it knows.
        channels: id -> name.
        per_second: messages per second and channel before 429; None does not limit.
        history_allowed: whether the token has the scope for ``conversations.history``.
        people_allowed: whether it has those for ``users.info`` and ``usergroups.users.list``.
        member: whether the bot is in its channels.
        workspace: what channels show.
        requests: every request that came in.
        posted: called with each new message.
    """

    token: str = TOKEN
    app_token: str = APP_TOKEN
    channels: dict[str, str] = field(default_factory=lambda: dict(CHANNELS))
    per_second: float | None = None
    history_allowed: bool = True
    people_allowed: bool = True
    member: bool = True
    port: int = 0
    posted: Callable[[SlackMessage], None] = lambda _: None
    workspace: Workspace = field(init=False)
    requests: list[Request] = field(default_factory=list, init=False)
    socket: SocketModeServer = field(default_factory=SocketModeServer, init=False)
    _faults: deque[Fault] = field(default_factory=deque, init=False)
    _last_post_s: dict[str, float] = field(default_factory=dict, init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, init=False)
    _server: LoopbackServer = field(init=False)

    def __post_init__(self) -> None:
        self.workspace = Workspace(self.channels)
        self._server = LoopbackServer(self._answer, port=self.port)

    def __enter__(self) -> Self:
        self._server.__enter__()
        self.socket.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self.socket.__exit__(*exception)
        self._server.__exit__(*exception)

    @property
    def messages(self) -> list[SlackMessage]:
        """Every message that is there, replies included, oldest first."""
        return [message for message in self.workspace.messages if not message.deleted]

    @property
    def parents(self) -> list[SlackMessage]:
        """Those that are no replies."""
        return [message for message in self.messages if not message.thread_ts]

    def replies(self, parent: SlackMessage) -> list[SlackMessage]:
        """The replies to a message, oldest first."""
        return [message for message in self.messages if message.thread_ts == parent.ts]

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

    def wait(self, condition: Callable[[], object], patience_s: float = 20.0) -> bool:
        """Wait until something holds, looking at each request that was answered."""
        with self._changed:
            return self._changed.wait_for(lambda: bool(condition()), patience_s)

    def delete(self, message: SlackMessage) -> None:
        """Somebody deletes a message."""
        with self._changed:
            self.workspace.delete(message)

    def click(
        self, message: SlackMessage, action_id: str, *, who: Person = ADA, option: int = 0, value: str | None = None
    ) -> Acknowledged | None:
        """Somebody presses a button, or chooses an option; gives the app's acknowledgement, None if none came.

        Args:
            message: that has it.
            action_id: of the element.
            who: presses it.
            option: position of the choice, for a menu.
            value: instead of the element's own, as a forger would send it.
        """
        element = message.controls().get(action_id, {"type": "button", "value": ""})
        chosen = element["options"][option] if "options" in element else element
        action: dict[str, Any] = {"type": element["type"], "action_id": action_id, "block_id": "b"}
        action |= {"selected_option": chosen | {"value": value or chosen["value"]}} if "options" in element else {}
        action |= {} if "options" in element else {"value": value if value is not None else chosen["value"]}
        payload = {
            "type": "block_actions",
            "user": {"id": who.id, "username": who.name, "name": who.name, "team_id": "T0"},
            "trigger_id": uuid.uuid4().hex,
            "container": {"type": "message", "message_ts": message.ts, "channel_id": message.channel},
            "channel": {"id": message.channel, "name": self.channels[message.channel]},
            "message": {"ts": message.ts},
            "actions": [action | {"action_ts": f"{time.time():.6f}"}],
        }
        return self.envelope("interactive", payload)

    def envelope(self, type_: str, payload: Mapping[str, Any]) -> Acknowledged | None:
        """Send anything over Socket Mode; gives the acknowledgement."""
        id_ = str(uuid.uuid4())
        self.socket.send({"envelope_id": id_, "type": type_, "payload": payload, "accepts_response_payload": True})
        return self.socket.acknowledgement(id_)

    def _answer(self, request: Request) -> Answer:
        with self._changed:
            self.requests.append(request)
            try:
                if request.path == WEBHOOK_PATH:
                    return self._webhook(request)
                return self._method(request.path.removeprefix("/api/"), request)
            finally:
                self._changed.notify_all()

    def _method(self, method: str, request: Request) -> Answer:
        authorization = request.headers.get("authorization")
        if method == "apps.connections.open":
            known = authorization == f"Bearer {self.app_token}"
            return _json({"ok": True, "url": self.socket.url} if known else {"ok": False, "error": "invalid_auth"})
        if authorization != f"Bearer {self.token}":
            return _json({"ok": False, "error": "invalid_auth"})
        handler = {
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.postEphemeral": self._whisper,
            "conversations.history": self._history,
            "conversations.replies": self._history,
            "conversations.info": self._info,
            "conversations.list": self._list,
            "users.info": self._person,
            "usergroups.users.list": self._group,
            "auth.test": self._auth,
        }.get(method)
        if handler is None:
            return _json({"ok": False, "error": "unknown_method"})
        written = method.startswith("chat.")
        arguments = _arguments(request, json_too=written)
        fault = self._fault(method)
        if fault is not None and not fault.accept:
            return _misbehave(fault)
        answer = handler(arguments)
        return answer if fault is None else _misbehave(fault)

    def _fault(self, method: str) -> Fault | None:
        posting = method in ("chat.postMessage", "webhook")
        if self._faults and (self._faults[0].method == method or (posting and not self._faults[0].method)):
            return self._faults.popleft()
        return None

    def _auth(self, _: Mapping[str, Any]) -> Answer:
        return _json({"ok": True, "team": "Fake", "user": "trailbell", "bot_id": "B0123456789"})

    def _info(self, arguments: Mapping[str, Any]) -> Answer:
        id_ = str(arguments.get("channel", ""))
        if id_ not in self.channels:
            return _json({"ok": False, "error": "channel_not_found"})
        about = {"id": id_, "name": self.channels[id_], "is_member": self.member}
        return _json({"ok": True, "channel": about | {"is_archived": id_ in self.workspace.archived}})

    def _list(self, _: Mapping[str, Any]) -> Answer:
        return _json({"ok": True, "channels": [{"id": id_, "name": name} for id_, name in self.channels.items()]})

    def _person(self, arguments: Mapping[str, Any]) -> Answer:
        person = self.workspace.people.get(str(arguments.get("user", "")))
        if not self.people_allowed or person is None:
            return _json({"ok": False, "error": "user_not_found" if self.people_allowed else "missing_scope"})
        profile = {"email": person.email, "display_name": person.name}
        return _json({"ok": True, "user": {"id": person.id, "name": person.name, "profile": profile}})

    def _group(self, arguments: Mapping[str, Any]) -> Answer:
        if not self.people_allowed:
            return _json({"ok": False, "error": "missing_scope"})
        wanted = arguments.get("usergroup")
        return _json({"ok": True, "users": [one.id for one in self.workspace.people.values() if wanted in one.groups]})

    def _post(self, arguments: Mapping[str, Any]) -> Answer:
        channel = self.workspace.channel(str(arguments.get("channel", "")))
        refused = self._refused(channel, arguments)
        if refused is not None:
            return refused
        assert channel is not None
        thread = str(arguments.get("thread_ts", ""))
        if thread and self.workspace.find(channel, thread) is None:
            return _json({"ok": False, "error": "thread_not_found"})
        message = self.workspace.post(channel, arguments)
        self.posted(message)
        return _json(
            {"ok": True, "channel": channel, "ts": message.ts, "message": message.payload | {"ts": message.ts}}
        )

    def _refused(self, channel: str | None, arguments: Mapping[str, Any]) -> Answer | None:
        if channel is None:
            return _json({"ok": False, "error": "channel_not_found"})
        if channel in self.workspace.archived:
            return _json({"ok": False, "error": "is_archived"})
        if not self.member:
            return _json({"ok": False, "error": "not_in_channel"})
        limited = self._limited(channel)
        if limited is not None:
            return limited
        code = refusal(dict(arguments))
        return None if code is None else _json({"ok": False, "error": code})

    def _update(self, arguments: Mapping[str, Any]) -> Answer:
        channel = str(arguments.get("channel", ""))
        if channel not in self.channels:  # unlike chat.postMessage it takes no names
            return _json({"ok": False, "error": "channel_not_found"})
        message = self.workspace.find(channel, str(arguments.get("ts", "")))
        if message is None:
            return _json({"ok": False, "error": "message_not_found"})
        code = refusal(dict(arguments))
        if code is not None:
            return _json({"ok": False, "error": code})
        self.workspace.edit(message, arguments)
        return _json({"ok": True, "channel": channel, "ts": message.ts})

    def _whisper(self, arguments: Mapping[str, Any]) -> Answer:
        told = (str(arguments["channel"]), str(arguments["user"]), str(arguments["text"]))
        self.workspace.whispers.append(told)
        return _json({"ok": True, "message_ts": "1.0"})

    def _history(self, arguments: Mapping[str, Any]) -> Answer:
        if not self.history_allowed:
            return _json(
                {"ok": False, "error": "missing_scope", "needed": "channels:history", "provided": "chat:write"}
            )
        channel, thread = str(arguments.get("channel", "")), str(arguments.get("ts", ""))
        if channel not in self.channels:
            return _json({"ok": False, "error": "channel_not_found"})
        oldest, start = float(arguments.get("oldest", 0)), int(arguments.get("cursor") or 0)
        found = [message for message in self.workspace.shown(channel, thread) if float(message.ts) > oldest]
        end = start + min(int(arguments.get("limit", _PAGE)), _PAGE)
        metadata = str(arguments.get("include_all_metadata", "")).lower() == "true"
        hidden = () if metadata else ("metadata",)
        shown = [
            {name: value for name, value in (message.payload | {"ts": message.ts}).items() if name not in hidden}
            for message in found[start:end]
        ]
        more = end < len(found)
        cursor = {"response_metadata": {"next_cursor": str(end)}} if more else {}
        return _json({"ok": True, "messages": shown, "has_more": more} | cursor)

    def _webhook(self, request: Request) -> Answer:
        fault = self._fault("webhook")
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
        self.posted(self.workspace.post(channel, payload))
        return Answer(200, b"ok") if fault is None else _misbehave(fault, webhook=True)

    def _limited(self, channel: str) -> Answer | None:
        if self.per_second is None:
            return None
        now_s = time.monotonic()
        wait_s = self._last_post_s.get(channel, -1e9) + 1 / self.per_second - now_s
        if wait_s > 0:
            return _json({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(int(wait_s) + 1)})
        self._last_post_s[channel] = now_s
        return None


def _arguments(request: Request, *, json_too: bool) -> dict[str, Any]:
    """As Slack reads them: what is sent as JSON to a method that takes forms only is not there."""
    if "json" in request.headers.get("content-type", ""):
        return dict(json.loads(request.body or b"{}")) if json_too else {}
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
            console.print(counted(len(slack.messages), "message"))


if __name__ == "__main__":
    main()
