"""Google Workspace reports: ``activities.list`` of one or more applications between two instants.

Source: developers.google.com, Admin SDK Reports API: ``startTime`` and ``endTime``, pages of up to 1,000 follow by
``nextPageToken``, 180 days are kept. Lag times (support.google.com/a/answer/7061566): minutes for most, hours for some,
which is why a poll reaches far back.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from trailbell.sources.errors import SourceError
from trailbell.sources.kinds import SettingsError
from trailbell.sources.window import Window
from trailbell.sources.windows import WindowSource
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, format_time
from trailbell_engine.values import Json
from trailbell_rules.schema_parts import TEXT, TEXTS

from .api import Token, VendorApi
from .google_token import GoogleToken, KeyFileError
from .listing import ListPage, listed
from .settings import URL, Standing, described_source, pace, polling

STANDING: Final = Standing(
    interval_us=5 * MINUTE_US, lateness_us=15 * MINUTE_US, overlap_us=3 * HOUR_US, kept_us=180 * DAY_US
)
BASE_URL: Final = "https://admin.googleapis.com"
SCOPE: Final = "https://www.googleapis.com/auth/admin.reports.audit.readonly"
APPLICATIONS: Final = ("login", "admin", "token", "user_accounts")
"""Those in which account takeovers show; `drive` has a hundred times as many events."""
SCHEMA: Final = described_source(
    "The audit reports of a Google Workspace domain.",
    {
        "key_file": (TEXT, "The JSON key of a service account with domain-wide delegation.", "/etc/trailbell/key.json"),
        "subject": (TEXT, "The administrator in whose name it asks.", "audit@acme.example"),
        "applications": (TEXTS, "Whose activities are read.", "login"),
        "url": (URL, "Another address of the API.", BASE_URL),
    },
    STANDING,
    required=("key_file", "subject"),
)


class Reports:
    """Lists what happened between two instants, application by application."""

    def __init__(self, api: VendorApi, applications: list[str]) -> None:
        self._api = api
        self._applications = applications

    def read(self, from_us: int, to_us: int) -> Window:
        """Everything of a window.

        Raises:
            SourceError: see ``VendorApi.get``; or if the answer is no object.
        """
        records: list[Json] = []
        for application in self._applications:
            window = self._activities(application, from_us, to_us)
            records += window.records
            if window.doubt:
                return Window(records, window.place, window.doubt)
        return Window(records, self._api.origin)

    def _activities(self, application: str, from_us: int, to_us: int) -> Window:
        path = f"/admin/reports/v1/activity/users/all/applications/{quote(application, safe='')}"
        bounds = {"startTime": format_time(from_us), "endTime": format_time(to_us), "maxResults": "1000"}

        def page(cursor: str | None) -> ListPage:
            document = self._api.get(path, bounds | ({"pageToken": cursor} if cursor else {})).document
            items = document.get("items", []) if isinstance(document, dict) else None
            if not isinstance(document, dict) or not isinstance(items, list):
                raise SourceError("the reports answered without items", "is `url` the address of Google's API?")
            following = document.get("nextPageToken")
            return ListPage(items, str(following) if following else None)

        return listed(page, self._api.origin)


def build(name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> WindowSource:  # noqa: ARG001  # every source is built so
    """The source; see ``SourceMaker``."""
    own = pace(once=once)
    try:
        token = GoogleToken(str(settings["key_file"]), str(settings["subject"]), SCOPE, now_s=time.time)
    except KeyFileError as error:
        raise SettingsError(str(error), error.help) from error
    api = VendorApi(str(settings.get("url") or BASE_URL), Token("Bearer", token.value), retry=own.retry)
    given = settings.get("applications")
    reports = Reports(api, [str(item) for item in given] if isinstance(given, list) else list(APPLICATIONS))
    return WindowSource(
        reports.read,
        PRESETS["gworkspace"],
        polling(settings, STANDING),
        name=name,
        pace=own.pace,
        server_us=api.take_server_us,
    )
