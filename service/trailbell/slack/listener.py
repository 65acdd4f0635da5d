"""Socket Mode: a connection that we open, over which Slack sends what people click. No port has to be open for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final, Protocol, Self

from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web import WebClient

from trailbell.store.database import Database
from trailbell_engine.rule import RuleSet
from trailbell_notifiers.channels.slack.bot import SlackBot
from trailbell_notifiers.secret import Secret, redact

from .clicks import Clicks

FIRST_RETRY_S: Final = 2.0
LONGEST_RETRY_S: Final = 300.0
CLOSING_S: Final = 10.0
"""So long a connection is waited for when all ends."""
_BETWEEN_S: Final = 0.1
_CONCURRENCY: Final = 2

log = logging.getLogger("trailbell")
_sdk_log = logging.getLogger("trailbell.slack_sdk")
_sdk_log.setLevel(logging.ERROR)


class Engine(Protocol):
    """What clicks are for."""

    @property
    def rules(self) -> RuleSet:
        """Those that run."""

    def hear(self) -> None:
        """A wish has been left."""


@contextmanager
def listening(
    bots: Mapping[str, SlackBot], key: bytes, state: Path, database: Database, engine: Engine
) -> Iterator[None]:
    """Hear clicks, on threads of its own, while the context lasts: one connection for each app.

    A Slack that cannot be reached is tried again for ever, and nothing else waits for it.

    Args:
        bots: receivers with buttons, by name.
        key: by which their buttons are signed.
        state: the state folder.
        database: the store.
        engine: that runs.
    """
    clicks = Clicks(bots, key, state, database, lambda: engine.rules, engine.hear)
    apps = {(bot.app_token, bot.api.url): None for bot in bots.values() if bot.app_token is not None}
    with ExitStack() as stack:
        for app_token, url in apps:
            stack.enter_context(Listener(app_token, url, clicks))
        yield


def _close(client: SocketModeClient) -> None:
    """Close a client, also one whose thread just begins to receive.

    That thread takes back the mark that it is to end, and then waits for ever (slack_sdk 3.47, in
    `SocketModeClient._run_current_session`). So the mark is set until it is heeded. The client's threads are daemons.
    """
    closing = threading.Thread(target=client.close, name="slack socket closes", daemon=True)
    closing.start()
    for _ in range(int(CLOSING_S / _BETWEEN_S)):
        client.current_session_state.terminated = True
        closing.join(_BETWEEN_S)
        if not closing.is_alive():
            return
    log.warning("Slack's socket does not close; it is left to itself")


class Listener:
    """One connection, and the thread on which its clicks are taken."""

    def __init__(self, app_token: Secret, url: str, clicks: Clicks) -> None:
        self._app_token = app_token
        self._url = url
        self._clicks = clicks
        self._waiting: SimpleQueue[Mapping[str, Any] | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._worker = threading.Thread(target=self._work, name="slack clicks", daemon=True)
        self._connector = threading.Thread(target=self._connect, name="slack socket", daemon=True)
        self._client: SocketModeClient | None = None

    def __enter__(self) -> Self:
        self._worker.start()
        self._connector.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._waiting.put(None)
        self._connector.join()
        if self._client is not None:
            _close(self._client)
        self._worker.join()

    def _connect(self) -> None:
        """Until the first connection stands; the client keeps it up from there."""
        retry_s = FIRST_RETRY_S
        while not self._stopping.is_set():
            web = WebClient(base_url=self._url, retry_handlers=[])
            client = SocketModeClient(self._app_token.reveal(), _sdk_log, web, concurrency=_CONCURRENCY)
            client.socket_mode_request_listeners.append(self._hear)
            try:
                client.connect()
            except (SlackClientError, OSError) as error:
                _close(client)
                words = redact(f"{type(error).__name__}: {_first_line(error)}", [self._app_token])
                log.warning("Slack's buttons do not work: %s; trying again in %.0f s", words, retry_s)
                self._stopping.wait(retry_s)
                retry_s = min(2 * retry_s, LONGEST_RETRY_S)
                continue
            self._client = client
            log.info("Slack's buttons work")
            return

    def _hear(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        """Acknowledge at once, as Slack wants it within three seconds; the work comes after."""
        client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        if request.type == "interactive" and request.payload.get("type") == "block_actions":
            self._waiting.put(request.payload)

    def _work(self) -> None:
        for payload in iter(partial(self._waiting.get), None):
            try:
                self._clicks.take(payload)
            except Exception as error:  # noqa: BLE001 - a click that nobody foresaw must not end all clicks
                log.error("a click in Slack could not be taken: %s: %s", type(error).__name__, error)  # noqa: TRY400 - in words


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200]
