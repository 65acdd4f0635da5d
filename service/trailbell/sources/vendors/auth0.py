"""Auth0 tenant logs: ``GET /api/v2/logs?from=LOG_ID``, in the order of log ids, which is the order of writing.

Source: auth0.com, Management API: checkpoint pagination (``from``, ``take`` up to 100) is for reading on, and log ids
grow with the time of writing, so that what comes late comes behind: they are not in the order of time. The first id is
found by a search (``q``, ``sort=date:1`` or ``-1``, pages of up to 100 from 0), which shows its first 1,000 hits and no
more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trailbell.sources.errors import SourceError
from trailbell.sources.feeds import FeedSource, Piece
from trailbell.sources.window import Window
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.timestamps import HOUR_US, MINUTE_US, SECOND_US, format_time, parse_time
from trailbell_engine.values import Json

from .api import Token, VendorApi
from .settings import TOKEN, URL, Standing, described_source, pace, polling

STANDING: Final = Standing(interval_us=30 * SECOND_US, lateness_us=2 * MINUTE_US, window_us=6 * HOUR_US)
PAGE_SIZE: Final = 100
SEARCH_PAGES: Final = 10
WRITTEN_US: Final = HOUR_US
"""So long after it happened an event has been written. Auth0 speaks of delays and names no bound; a longer ``lateness``
counts instead."""
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

    def __init__(self, api: VendorApi, lateness_us: int = 0) -> None:
        self._api = api
        self._written_us = max(lateness_us, WRITTEN_US)

    def read(self, cursor: Json | None, since_us: int) -> Piece:
        """The records behind a cursor (a log id); for None the first ones from an instant on.

        Raises:
            SourceError: see ``VendorApi.get``; or if the answer is no list.
        """
        if cursor is None:
            return self._first(since_us)
        records = self._list({"from": str(cursor), "take": str(PAGE_SIZE)})
        last = max(_ids(records), key=_order, default=str(cursor))
        return Piece(records, last, bool(records), self._api.origin)

    def _first(self, since_us: int) -> Piece:
        """Where to begin: behind an id that was written before anything that happened from an instant on.

        What happened so early that it was written before the instant has such an id. Where there is nothing so early,
        the id that was written first is looked for among all that happened until the oldest event had been written.
        """
        early_us = since_us - self._written_us
        before = _ids(self._hits(format_time(0), format_time(early_us), newest_first=True))
        if before:
            return Piece([], before[0], more=True, place=self._api.origin)
        oldest = self._hits(format_time(early_us), "*")
        records = self.listed(early_us, _time_us(oldest[0]) + self._written_us).records if oldest else []
        return Piece(records, min(_ids(records), key=_order, default=None), bool(records), self._api.origin)

    def listed(self, from_us: int, to_us: int) -> Window:
        """Everything from one instant to another.

        Raises:
            SourceError: see ``read``; or if more happened at one instant than a search shows.
        """
        records: list[Json] = []
        while True:
            reached_us = from_us
            for page in range(SEARCH_PAGES):
                found = self._hits(format_time(from_us), format_time(to_us), page)
                records += found
                if not found:
                    return Window(records, self._api.origin)
                reached_us = max(reached_us, *map(_time_us, found))
            if reached_us == from_us:
                raise SourceError(
                    f"more happened at {format_time(from_us)} than a search of the tenant's logs shows",
                    "ask for the time before and after; `since:` lets a first run begin elsewhere",
                )
            from_us = reached_us  # hits are in order of time: all before the last one's has been shown

    def _hits(self, from_text: str, to_text: str, page: int = 0, *, newest_first: bool = False) -> list[Json]:
        query, order = f"date:[{from_text} TO {to_text}]", "date:-1" if newest_first else "date:1"
        return self._list({"q": query, "sort": order, "per_page": str(PAGE_SIZE), "page": str(page)})

    def _list(self, parameters: Mapping[str, str]) -> list[Json]:
        records = self._api.get("/api/v2/logs", parameters).document
        if not isinstance(records, list):
            raise SourceError("the tenant's logs are no list", "is `url` the address of an Auth0 tenant?")
        return records


def _ids(records: list[Json]) -> list[str]:
    return [str(record["log_id"]) for record in records if isinstance(record, dict) and record.get("log_id")]


def _time_us(record: Json) -> int:
    return (parse_time(str(record.get("date"))) or 0) if isinstance(record, dict) else 0


def _order(log_id: str) -> tuple[int, str]:
    """Log ids are decimal numbers of many digits."""
    return len(log_id), log_id


def build(name: str, settings: Mapping[str, Json], environ: Mapping[str, str], *, once: bool) -> FeedSource:  # noqa: ARG001  # every source is built so
    """The source; see ``SourceMaker``."""
    own = pace(once=once)
    plan = polling(settings, STANDING)
    token = str(settings["token"])
    api = VendorApi(str(settings["url"]), Token("Bearer", lambda: token), retry=own.retry)
    return FeedSource(
        Log(api, plan.lateness_us),
        PRESETS["auth0"],
        plan,
        name=name,
        pace=own.pace,
        server_us=api.take_server_us,
    )
