"""The desk's memory in the store: groups live in memory, and are written in the transaction of their events."""

from __future__ import annotations

from trailbell_engine.decoding.exact_json import read_json, write_json
from trailbell_notifiers.groups.group import Group, decode_group, encode_group
from trailbell_notifiers.groups.memory import MemoryGroups
from trailbell_notifiers.policy.event_clock import EventClock
from trailbell_notifiers.policy.inhibition import Source

from .database import Database


def tracked(database: Database) -> frozenset[str]:
    """The ids of alerts that are in a group still: open, and with a reminder, an escalation or an end to tell."""
    return frozenset(
        str(entry["alert_id"])
        for (value,) in database.rows("SELECT value FROM delivery_group")
        for entry in read_json(value)["tracked"]
    )


class StoreGroups(MemoryGroups):
    """A ``desk.Memory`` that lasts, with the clock of its timers.

    Attributes:
        clock: as of the last commit; whoever moves it does so inside a transaction.
    """

    def __init__(self, database: Database) -> None:
        """Load what the last run left."""
        super().__init__()
        self.clock = EventClock()
        self._database = database
        self._changed: dict[str, tuple[Group | None, int | None]] = {}
        self._sources_changed: set[str] = set()
        self._clock_written = b""
        self._load()
        database.participants.append(self)

    def keep(self, key: str, group: Group | None, wake_us: int | None) -> None:
        """Keep a group, or forget it, when the transaction commits."""
        super().keep(key, group, wake_us)
        self._changed[key] = group, wake_us

    def inhibit(self, source: Source) -> None:
        """Remember an inhibitor."""
        super().inhibit(source)
        self._sources_changed.add(source.alert_id)

    def release(self, alert_id: str) -> None:
        """Forget it."""
        super().release(alert_id)
        self._sources_changed.add(alert_id)

    def before_commit(self) -> None:
        """Write what has changed since the last commit."""
        execute = self._database.execute
        for key, (group, wake_us) in self._changed.items():
            if group is None:
                execute("DELETE FROM delivery_group WHERE key = ?", (key,))
            else:
                execute(
                    "INSERT INTO delivery_group VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
                    "wake_us = excluded.wake_us, value = excluded.value",
                    (key, wake_us, write_json(encode_group(group))),
                )
        for alert_id in self._sources_changed:
            self._write_source(alert_id)
        clock = self._clock()
        if clock != self._clock_written:
            execute(
                "INSERT INTO delivery_clock VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value",
                (clock,),
            )

    def after_commit(self, *, done: bool) -> None:
        """What was written is durable; or undone, and then memory goes back to it."""
        clock = self._clock()
        touched = bool(self._changed or self._sources_changed or clock != self._clock_written)
        self._changed.clear()
        self._sources_changed.clear()
        if done:
            self._clock_written = clock
        elif touched:
            self._load()

    def _write_source(self, alert_id: str) -> None:
        source = self._sources.get(alert_id)
        if source is None:
            self._database.execute("DELETE FROM inhibitor WHERE alert_id = ?", (alert_id,))
            return
        labels = write_json({name: list(values) for name, values in source.labels.items()})
        self._database.execute(
            "INSERT INTO inhibitor (alert_id, labels, until_us) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (alert_id, labels, source.until_us),
        )

    def _load(self) -> None:
        self.clear()
        for key, wake_us, value in self._database.rows("SELECT key, wake_us, value FROM delivery_group ORDER BY key"):
            super().keep(key, decode_group(read_json(value)), wake_us)
        for alert_id, labels, until_us in self._database.rows(
            "SELECT alert_id, labels, until_us FROM inhibitor ORDER BY seq"
        ):
            values = {name: tuple(texts) for name, texts in read_json(labels).items()}
            super().inhibit(Source(alert_id, values, until_us))
        row = self._database.one("SELECT value FROM delivery_clock")
        self.clock.resume(None if row is None else read_json(row[0]))
        self._clock_written = self._clock()

    def _clock(self) -> bytes:
        """All of the clock: a tick may say what bounds it from now on, and not move it."""
        return write_json(self.clock.to_json())
