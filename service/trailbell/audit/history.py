"""A long range of audit events, complete and in order of time, one day's window at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trailbell_engine.timestamps import DAY_US, to_datetime
from trailbell_engine.values import Json

from .answers import Page
from .client import AuditClient
from .errors import AnswerError
from .walk import identity, walk


def history(
    client: AuditClient,
    from_us: int,
    to_us: int,
    *,
    window_us: int = DAY_US,
    event_types: Iterable[str] = (),
    search_text: str = "",
    user_id: int | str = "",
) -> Iterator[list[Json]]:
    """The events from one instant to another, a list for each window, oldest first, each event once.

    Args:
        client: reads and retries.
        from_us: microseconds, UTC.
        to_us: microseconds, UTC. Whether an event exactly then belongs to the range is up to the API.
        window_us: how much is asked for, and held in memory, at once.
        event_types: only these.
        search_text: only events whose JSON has this text in it.
        user_id: only this user's.

    Raises:
        AuditError: also if a window does not hold still while it is read.
    """
    types = tuple(event_types)
    before: set[str] = set()
    while from_us < to_us:
        end_us = min(from_us + window_us, to_us)
        date_from, date_to = to_datetime(from_us), to_datetime(end_us)

        def page(number: int) -> Page:
            return client.page(
                number,
                event_types=types,
                date_from=date_from,  # noqa: B023 - called within this turn of the loop
                date_to=date_to,  # noqa: B023 - called within this turn of the loop
                search_text=search_text,
                user_id=user_id,
            )

        walked = walk(page)
        if not walked.complete:
            raise AnswerError(f"the list of events did not hold still: {walked.doubt}", "try again", transient=True)
        window = {identity(event): event for event in walked.events}
        # Both windows may hold the events of the instant at which they meet.
        yield sorted((event for key, event in window.items() if key not in before), key=_when)
        before = set(window)
        from_us = end_us


def _when(event: Json) -> tuple[str, str]:
    return (str(event.get("created_at", "")), str(event.get("id", ""))) if isinstance(event, dict) else ("", "")
