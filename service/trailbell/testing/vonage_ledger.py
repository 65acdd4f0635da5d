"""What a fake Audit API knows: events, and the questions that may be asked about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from threading import Lock
from typing import Final, Literal, NamedTuple
from uuid import UUID

import orjson

from trailbell_engine.timestamps import parse_time
from trailbell_engine.values import Json

SIZE_DEFAULT: Final = 30
SIZE_LIMIT: Final = 100

Order = Literal["newest", "oldest", "id"]
"""The vendor documents no order, so a client must get along with any."""


class BadQueryError(ValueError):
    """A parameter that the API cannot read."""


class Query(NamedTuple):
    """The filters and the page of ``GET /events``. Instants in microseconds, UTC; None is open."""

    event_types: frozenset[str]
    from_us: int | None
    to_us: int | None
    search_text: str
    user_id: str
    page: int
    size: int

    def accepts(self, event: Mapping[str, Json], *, inclusive: bool) -> bool:
        """Whether the event meets all filters; ``inclusive`` says whether the end of the range belongs to it."""
        created_us = parse_time(event["created_at"]) or 0
        return (
            (not self.event_types or event["event_type"] in self.event_types)
            and (self.from_us is None or created_us >= self.from_us)
            and (self.to_us is None or created_us < self.to_us or (inclusive and created_us == self.to_us))
            and (not self.user_id or str(event.get("user_id", "")) == self.user_id)
            and (not self.search_text or self.search_text in orjson.dumps(event).decode())
        )


def read_query(parameters: Mapping[str, str]) -> Query:
    """Read the parameters; unknown ones are ignored, as by the original.

    Raises:
        BadQueryError: for a date, page or size that is none.
    """
    return Query(
        event_types=frozenset(filter(None, parameters.get("event_type", "").split(","))),
        from_us=_instant(parameters, "date_from"),
        to_us=_instant(parameters, "date_to"),
        search_text=parameters.get("search_text", ""),
        user_id=parameters.get("user_id", ""),
        page=_number(parameters, "page", 1, 10**9),
        size=_number(parameters, "size", SIZE_DEFAULT, SIZE_LIMIT),
    )


def _instant(parameters: Mapping[str, str], name: str) -> int | None:
    text = parameters.get(name, "")
    if not text:
        return None
    time_us = parse_time(f"{text}T00:00:00" if len(text) == len("2018-08-01") else text)
    if time_us is None:
        raise BadQueryError(f"{name} is no ISO-8601 date: {text}")
    return time_us


def _number(parameters: Mapping[str, str], name: str, default: int, largest: int) -> int:
    text = parameters.get(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= largest:
        raise BadQueryError(f"{name} must be from 1 to {largest}")
    return int(text)


class EventLedger:
    """Events by id, thread-safe.

    Attributes:
        order: in which lists are given.
        inclusive: whether an event exactly at ``date_to`` is in the list; undocumented, so both are tried.
    """

    def __init__(
        self, events: Iterable[dict[str, Json]] = (), *, order: Order = "newest", inclusive: bool = True
    ) -> None:
        self.order = order
        self.inclusive = inclusive
        self._lock = Lock()
        self._events: dict[str, dict[str, Json]] = {}
        for event in events:
            self.add(event)

    def add(self, event: dict[str, Json]) -> None:
        """Let an event happen, or arrive late; its ``created_at`` says when it was.

        Raises:
            KeyError: if it lacks id, event_type or created_at.
            ValueError: if its id is no UUID or its time is none.
        """
        UUID(event["id"])
        if parse_time(event["created_at"]) is None or not event["event_type"]:
            raise ValueError("an event has a type and the time at which it was created")
        with self._lock:
            self._events[event["id"]] = event

    def __len__(self) -> int:
        return len(self._events)

    def __iter__(self) -> Iterator[dict[str, Json]]:
        """Every event, oldest first."""
        with self._lock:
            return iter(sorted(self._events.values(), key=_age))

    def find(self, event_id: str) -> dict[str, Json] | None:
        """The event of that id."""
        return self._events.get(event_id)

    def all(self, query: Query) -> list[dict[str, Json]]:
        """Every event that meets the filters, in the ledger's order."""
        with self._lock:
            found = [event for event in self._events.values() if query.accepts(event, inclusive=self.inclusive)]
        if self.order == "id":
            return sorted(found, key=lambda event: str(event["id"]))
        return sorted(found, key=_age, reverse=self.order == "newest")


def _age(event: Mapping[str, Json]) -> tuple[str, str]:
    return event["created_at"], event["id"]
