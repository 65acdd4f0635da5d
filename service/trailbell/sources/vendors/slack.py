"""Slack audit logs of an Enterprise organisation: ``GET /audit/v1/logs`` between ``oldest`` and ``latest``.

Source: docs.slack.dev, Audit Logs API: times are whole seconds since the epoch, both ends included; pages of up to
9,999 follow by ``response_metadata.next_cursor``; about 50 requests a minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trailbell.sources.errors import SourceError
from trailbell.sources.window import Window
from trailbell.sources.windows import WindowSource
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.timestamps import MINUTE_US, SECOND_US
from trailbell_engine.values import Json

from .api import Token, VendorApi
from .listing import ListPage, listed
from .settings import TOKEN, URL, Standing, described_source, pace, polling

STANDING: Final = Standing(interval_us=MINUTE_US, lateness_us=2 * MINUTE_US, overlap_us=10 * MINUTE_US)
BASE_URL: Final = "https://api.slack.com"
INTERVAL_S: Final = 60 / 50
PAGE_SIZE: Final = 1000
SCHEMA: Final = described_source(
    "The audit logs of a Slack Enterprise organisation.",
    {
        "token": (TOKEN, "A token of an owner with `auditlogs:read`.", "${SLACK_AUDIT_TOKEN}"),
        "url": (URL, "Another address of the API.", BASE_URL),
    },
    STANDING,
    required=("token",),
)


class AuditLogs:
    """Lists what happened between two instants."""

    def __init__(self, api: VendorApi) -> None:
        self._api = api

    def read(self, from_us: int, to_us: int) -> Window:
        """Everything of a window.

        Raises:
            SourceError: see ``VendorApi.get``; or if the answer has no entries.
        """
        bounds = {"oldest": str(from_us // SECOND_US), "latest": str(to_us // SECOND_US), "limit": str(PAGE_SIZE)}

        def page(cursor: str | None) -> ListPage:
            document = self._api.get("/audit/v1/logs", bounds | ({"cursor": cursor} if cursor else {})).document
            entries = document.get("entries") if isinstance(document, dict) else None
            if not isinstance(document, dict) or not isinstance(entries, list):
                raise SourceError(
                    "the audit logs answered without entries", "is the token that of an Enterprise owner?"
                )
            metadata = document.get("response_metadata")
            following = metadata.get("next_cursor") if isinstance(metadata, dict) else None
            return ListPage(entries, str(following) if following else None)

        return listed(page, self._api.origin)


def build(name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> WindowSource:  # noqa: ARG001  # every source is built so
    """The source; see ``SourceMaker``."""
    own = pace(once=once)
    token = str(settings["token"])
    api = VendorApi(
        str(settings.get("url") or BASE_URL), Token("Bearer", lambda: token), interval_s=INTERVAL_S, retry=own.retry
    )
    return WindowSource(
        AuditLogs(api).read,
        PRESETS["slack"],
        polling(settings, STANDING),
        name=name,
        pace=own.pace,
        server_us=api.take_server_us,
    )
