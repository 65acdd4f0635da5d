"""GitHub organisation audit log: ``GET /orgs/{org}/audit-log``, searched by the time of creation.

Source: docs.github.com, REST API for organisations: ``phrase`` takes ``created:FROM..TO``, ``include=all`` adds Git
events, pages of 100 follow by an ``after`` cursor in the ``Link`` header, 1,750 requests an hour. It is a part of
Enterprise Cloud. Events are kept for 180 days, Git events for 7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from trailbell.sources.errors import SourceError
from trailbell.sources.window import Window
from trailbell.sources.windows import WindowSource
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, format_time
from trailbell_engine.values import Json
from trailbell_rules.schema_parts import TEXT

from .api import Token, VendorApi
from .listing import ListPage, listed
from .settings import TOKEN, URL, Standing, described_source, pace, polling

STANDING: Final = Standing(
    interval_us=MINUTE_US,
    lateness_us=2 * MINUTE_US,
    overlap_us=10 * MINUTE_US,
    window_us=6 * HOUR_US,
    kept_us=180 * DAY_US,
)
BASE_URL: Final = "https://api.github.com"
INTERVAL_S: Final = 3600 / 1750
SCHEMA: Final = described_source(
    "The audit log of a GitHub organisation (Enterprise Cloud), Git events included.",
    {
        "organization": (TEXT, "The organisation's name.", "acme"),
        "token": (TOKEN, "A token with `read:audit_log`.", "${GITHUB_TOKEN}"),
        "url": (URL, "Another address of the API.", BASE_URL),
    },
    STANDING,
    required=("organization", "token"),
)


class AuditLog:
    """Lists what happened between two instants."""

    def __init__(self, api: VendorApi, organization: str) -> None:
        self._api = api
        self._path = f"/orgs/{quote(organization, safe='')}/audit-log"

    def read(self, from_us: int, to_us: int) -> Window:
        """Everything of a window.

        Raises:
            SourceError: see ``VendorApi.get``; or if the answer is no list.
        """
        first = {
            "phrase": f"created:{format_time(from_us)}..{format_time(to_us)}",
            "include": "all",
            "order": "asc",
            "per_page": "100",
        }

        def page(cursor: str | None) -> ListPage:
            reply = self._api.get(self._path, first) if cursor is None else self._api.get(cursor, prefixed=False)
            if not isinstance(reply.document, list):
                raise SourceError("the audit log answered with no list", "is `url` the address of GitHub's API?")
            return ListPage(reply.document, reply.next_path)

        return listed(page, self._api.origin)


def build(name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> WindowSource:  # noqa: ARG001  # every source is built so
    """The source; see ``SourceMaker``."""
    own = pace(once=once)
    token = str(settings["token"])
    api = VendorApi(
        str(settings.get("url") or BASE_URL),
        Token("Bearer", lambda: token),
        interval_s=INTERVAL_S,
        headers={"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
        retry=own.retry,
    )
    log = AuditLog(api, str(settings["organization"]))
    return WindowSource(
        log.read, PRESETS["github"], polling(settings, STANDING), name=name, pace=own.pace, server_us=api.take_server_us
    )
