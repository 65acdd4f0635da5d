"""Okta System Log: ``GET /api/v1/logs``, whose ``next`` link is a cursor that can be asked for ever.

Source: developer.okta.com, System Log API: ascending order and no ``until`` make a polling query, the ``next`` link of
the last page stays valid, and events that are written late come behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trailbell.sources.errors import SourceError
from trailbell.sources.feeds import FeedSource, Piece
from trailbell_engine.maps import PRESETS
from trailbell_engine.timestamps import MINUTE_US, SECOND_US, format_time
from trailbell_engine.values import Json

from .api import Token, VendorApi
from .settings import TOKEN, URL, Standing, described_source, pace, polling

STANDING: Final = Standing(interval_us=30 * SECOND_US, lateness_us=2 * MINUTE_US, overlap_us=MINUTE_US)
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
        if cursor is None:
            first = {"since": format_time(since_us), "sortOrder": "ASCENDING", "limit": str(PAGE_SIZE)}
            reply = self._api.get("/api/v1/logs", first)
        else:
            reply = self._api.get(str(cursor), prefixed=False)
        if not isinstance(reply.document, list):
            raise SourceError("the System Log answered with no list", "is `url` the address of an Okta organisation?")
        # Only an empty page says that there is no more now: pages may be shorter than was asked for.
        return Piece(reply.document, reply.next_path or cursor, bool(reply.document), self._api.origin)


def build(name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> FeedSource:  # noqa: ARG001  # every source is built so
    """The source; see ``SourceMaker``."""
    own = pace(once=once)
    token = str(settings["token"])
    api = VendorApi(str(settings["url"]), Token("SSWS", lambda: token), retry=own.retry)
    return FeedSource(
        Log(api).read,
        PRESETS["okta"],
        polling(settings, STANDING),
        name=name,
        pace=own.pace,
        server_us=api.take_server_us,
    )
