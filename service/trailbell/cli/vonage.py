"""The Audit API's client as the configuration and the environment ask for it."""

from __future__ import annotations

from collections.abc import Mapping

from trailbell.audit.client import AuditClient
from trailbell.sources.kinds import SettingsError
from trailbell.sources.vonage_settings import VonageSettings, client_of

from .exits import Exit, Failure


def audit_client(settings: VonageSettings, environ: Mapping[str, str]) -> AuditClient:
    """The client of the Audit API.

    Raises:
        Failure: without usable credentials, or with an address that would give them away.
    """
    try:
        return client_of(settings, environ)
    except SettingsError as error:
        raise Failure(Exit.CONFIGURATION, str(error), error.help) from error
