"""Okta System Log: ``GET /api/v1/logs``, whose ``next`` link is a cursor that can be asked for ever.

Source: developer.okta.com, System Log API: ascending order and no ``until`` make a polling query, the ``next`` link of
the last page stays valid, and events that are written late come behind it. With ``until`` it is a bounded query over
the time of events. They are kept for 90 days.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trailbell.sources.errors import SourceError
from trailbell.sources.feeds import FeedSource, Piece
from trailbell.sources.window import Window
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US, format_time
from trailbell_engine.values import Json

from .api import Token, VendorApi
from .listing import ListPage, listed
from .settings import TOKEN, URL, Standing, described_source, pace, polling

STANDING: Final = Standing(
    interval_us=30 * SECOND_US, lateness_us=2 * MINUTE_US, window_us=6 * HOUR_US, kept_us=90 * DAY_US
)
PAGE_SIZE: Final = 1000
SCHEMA: Final = described_source(
    "The System Log of an Okta organisation.",
    {
        "url": (URL, "The organisation's address.", "https://acme.okta.com"),
        "token": (TOKEN, "An API token of a read-only administrator.", "${OKTA_API_TOKEN}"),
    },
    STANDING,
    required=("url", "token"),
)


class Log:
    """Reads the log piece by piece."""

    def __init__(self, api: VendorApi) -> None:
        self._api = api

    def read(self, cursor: Json | None, since_us: int) -> Piece:
        """The piece that a cursor (the path of a ``next`` link) begins; None begins at an instant.

        Raises:
            SourceError: see ``VendorApi.get``; or if the answer is no list.
        """
        records, following = self._page(cursor, {"since": format_time(since_us)})
        # Only an empty page says that there is no more now: pages may be shorter than was asked for.
        return Piece(records, following or cursor, bool(records), self._api.origin)

    def listed(self, from_us: int, to_us: int) -> Window:
        """Everything from one instant to another.

        Raises:
            SourceError: see ``read``.
        """
        # Nothing says whether `until` leaves its instant out.
        bounds = {"since": format_time(from_us), "until": format_time(to_us + SECOND_US)}

        def page(cursor: str | None) -> ListPage:
            records, following = self._page(cursor, bounds)
            return ListPage(records, following if records else None)

        return listed(page, self._api.origin)

    def _page(self, cursor: Json | None, bounds: Mapping[str, str]) -> tuple[list[Json], str | None]:
        """The page that a cursor names, the first between bounds for None; and the path of the next."""
        if cursor is None:
            reply = self._api.get("/api/v1/logs", {**bounds, "sortOrder": "ASCENDING", "limit": str(PAGE_SIZE)})
        else:
            reply = self._api.get(str(cursor), prefixed=False)
        if not isinstance(reply.document, list):
            raise SourceError("the System Log answered with no list", "is `url` the address of an Okta organisation?")
        return reply.document, reply.next_path


def build(name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> FeedSource:  # noqa: ARG001  # every source is built so
    """The source; see ``SourceMaker``."""
    own = pace(once=once)
    token = str(settings["token"])
    api = VendorApi(str(settings["url"]), Token("SSWS", lambda: token), retry=own.retry)
    return FeedSource(
        Log(api),
        PRESETS["okta"],
        polling(settings, STANDING),
        name=name,
        pace=own.pace,
        server_us=api.take_server_us,
    )
