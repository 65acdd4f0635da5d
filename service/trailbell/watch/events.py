"""What is wrong with a source, as an event of trailbell's own: recorded, matched by rules, replayed like all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trailbell_engine.decoding.decoder import RAW_KEPT_BYTES
from trailbell_engine.decoding.exact_json import write_json
from trailbell_engine.event import Event, Input, Malformed
from trailbell_engine.timestamps import SECOND_US, format_time
from trailbell_engine.values import Json

from .standing import Change, Trouble

SOURCE: Final = "trailbell"
"""The source of these events. No other may be called so."""
_TYPES: Final[Mapping[Trouble, tuple[str, str]]] = {
    "failing": ("SOURCE_FAILING", "SOURCE_RECOVERED"),
    "lagging": ("SOURCE_LAGGING", "SOURCE_CAUGHT_UP"),
    "quiet": ("SOURCE_QUIET", "SOURCE_HEARD_AGAIN"),
}
EVENT_TYPES: Final = frozenset(name for pair in _TYPES.values() for name in pair)
"""None but trailbell tells of its sources: whoever else could would end its alerts, or raise them."""
PEER: Final = "PEER_"
"""Before the type of what another trailbell tells of its own sources, so that no rule about ours takes it for ours."""


def event_of(change: Change, source: str, kind: str, severity: str, now_us: int, last_us: int | None) -> Event:
    """The event that tells of a change. The same change gives the same event.

    Args:
        change: what is news.
        source: the source that it is about.
        kind: of that source.
        severity: that its alerts are to have; empty for that of the rules.
        now_us: when it was found, microseconds since the epoch, UTC.
        last_us: when the newest of the source's events happened.
    """
    begins, ends = _TYPES[change.trouble]
    event_type = begins if change.begins else ends
    since = format_time(change.since_us)
    data: dict[str, Json] = {
        "event_type": event_type,
        "time": format_time(now_us),
        "source": source,
        "kind": kind,
        "since": format_time(change.since_us // SECOND_US * SECOND_US),
        "lag_s": change.lag_us // SECOND_US,
    }
    if change.reason:
        data["reason"] = change.reason
    if not change.begins:
        data["lasted_s"] = (now_us - change.since_us) // SECOND_US
    if last_us is not None:
        data["last_event"] = format_time(last_us)
    if severity:
        data["severity"] = severity
    return Event(SOURCE, f"{event_type} {source} {since}", event_type, now_us, data)


def passes_for_own(item: Input) -> bool:
    """Whether an input that came from outside looks like one of trailbell's own events."""
    return isinstance(item, Event) and (item.event_type in EVENT_TYPES or item.source == SOURCE)


def why_not_own(event: Event) -> str:
    """What to say of an event from outside that looks like one of trailbell's own."""
    name = event.event_type if event.event_type in EVENT_TYPES else SOURCE
    return f"only trailbell's own events are called {name}: from outside it is taken for none"


def not_own(item: Input, source: str) -> Input:
    """What is made of an input of that source: what looks like one of trailbell's own events is none.

    What another trailbell tells of its own sources is an event under a type of its own; all else is kept as malformed.
    """
    if not isinstance(item, Event) or not passes_for_own(item):
        return item
    if item.source != SOURCE and _is_of_peer(item):
        return item._replace(event_type=f"{PEER}{item.event_type}")
    source = source if item.source == SOURCE else item.source  # files name theirs after what is in them
    return Malformed(source, f"the event {item.id}", why_not_own(item), write_json(item.data)[:RAW_KEPT_BYTES])


def _is_of_peer(event: Event) -> bool:
    """Whether it has the form in which another trailbell's Audit API lists its own events: records as ``context``."""
    context = event.data.get("context")
    return isinstance(context, dict) and context.get("event_type") == event.event_type and "source" in context
