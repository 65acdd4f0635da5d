"""Whether messages have buttons: where a receiver has an app token, and somebody will hear the clicks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from trailbell.store.database import Database
from trailbell_notifiers.channel import Channel
from trailbell_notifiers.channels.slack.bot import SlackBot

from .key import signing_key

if TYPE_CHECKING:
    from .listener import Engine


def clickable(channels: Mapping[str, Channel]) -> dict[str, SlackBot]:
    """The receivers whose messages have buttons."""
    return {
        name: channel
        for name, channel in channels.items()
        if isinstance(channel, SlackBot) and channel.app_token is not None
    }


def with_buttons(
    channels: Mapping[str, Channel], state: Path
) -> Callable[[Database, Engine], AbstractContextManager[None]]:
    """Let messages go out with buttons from now on, and give what hears them beside a running engine.

    Raises:
        OSError: if the key cannot be written into the state folder.
    """
    bots = clickable(channels)
    if not bots:
        return lambda _database, _engine: nullcontext()
    key = signing_key(state)
    for bot in bots.values():
        bot.listen_with(key)

    def hearing(database: Database, engine: Engine) -> AbstractContextManager[None]:
        from .listener import listening  # with slack_sdk, which nobody else needs

        return listening(bots, key, state, database, engine)

    return hearing
