"""Auth0 tenant logs: ``GET /api/v2/logs?from=LOG_ID``, in the order of log ids, which is the order of writing.

Source: auth0.com, Management API: checkpoint pagination (``from``, ``take`` up to 100) is for reading on, and log ids
grow with the time of writing, so that what comes late comes behind. The first id is found by a search.
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
PAGE_SIZE: Final = 100
SCHEMA: Final = described_source(
    "The logs of an Auth0 tenant.",
    {
        "url": (URL, "The tenant's address.", "https://acme.eu.auth0.com"),
        "token": (TOKEN, "A token for the Management API with `read:logs`.", "${AUTH0_TOKEN}"),
    },
    STANDING,
    required=("url", "token"),
)


class Log:
    """Reads the log piece by piece."""

    def __init__(self, api: VendorApi) -> None:
        self._api = api

    def read(self, cursor: Json | None, since_us: int) -> Piece:
        """The records behind a cursor (a log id); for None the first ones from an instant on.

        Raises:
            SourceError: see ``VendorApi.get``; or if the answer is no list.
        """
        if cursor is None:
            first = {"q": f"date:[{format_time(since_us)} TO *]", "sort": "date:1", "per_page": str(PAGE_SIZE)}
            records = self._list(first)
            # What happened first was not always written first; from the first id on nothing is left out.
            return Piece(records, min(_ids(records), key=_order, default=None), bool(records), self._api.origin)
        records = self._list({"from": str(cursor), "take": str(PAGE_SIZE)})
        last = max(_ids(records), key=_order, default=str(cursor))
        return Piece(records, last, bool(records), self._api.origin)

    def _list(self, parameters: Mapping[str, str]) -> list[Json]:
        records = self._api.get("/api/v2/logs", parameters).document
        if not isinstance(records, list):
            raise SourceError("the tenant's logs are no list", "is `url` the address of an Auth0 tenant?")
        return records


def _ids(records: list[Json]) -> list[str]:
    return [str(record["log_id"]) for record in records if isinstance(record, dict) and record.get("log_id")]


def _order(log_id: str) -> tuple[int, str]:
    """Log ids are decimal numbers of many digits."""
    return len(log_id), log_id


def build(name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> FeedSource:  # noqa: ARG001  # every source is built so
    """The source; see ``SourceMaker``."""
    own = pace(once=once)
    token = str(settings["token"])
    api = VendorApi(str(settings["url"]), Token("Bearer", lambda: token), retry=own.retry)
    return FeedSource(
        Log(api).read,
        PRESETS["auth0"],
        polling(settings, STANDING),
        name=name,
        pace=own.pace,
        server_us=api.take_server_us,
    )
