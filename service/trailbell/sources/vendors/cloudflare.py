"""Cloudflare audit logs, version 2: ``GET /accounts/{id}/logs/audit`` between ``since`` and ``before``.

Source: developers.cloudflare.com, Audit Logs v2: pages of up to 1,000 follow by ``result_info.cursor``; 1,200 requests
in five minutes for an account's user.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from trailbell.sources.errors import SourceError
from trailbell.sources.window import Window
from trailbell.sources.windows import WindowSource
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.timestamps import MINUTE_US, SECOND_US, format_time
from trailbell_engine.values import Json
from trailbell_rules.schema_parts import TEXT

from .api import Token, VendorApi
from .listing import ListPage, listed
from .settings import TOKEN, URL, Standing, described_source, pace, polling

STANDING: Final = Standing(interval_us=MINUTE_US, lateness_us=5 * MINUTE_US, overlap_us=15 * MINUTE_US)
BASE_URL: Final = "https://api.cloudflare.com/client/v4"
INTERVAL_S: Final = 300 / 1200
PAGE_SIZE: Final = 1000
SCHEMA: Final = described_source(
    "The audit logs (version 2) of a Cloudflare account.",
    {
        "account": (TEXT, "The account's id.", "023e105f4ecef8ad9ca31a8372d0c353"),
        "token": (TOKEN, "An API token that may read the account's settings.", "${CLOUDFLARE_API_TOKEN}"),
        "url": (URL, "Another address of the API.", BASE_URL),
    },
    STANDING,
    required=("account", "token"),
)


class AuditLogs:
    """Lists what happened between two instants."""

    def __init__(self, api: VendorApi, account: str) -> None:
        self._api = api
        self._path = f"/accounts/{quote(account, safe='')}/logs/audit"

    def read(self, from_us: int, to_us: int) -> Window:
        """Everything of a window.

        Raises:
            SourceError: see ``VendorApi.get``; or if the answer has no result.
        """
        # `before` leaves its instant out.
        bounds = {"since": format_time(from_us), "before": format_time(to_us + SECOND_US), "limit": str(PAGE_SIZE)}

        def page(cursor: str | None) -> ListPage:
            document = self._api.get(self._path, bounds | ({"cursor": cursor} if cursor else {})).document
            result = document.get("result") if isinstance(document, dict) else None
            if not isinstance(document, dict) or not isinstance(result, list):
                raise SourceError("the audit logs answered without a result", "is `account` the id of an account?")
            info = document.get("result_info")
            following = info.get("cursor") if isinstance(info, dict) else None
            return ListPage(result, str(following) if following and result else None)

        return listed(page, self._api.origin)


def build(name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> WindowSource:  # noqa: ARG001  # every source is built so
    """The source; see ``SourceMaker``."""
    own = pace(once=once)
    token = str(settings["token"])
    url = str(settings.get("url") or BASE_URL)
    api = VendorApi(url, Token("Bearer", lambda: token), interval_s=INTERVAL_S, retry=own.retry)
    log = AuditLogs(api, str(settings["account"]))
    return WindowSource(
        log.read,
        PRESETS["cloudflare"],
        polling(settings, STANDING),
        name=name,
        pace=own.pace,
        server_us=api.take_server_us,
    )
