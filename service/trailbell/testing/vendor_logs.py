"""Fake audit log APIs of other vendors over real loopback sockets: each pages as its vendor's documentation says.

Events become visible when they are added, whatever their time: that is how late ones are played.
"""

from __future__ import annotations

import base64
import json
import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping
from operator import itemgetter
from typing import ClassVar, Final, Self
from urllib.parse import parse_qsl, quote, urlsplit

from trailbell_engine.timestamps import SECOND_US, parse_time
from trailbell_engine.values import Json

from .loopback import Answer, LoopbackServer, Request

TOKEN: Final = "example-token"  # noqa: S105 - of a fake
Record = dict[str, Json]
Query = Mapping[str, str]


class FakeVendorLog(ABC):
    """One vendor's log, listening from ``with`` to its end.

    Attributes:
        records: what is visible, in the order in which it became so.
        seen: path and parameters of every request that came in.
        base_url: what a source is given.
    """

    path: ClassVar[str]
    scheme: ClassVar[str] = "Bearer"

    def __init__(self, *, page_size: int = 1000, token: str = TOKEN) -> None:
        """Prepare.

        Args:
            page_size: the most records of a page, if a request asks for more.
            token: the only one that is let in.
        """
        self.records: list[Record] = []
        self.seen: list[tuple[str, dict[str, str]]] = []
        self._page_size = page_size
        self._authorization = f"{self.scheme} {token}"
        self._faults: deque[Answer] = deque()
        self._server = LoopbackServer(self._answer)
        self.base_url = f"http://127.0.0.1:{self._server.port}"

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.__exit__(*exception)

    def add(self, *records: Record) -> None:
        """Make records visible."""
        self.records += records

    def fail(self, *answers: Answer) -> None:
        """Give these answers to the next requests, one each."""
        self._faults.extend(answers)

    def _answer(self, request: Request) -> Answer:
        parts = urlsplit(request.path)
        query = dict(parse_qsl(parts.query))
        self.seen.append((parts.path, query))
        if self._faults:
            return self._faults.popleft()
        if request.headers.get("authorization") != self._authorization:
            return json_answer({"message": "Bad credentials"}, 401)
        if not re.fullmatch(self.path, parts.path):
            return json_answer({"message": "Not Found"}, 404)
        return self.page(parts.path, query)

    @abstractmethod
    def page(self, path: str, query: Query) -> Answer:
        """The page that a good request gets."""

    def _cut(self, query: Query, found: list[Record], asked: str, cursor: str) -> tuple[list[Record], str | None]:
        """One page of what was found, and the cursor of the next; cursors are opaque and mean an offset."""
        start = int(base64.b64decode(query[cursor])) if cursor in query else 0
        size = min(self._page_size, int(query.get(asked, "100")))
        end = start + size
        return found[start:end], base64.b64encode(str(end).encode()).decode() if end < len(found) else None


class FakeOkta(FakeVendorLog):
    """System Log: every page names the next one, the last page too; without it only that of a query with ``until``."""

    path = "/api/v1/logs"
    scheme = "SSWS"

    def page(self, path: str, query: Query) -> Answer:
        """Records behind ``after``, or from ``since`` on, in the order of writing; with ``until`` in that of time."""
        if "until" in query:
            return self._bounded(path, query)
        start = int(query["after"]) if "after" in query else self._first(parse_time(query["since"]) or 0)
        size = min(self._page_size, int(query["limit"]))
        records = self.records[start : start + size]
        following = f"{self.base_url}{path}?after={start + len(records)}&limit={query['limit']}"
        return json_answer(records, link=f'<{self.base_url}{path}>; rel="self", <{following}>; rel="next"')

    def _bounded(self, path: str, query: Query) -> Answer:
        since_us, until_us = parse_time(query["since"]) or 0, parse_time(query["until"]) or 0
        times = [(parse_time(str(record["published"])) or 0, record) for record in self.records]
        found = [record for time_us, record in sorted(times, key=itemgetter(0)) if since_us <= time_us < until_us]
        records, cursor = self._cut(query, found, "limit", "after")
        kept = "&".join(f"{name}={quote(value)}" for name, value in query.items() if name != "after")
        link = "" if cursor is None else f'<{self.base_url}{path}?{kept}&after={quote(cursor)}>; rel="next"'
        return json_answer(records, link=link)

    def _first(self, since_us: int) -> int:
        times = (parse_time(str(record["published"])) or 0 for record in self.records)
        return next((at for at, time_us in enumerate(times) if time_us >= since_us), len(self.records))


class FakeAuth0(FakeVendorLog):
    """Tenant logs: ``from`` a log id, or the pages of a search by date, no more than its first 1,000 hits.

    Attributes:
        unsearchable: log ids that a search does not show yet.
    """

    path = "/api/v2/logs"
    hits_limit = 1000
    unsearchable: frozenset[str] = frozenset()

    def page(self, path: str, query: Query) -> Answer:  # noqa: ARG002  # one path
        """Records behind a log id, in the order of ids, or between two instants, both included, in that of time."""
        if "from" in query:
            ids = [record["log_id"] for record in self.records]
            start = ids.index(query["from"]) + 1
            return json_answer(self.records[start : start + min(self._page_size, int(query["take"]))])
        number, per_page = int(query.get("page", "0")), int(query["per_page"])
        if (number + 1) * per_page > self.hits_limit:
            return json_answer({"message": f"You can only page through the first {self.hits_limit} records"}, 400)
        from_text, _, to_text = query["q"].removeprefix("date:[").removesuffix("]").partition(" TO ")
        first_us, last_us = parse_time(from_text) or 0, parse_time(to_text) or 2**62
        shown = [one for one in self.records if one["log_id"] not in self.unsearchable]
        hits = [one for one in shown if first_us <= (parse_time(str(one["date"])) or 0) <= last_us]
        hits.sort(key=lambda record: str(record["date"]), reverse=query["sort"] == "date:-1")
        return json_answer(hits[number * per_page : (number + 1) * per_page])


class FakeGitHub(FakeVendorLog):
    """Audit log of an organisation: searched by time of creation, the next page in the ``Link`` header."""

    path = "/orgs/acme/audit-log"

    def page(self, path: str, query: Query) -> Answer:
        """Records between two instants of whole seconds, both included."""
        from_text, _, to_text = query["phrase"].removeprefix("created:").partition("..")
        found = _between(self.records, "@timestamp", from_text, to_text, per_second=1000)
        records, cursor = self._cut(query, found, "per_page", "after")
        kept = "&".join(f"{name}={quote(value)}" for name, value in query.items() if name != "after")
        link = "" if cursor is None else f'<{self.base_url}{path}?{kept}&after={quote(cursor)}>; rel="next"'
        return json_answer(records, link=link)


class FakeSlackAudit(FakeVendorLog):
    """Audit logs: ``oldest`` to ``latest`` in seconds, both included, newest first."""

    path = "/audit/v1/logs"

    def page(self, path: str, query: Query) -> Answer:  # noqa: ARG002  # one path
        """Records between two instants."""
        oldest, latest = int(query["oldest"]), int(query["latest"])
        found = [record for record in self.records if oldest <= int(str(record["date_create"])) <= latest]
        found.sort(key=lambda record: int(str(record["date_create"])), reverse=True)
        records, cursor = self._cut(query, found, "limit", "cursor")
        return json_answer({"entries": records, "response_metadata": {"next_cursor": cursor or ""}})


class FakeCloudflare(FakeVendorLog):
    """Audit logs, version 2: ``since`` included, ``before`` not."""

    path = "/client/v4/accounts/acc/logs/audit"

    def page(self, path: str, query: Query) -> Answer:  # noqa: ARG002  # one path
        """Records between two instants."""
        since_us, before_us = parse_time(query["since"]) or 0, parse_time(query["before"]) or 0
        found = [record for record in self.records if since_us <= _action_time_us(record) < before_us]
        records, cursor = self._cut(query, found, "limit", "cursor")
        return json_answer({"success": True, "result": records, "result_info": {"cursor": cursor or ""}})


class FakeGoogleReports(FakeVendorLog):
    """Activities of applications: ``startTime`` to ``endTime``, both included, newest first."""

    path = "/admin/reports/v1/activity/users/all/applications/[a-z_]+"

    def page(self, path: str, query: Query) -> Answer:
        """Records of one application between two instants."""
        application = path.rpartition("/")[2]
        start_us, end_us = parse_time(query["startTime"]) or 0, parse_time(query["endTime"]) or 0
        found = [
            record
            for record in self.records
            if _id_of(record)["applicationName"] == application
            and start_us <= (parse_time(str(_id_of(record)["time"])) or 0) <= end_us
        ]
        found.sort(key=lambda record: str(_id_of(record)["time"]), reverse=True)
        records, cursor = self._cut(query, found, "maxResults", "pageToken")
        document: Record = {"kind": "admin#reports#activities"}
        if records:
            document["items"] = list(records)
        return json_answer(document | ({"nextPageToken": cursor} if cursor else {}))


def json_answer(document: Json, status: int = 200, *, link: str = "", **headers: str) -> Answer:
    """An answer with a JSON body; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()} | ({"Link": link} if link else {})
    return Answer(status, json.dumps(document).encode(), {"Content-Type": "application/json", **named})


def _between(records: list[Record], name: str, from_text: str, to_text: str, *, per_second: int) -> list[Record]:
    """Records whose time, cut to whole seconds, is between two instants, both included; oldest first."""
    first, last = ((parse_time(text) or 0) // SECOND_US for text in (from_text, to_text))
    found = [record for record in records if first <= int(str(record[name])) // per_second <= last]
    return sorted(found, key=lambda record: int(str(record[name])))


def _action_time_us(record: Record) -> int:
    action = record["action"]
    return (parse_time(str(action["time"])) or 0) if isinstance(action, dict) else 0


def _id_of(record: Record) -> Record:
    own = record["id"]
    return own if isinstance(own, dict) else {}
