"""Stored alerts: what the engine decided and what people were told, kept side by side."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, Final, NamedTuple

from trailbell_engine.alert import Alert
from trailbell_engine.codec import decode_alert, encode_alert
from trailbell_engine.decoding.exact_json import read_json, write_json
from trailbell_engine.values import Json

from .database import Database

_PAGE: Final = 200


class StoredAlert(NamedTuple):
    """An alert with its wording: ``title``, ``summary``, ``fields``, ``problems``, and ``explanation`` as JSON."""

    alert: Alert
    wording: dict[str, Json]

    def to_json(self) -> dict[str, Json]:
        """The alert as interfaces promise it."""
        return alert_json(self.alert, self.wording)


def alert_json(alert: Alert, wording: dict[str, Json]) -> dict[str, Json]:
    """The alert as interfaces promise it, in their order of keys."""
    document = alert.to_json()
    head = ("id", "rule_id", "rule_version", "severity")
    return (
        {name: document[name] for name in head}
        | {"title": wording["title"], "summary": wording["summary"]}
        | {name: value for name, value in document.items() if name not in head}
    )


class Alerts:
    """The ``alert`` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, alert: Alert, wording: dict[str, Json]) -> bool:
        """Store a new alert; False if it is there already (a replay of the same inputs)."""
        added = self._database.execute(
            "INSERT INTO alert (id, rule_id, severity, opened_at_us, record, wording) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            (
                alert.id,
                alert.rule_id,
                alert.severity,
                alert.opened_at_us,
                write_json(encode_alert(alert)),
                write_json(wording),
            ),
        )
        return added > 0

    def get(self, alert_id: str) -> StoredAlert | None:
        """The alert of that id, or None."""
        row = self._database.one("SELECT record, wording FROM alert WHERE id = ?", (alert_id,))
        return None if row is None else _stored(row)

    def find(self, prefix: str) -> list[StoredAlert]:
        """The alerts whose id starts so; at most three, since one is wanted."""
        rows = self._database.rows(
            "SELECT record, wording FROM alert WHERE substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT 3", (prefix,)
        )
        return [_stored(row) for row in rows]

    def of_rule(self, rule_id: str) -> Iterator[StoredAlert]:
        """The alerts of a rule, newest first."""
        rows = self._database.rows(
            "SELECT record, wording FROM alert WHERE rule_id = ? ORDER BY opened_at_us DESC, id DESC", (rule_id,)
        )
        return map(_stored, rows)

    def newest(self, limit: int = 100) -> list[StoredAlert]:
        """The newest alerts by the time they opened, newest first."""
        rows = self._database.rows(
            "SELECT record, wording FROM alert ORDER BY opened_at_us DESC, rule_id DESC, id DESC LIMIT ?", (limit,)
        )
        return [_stored(row) for row in rows]

    def newest_first(self) -> Iterator[StoredAlert]:
        """Every alert, the newest first, a page at a time: for who stops when enough is found."""
        for offset in count(step=_PAGE):
            rows = self._database.rows(
                "SELECT record, wording FROM alert ORDER BY opened_at_us DESC, rule_id DESC, id DESC LIMIT ? OFFSET ?",
                (_PAGE, offset),
            )
            yield from map(_stored, rows)
            if len(rows) < _PAGE:
                return

    def opened_between(self, since_us: int, until_us: int) -> list[StoredAlert]:
        """Those that opened from the first instant to before the second, in order of opening, rule id and id."""
        rows = self._database.rows(
            "SELECT record, wording FROM alert WHERE opened_at_us >= ? AND opened_at_us < ? "
            "ORDER BY opened_at_us, rule_id, id",
            (since_us, until_us),
        )
        return [_stored(row) for row in rows]

    def all(self) -> list[StoredAlert]:
        """Every alert in order of opening, rule id and id."""
        rows = self._database.rows("SELECT record, wording FROM alert ORDER BY opened_at_us, rule_id, id")
        return [_stored(row) for row in rows]


def _stored(row: tuple[Any, ...]) -> StoredAlert:
    return StoredAlert(decode_alert(read_json(row[0])), read_json(row[1]))
