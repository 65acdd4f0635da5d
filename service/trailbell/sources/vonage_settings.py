"""``vonage:`` below ``sources:``: how the Audit API is polled, as people write it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trailbell.configuration.environment import setting
from trailbell_engine.durations import parse_duration
from trailbell_engine.timestamps import DAY_US, MINUTE_US, SECOND_US
from trailbell_engine.values import Json
from trailbell_rules.schema_parts import DURATION, DURATION_OR_ZERO, TEXT, described, mapping

from .kinds import SettingsError

if TYPE_CHECKING:
    from trailbell.audit.client import AuditClient
    from trailbell.audit.credentials import Credentials

    from .vonage import VonageSource

URL_VARIABLE: Final = "VONAGE_AUDIT_URL"
"""Says where the API is, where the settings do not: for a fake, or another data centre."""
SHORTEST_US: Final = {"since": SECOND_US, "poll_every": SECOND_US, "overlap": SECOND_US, "lateness": 0, "rescan": 0}
"""The API's times are whole seconds: what is shorter cannot be asked for."""

_WORDS: Final[Mapping[str, tuple[dict[str, Any], str, str]]] = {
    "since": (DURATION, "How far back the first run looks.", "1d"),
    "poll_every": (DURATION, "How often the API is asked.", "60s"),
    "lateness": (DURATION_OR_ZERO, "How late an event may come and still be taken in its order.", "1m"),
    "overlap": (DURATION, "How far each poll reaches back over the one before it.", "5m"),
    "rescan": (
        DURATION_OR_ZERO,
        "How late an event may come and still be found by the daily re-scan; `0s` for none.",
        "1d",
    ),
    "url": (
        TEXT,
        "Another address of the API; VONAGE_AUDIT_URL if it is not given.",
        "https://api.nexmo.com/beta/audit",
    ),
    "api_key": (TEXT, "The account's key; VONAGE_API_KEY if it is not given.", "${EU_API_KEY}"),
    "api_secret": (TEXT, "The account's secret; VONAGE_API_SECRET if it is not given.", "${EU_API_SECRET}"),
}
SCHEMA: Final = described(
    mapping({name: described(*entry) for name, entry in _WORDS.items()})
    | {"dependentRequired": {"api_key": ["api_secret"], "api_secret": ["api_key"]}},
    "The Vonage Audit API, with VONAGE_API_KEY and VONAGE_API_SECRET from the environment.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VonageSettings:
    """How the Audit API is polled; times in microseconds."""

    since_us: int = DAY_US
    poll_every_us: int = MINUTE_US
    lateness_us: int = MINUTE_US
    overlap_us: int = 5 * MINUTE_US
    rescan_us: int = DAY_US
    url: str | None = None
    api_key: str | None = None
    api_secret: str | None = None


def duration_us(text: str) -> int | None:
    """A duration as it may stand in these settings; None if it is none."""
    return 0 if text == "0s" else parse_duration(text)


def settings_of(values: Mapping[str, Any]) -> VonageSettings:
    """The settings from values that are valid against ``SCHEMA`` and no shorter than ``SHORTEST_US``."""
    durations = {f"{name}_us": duration_us(values[name]) for name in SHORTEST_US if name in values}
    texts = {name: values[name] for name in ("url", "api_key", "api_secret") if name in values}
    return VonageSettings(**durations, **texts)  # type: ignore[arg-type]  # no None: they were checked


def client_of(settings: VonageSettings, environ: Mapping[str, str]) -> AuditClient:
    """The client of the Audit API; the caller closes it.

    Raises:
        SettingsError: without usable credentials, or with an address that would give them away.
    """
    from trailbell.audit.client import BASE_URL, AuditClient
    from trailbell.audit.credentials import CredentialsError

    try:
        url = settings.url or setting(URL_VARIABLE, environ) or BASE_URL
        return AuditClient(credentials=_credentials(settings, environ), base_url=url)
    except CredentialsError as error:
        raise SettingsError(str(error), error.help) from error
    except ValueError as error:
        raise SettingsError(str(error), "set `sources: {vonage: {url: https://…}}`") from error


def _credentials(settings: VonageSettings, environ: Mapping[str, str]) -> Credentials:
    from trailbell.audit.credentials import Credentials, credentials_from_environment

    if settings.api_key and settings.api_secret:
        return Credentials(settings.api_key, settings.api_secret, "`api_key` and `api_secret` of the configuration")
    return credentials_from_environment(environ)


def build(name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> VonageSource:
    """The poller; with ``once`` it ends when it has caught up.

    Raises:
        SettingsError: as ``client_of``.
    """
    from .polling import Pace, Polling
    from .vonage import VonageSource

    given = settings_of(settings)
    polling = Polling(
        interval_us=given.poll_every_us,
        overlap_us=given.overlap_us,
        lateness_us=given.lateness_us,
        first_us=given.since_us,
        rescan_us=given.rescan_us,
    )
    return VonageSource(client_of(given, environ), polling, name=name, pace=Pace(follow=not once))
