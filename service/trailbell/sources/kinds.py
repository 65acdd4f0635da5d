"""The kinds of sources that a configuration can name, and who makes each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from trailbell_engine.values import Json
from trailbell_notifiers.plugins import Makers

from .base import Source

KINDS: Final[Mapping[str, str]] = {
    "vonage": "trailbell.sources.vonage_settings",
    "files": "trailbell.sources.files_settings",
    "syslog": "trailbell.sources.syslog.settings",
    "auth0": "trailbell.sources.vendors.auth0",
    "cloudflare": "trailbell.sources.vendors.cloudflare",
    "cloudtrail": "trailbell.sources.vendors.cloudtrail",
    "github": "trailbell.sources.vendors.github",
    "gworkspace": "trailbell.sources.vendors.gworkspace",
    "okta": "trailbell.sources.vendors.okta",
    "slack_audit": "trailbell.sources.vendors.slack",
    "kafka": "trailbell.sources.brokers.kafka",
    "nats": "trailbell.sources.brokers.nats",
    "rabbitmq": "trailbell.sources.brokers.rabbitmq",
    "redis": "trailbell.sources.brokers.redis",
}
"""Kind of source -> the module that makes it. Each has ``SCHEMA`` and ``build`` (see ``SourceMaker``), and imports what
it talks with in ``build``: the schema of a configuration is made of all of them."""
WITH_PAST: Final = (
    *("vonage", "auth0", "cloudflare", "cloudtrail", "github", "gworkspace", "okta", "slack_audit"),
    "nats",
)
"""Those of our kinds that can be asked for their past (``Source``)."""
ENTRY_POINTS: Final = "trailbell.sources"
"""Group of the entry points of other packages: kind -> a module (or an object) with ``SCHEMA`` and ``build``."""


class SettingsError(ValueError):
    """A source's settings, or what it needs of the environment, cannot work.

    Attributes:
        help: what to write or set instead; may be empty.
    """

    def __init__(self, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.help = help_


class SourceMaker(Protocol):
    """What stands behind a kind: a module of ours, or what a package offers as an entry point."""

    SCHEMA: dict[str, Any]

    def build(self, name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> Source:
        """A source, ready to be read; nothing is asked yet.

        Args:
            name: its own, which is also the source of its events.
            settings: valid against ``SCHEMA``, with the environment filled in.
            environ: for credentials that are not among the settings.
            once: end when it has caught up.

        Raises:
            SettingsError: if they cannot work.
        """


_MAKERS: Final = Makers[SourceMaker]("source", KINDS, ENTRY_POINTS, SettingsError, f"{__name__}.SourceMaker")


def kinds() -> tuple[str, ...]:
    """Every kind of source there is: our own, then those that other packages offer, by name."""
    return _MAKERS.kinds()


def maker_of(kind: str) -> SourceMaker:
    """What makes sources of this kind; it is imported now.

    Raises:
        SettingsError: if a package offers the kind and what it offers cannot be used.
    """
    return _MAKERS.of(kind)
