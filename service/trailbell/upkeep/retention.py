"""What is kept how long: old events, alerts and deliveries go, in small steps, so that nobody waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from trailbell.store.database import Database
from trailbell.store.forgotten import drop_taken_over
from trailbell.store.groups import tracked
from trailbell.store.quarantine import forget as forget_quarantined
from trailbell_engine.durations import parse_duration
from trailbell_engine.timestamps import DAY_US
from trailbell_rules.schema_parts import DURATION, described, mapping

SHORTEST_EVENTS_US: Final = 2 * DAY_US
"""An event that was forgotten counts as new if it comes again: sources reach back by hours, and once a day by one."""
AHEAD_US: Final = DAY_US
"""No clock that anybody looks at is further ahead; a time that is was never a time."""
STEP: Final = 1_000
"""Rows deleted in one transaction."""

SCHEMA: Final = described(
    mapping(
        {
            "events": described(DURATION, "Events, clock ticks, and the quarantine; for ever if left out.", "90d"),
            "alerts": described(DURATION, "Alerts with all that was decided and sent, by their newest event.", "365d"),
        }
    ),
    "How long things are kept; looked after once an hour while `trailbell run` runs.",
)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept, in microseconds; None is for ever."""

    events_us: int | None = None
    alerts_us: int | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """How much went."""

    events: int = 0
    alerts: int = 0
    quarantined: int = 0

    def __add__(self, other: Removed) -> Removed:
        return Removed(self.events + other.events, self.alerts + other.alerts, self.quarantined + other.quarantined)

    def __str__(self) -> str:
        """For people; of the quarantine only if something was there."""
        words = [_count(self.events, "event"), _count(self.alerts, "alert")]
        words += [_count(self.quarantined, "record") + " in quarantine"] if self.quarantined else []
        return ", ".join(words[:-1]) + f" and {words[-1]}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def retention_of(values: Mapping[str, Any]) -> Retention:
    """The retention of settings that are valid against ``SCHEMA``.

    Raises:
        ValueError: if events would be forgotten that sources still hand out again.
    """
    events_us = parse_duration(str(values["events"])) if "events" in values else None
    if events_us is not None and events_us < SHORTEST_EVENTS_US:
        raise ValueError("events are kept for two days at least: sources hand out the newest ones more than once")
    return Retention(events_us, parse_duration(str(values["alerts"])) if "alerts" in values else None)


def step(database: Database, retention: Retention, now_us: int) -> Removed:
    """Delete some of what is too old, in a transaction of its own.

    Args:
        database: open for writing.
        retention: how long things are kept.
        now_us: the time.

    Returns:
        What went; nothing if all is done.
    """
    with database.transaction():
        events = quarantined = 0
        if retention.events_us is not None:
            events = _forget_events(database, now_us - retention.events_us, now_us + AHEAD_US)
            quarantined = forget_quarantined(database, now_us - retention.events_us, now_us, STEP)
        alerts = 0 if retention.alerts_us is None else _forget_alerts(database, now_us - retention.alerts_us)
        drop_taken_over(database)
    return Removed(events, alerts, quarantined)


def _forget_events(database: Database, before_us: int, ahead_us: int) -> int:
    """Only whole beginnings go: what an event did is told by what came before it.

    A time further ahead says nothing of an event's age; it goes with those around it, or nothing ever would.
    """
    return database.execute(
        """
        DELETE FROM input WHERE seq IN (SELECT seq FROM input ORDER BY seq LIMIT ?1) AND seq <
            coalesce((SELECT min(seq) FROM (SELECT seq, time_us FROM input ORDER BY seq LIMIT ?1) AS oldest
                      WHERE time_us >= ?2 AND time_us <= ?3),
                     (SELECT max(seq) FROM input))
        """,
        (STEP, before_us, ahead_us),
    )


def _forget_alerts(database: Database, before_us: int) -> int:
    """An alert goes with its decisions and deliveries; not while one is on its way, or the end is to be told."""
    open_ids = tracked(database)
    most = STEP // 10
    ids = [
        alert_id
        for (alert_id,) in database.rows(
            """
            SELECT id FROM alert WHERE opened_at_us < ?1
              AND coalesce(CAST(json_extract(record, '$.last_at_us') AS BIGINT), opened_at_us) < ?1
              AND NOT EXISTS (SELECT 1 FROM outbox WHERE alert_id = alert.id
                              AND state IN ('pending', 'leased', 'ambiguous', 'parked'))
            ORDER BY opened_at_us LIMIT ?2
            """,
            (before_us, most + len(open_ids)),  # so that those that stay hide none that goes
        )
        if alert_id not in open_ids
    ][:most]
    forget_alerts(database, ids)
    return len(ids)


def forget_alerts(database: Database, ids: list[str]) -> None:
    """Delete alerts with everything that hangs on them; inside a transaction."""
    for alert_id in ids:
        for sql in (
            "DELETE FROM attempt WHERE delivery_id IN (SELECT id FROM outbox WHERE alert_id = ?1)",
            "DELETE FROM outbox WHERE alert_id = ?1",
            "DELETE FROM card WHERE thread IN (SELECT thread FROM decision WHERE alert_id = ?1)",
            "DELETE FROM decision WHERE alert_id = ?1",
            "DELETE FROM handling WHERE alert_id = ?1",
            "DELETE FROM inhibitor WHERE alert_id = ?1",
            "DELETE FROM alert WHERE id = ?1",
        ):
            database.execute(sql, (alert_id,))
