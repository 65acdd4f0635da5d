"""A complete list from an API that pages by offset while events arrive: walk again until nothing moved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from trailbell_engine.counted import counted
from trailbell_engine.decoding.envelope import content_id
from trailbell_engine.values import Json

from .answers import Page

WALKS: Final = 5
"""So often a list is walked before it is given up as moving; each walk that found all of it is the last."""


class Walked(NamedTuple):
    """What the walks found.

    Attributes:
        events: each once, in no particular order.
        complete: they are all there was. If not, ``doubt`` says in words what speaks against it.
    """

    events: list[Json]
    complete: bool
    doubt: str


def walk(page: Callable[[int], Page]) -> Walked:
    """Collect a list page by page.

    A walk is complete if every page named the same total and so many different events were met. An event that arrives
    during a walk moves the total or pushes another event onto the next page, where it is met twice. Both are seen here,
    and so are a page that came twice and one that was cut. What one walk missed another finds: the findings add up.

    Args:
        page: fetches the page of that number, from 1.

    Raises:
        AuditError: as ``page`` does.
    """
    found: dict[str, Json] = {}
    doubt = ""
    for _ in range(WALKS):
        met, doubt = _once(page)
        found.update(met)
        if not doubt:
            return Walked(list(found.values()), complete=True, doubt="")
    return Walked(list(found.values()), complete=False, doubt=doubt)


def _once(page: Callable[[int], Page]) -> tuple[dict[str, Json], str]:
    """What one walk met, and what speaks against its being all there is. Doubt does not end a walk: it collects."""
    met: dict[str, Json] = {}
    doubt = ""
    read, number = 0, 1
    first = current = page(1)
    while current.events:
        known = len(met)
        met.update((identity(event), event) for event in current.events)
        read += len(current.events)
        if current.total is None and len(met) == known:
            doubt = doubt or f"page {number} brought nothing new"
            break
        if current.total is not None and read >= current.total:
            break
        number += 1
        current = page(number)
        if current.total != first.total:
            doubt = f"the total went from {first.total} to {current.total} while it was read"
    if not doubt and first.total is None and read != len(met):
        doubt = "pages overlap, and the API does not tell the total"
    if not doubt and first.total is not None and len(met) != first.total:
        doubt = f"{counted(first.total, 'event is', 'events are')} announced, {len(met)} were found"
    return met, doubt


def identity(event: Json) -> str:
    """The id of an event, or a hash of its content if it has none."""
    event_id = event.get("id") if isinstance(event, dict) else None
    return event_id if isinstance(event_id, str) and event_id else content_id(event)
