"""How far the sources are, and how much waits in the outbox: what health, metrics and the console tell."""

from __future__ import annotations

from typing import NamedTuple

from trailbell.store.coverage import read_episodes, read_watched
from trailbell.store.reading import Readers
from trailbell_engine.timestamps import SECOND_US
from trailbell_notifiers.delivery.breaker import OPEN_AFTER


class SourceLag(NamedTuple):
    """A source, and by how much event time is behind the clock; None before its first event."""

    name: str
    watermark_us: int | None
    lag_s: float | None


class SourceTrouble(NamedTuple):
    """A source that is watched: for how long it has given nothing new, and what is known to be wrong with it."""

    name: str
    silent_s: float | None
    troubles: frozenset[str]


class Waiting(NamedTuple):
    """Deliveries of a receiver in a state; ``oldest_s`` is the age of the oldest, 0 for those that are done."""

    receiver: str
    state: str
    deliveries: int
    oldest_s: float


def source_lags(readers: Readers, now_us: int) -> list[SourceLag]:
    """Every source that the store knows."""
    rows = readers.rows("SELECT name, watermark_us FROM source ORDER BY name")
    return [
        SourceLag(name, watermark_us, None if watermark_us is None else max(0.0, (now_us - watermark_us) / SECOND_US))
        for name, watermark_us in rows
    ]


def source_troubles(readers: Readers, now_us: int) -> list[SourceTrouble]:
    """Every source that was ever watched."""
    open_ = [one for one in read_episodes(readers) if one.until_us is None and one.told]
    return [
        SourceTrouble(
            one.source,
            None if one.heard_us is None else max(0.0, (now_us - one.heard_us) / SECOND_US),
            frozenset(episode.trouble for episode in open_ if episode.source == one.source),
        )
        for one in read_watched(readers).values()
    ]


def waiting(readers: Readers, now_us: int) -> list[Waiting]:
    """The outbox by receiver and state."""
    rows = readers.rows(
        "SELECT receiver, state, count(*), min(created_us) FROM outbox GROUP BY receiver, state ORDER BY 1, 2"
    )
    return [
        Waiting(receiver, state, count, 0.0 if state == "sent" else max(0.0, (now_us - oldest_us) / SECOND_US))
        for receiver, state, count, oldest_us in rows
    ]


def failing(readers: Readers) -> dict[str, int]:
    """The receivers that fail: 1, or 2 if only probes are sent to one of its targets."""
    rows = readers.rows("SELECT receiver, max(failures) FROM breaker GROUP BY receiver ORDER BY receiver")
    return {receiver: 2 if failures >= OPEN_AFTER else 1 for receiver, failures in rows}
