"""The receivers of a configuration, for looking at what they would get: no secret is read and nothing can be sent."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from trailbell.configuration.config import Config
from trailbell.configuration.environment import Unset, expand, filled
from trailbell.wiring import Receivers, receivers
from trailbell_engine.values import Json
from trailbell_rules.document import Place

SLACK_ALONE: Final = Config(
    receivers={"slack": {"slack": {"token": "xoxb-not-sent", "channel": "#alerts"}}}, route={"receiver": "slack"}
)
"""What is previewed where nothing is configured: every alert in one Slack channel."""

_STAND_INS: Final[Mapping[str, str | None]] = {
    "token": "xoxb-not-sent",
    "webhook_url": "https://unset.invalid/",
    "url": "https://unset.invalid/",
    "secret": None,
    "previous_secret": None,
    "password": None,
    "routing_key": "0" * 32,
    "env": None,
    "headers": None,
    "ca_file": None,
}
"""Settings that say how to get in, and not what is shown; None leaves them out."""
_OF_KIND: Final[Mapping[str, Mapping[str, Json]]] = {
    "apprise": {"url": "json://unset.invalid/"},
    "command": {"argv": [sys.executable]},
}
"""Stand-ins where what is written is looked at when the channel is made: a service is known, a program is there."""
_UNSET: Final = {"to": "unset@unset.invalid", "from": "unset@unset.invalid"}


def preview(config: Config, environ: Mapping[str, str]) -> Receivers:
    """The channels and routes of a configuration that was loaded without secrets.

    Args:
        config: see ``load_config(…, secrets=False)``.
        environ: for ``${NAME}`` in what is shown, such as addresses; a name that is not set gets a stand-in.

    Raises:
        WiringError: if a receiver's settings cannot work.
    """
    shown = {
        name: {kind: {**_shown(settings, environ), **_OF_KIND.get(kind, {})} for kind, settings in receiver.items()}
        for name, receiver in config.receivers.items()
    }
    return receivers(replace(config, receivers=shown))


def kinds(config: Config) -> dict[str, str]:
    """Per receiver what it is: ``slack``, ``email``, ``webhook``."""
    return {name: next(iter(receiver)) for name, receiver in config.receivers.items()}


def _shown(settings: Json, environ: Mapping[str, str]) -> dict[str, Json]:
    def fill(text: str, place: Place) -> str:
        try:
            return expand(text, environ)
        except Unset:
            return _UNSET.get(str(place[0]), "unset")

    shown = filled({name: value for name, value in settings.items() if name not in _STAND_INS}, fill)
    stand_ins = {name: value for name, value in _STAND_INS.items() if name in settings and value is not None}
    return {**shown, **stand_ins}
