"""The Vonage source as the configuration and the environment ask for it."""

from __future__ import annotations

from collections.abc import Mapping

from trailbell.audit.client import BASE_URL, AuditClient
from trailbell.audit.credentials import CredentialsError, credentials_from_environment
from trailbell.config import VonageSettings
from trailbell.sources.vonage import Polling, VonageSource

from .exits import Exit, Failure


def audit_client(settings: VonageSettings, environ: Mapping[str, str]) -> AuditClient:
    """The client of the Audit API.

    Raises:
        Failure: without usable credentials, or with an address that would give them away.
    """
    try:
        credentials = credentials_from_environment(environ)
        return AuditClient(
            credentials=credentials, base_url=settings.url or environ.get("VONAGE_AUDIT_URL") or BASE_URL
        )
    except CredentialsError as error:
        raise Failure(Exit.CONFIGURATION, str(error), error.help) from error
    except ValueError as error:
        raise Failure(Exit.CONFIGURATION, str(error), "set `sources: {vonage: {url: https://…}}`") from error


def vonage_source(settings: VonageSettings, environ: Mapping[str, str], *, once: bool) -> VonageSource:
    """The poller; with ``once`` it ends when it has caught up.

    Raises:
        Failure: as ``audit_client``.
    """
    polling = Polling(
        interval_us=settings.poll_every_us,
        overlap_us=settings.overlap_us,
        lateness_us=settings.lateness_us,
        first_us=settings.since_us,
    )
    return VonageSource(audit_client(settings, environ), polling, follow=not once)
