"""From configuration to parts: receivers, routes, rules that fit them, and the sources that are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trailbell_engine.rule import RuleSet
from trailbell_notifiers.channel import Channel, ChannelError, build_channel
from trailbell_notifiers.routing import Route, parse_route

from .config import Config


class WiringError(Exception):
    """Parts do not fit each other.

    Attributes:
        message: what is wrong.
        help: what to do about it.
    """

    def __init__(self, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help_


@dataclass(frozen=True, slots=True)
class Receivers:
    """Who can be told, and who is told of what."""

    channels: Mapping[str, Channel]
    route: Route | None


def receivers(config: Config) -> Receivers:
    """The channels and the routing tree of a configuration.

    Raises:
        WiringError: if a receiver's settings cannot work.
    """
    channels = {}
    for name, settings in config.receivers.items():
        try:
            channels[name] = build_channel({"name": name, **settings})
        except ChannelError as error:
            raise WiringError(f"the receiver {name!r}: {error}", error.help) from error
    route = None if config.route is None else parse_route(config.route, list(channels))
    return Receivers(channels, route)


def check_notify(rules: RuleSet, names: Sequence[str]) -> None:
    """Refuse rules that tell receivers nobody defined: their alerts would reach no one.

    Raises:
        WiringError: naming the first such rule and its place.
    """
    for rule in rules:
        for name in rule.notify:
            if name not in names:
                raise WiringError(
                    f"{rule.origin.file}:{rule.origin.line}: {rule.id} notifies {name!r}, and no receiver is called so",
                    f"defined below `receivers:`: {', '.join(sorted(names)) or 'none'}",
                )
