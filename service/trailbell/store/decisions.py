"""Why something was or was not done about an alert: a line for each decision, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from trailbell_notifiers.groups.group import HELD, Note

from .database import Database

_COLUMNS: Final = "alert_id, what, detail, receiver, at_us, until_us, thread, number, severity"


class Decisions:
    """The ``decision`` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, notes: Sequence[Note]) -> None:
        """Append, inside the running transaction."""
        self._database.executemany(
            f"INSERT INTO decision ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constants
            notes,
        )

    def of(self, alert_id: str) -> list[Note]:
        """What was decided about an alert, oldest first."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM decision WHERE alert_id = ? ORDER BY seq",  # noqa: S608 - constants
            (alert_id,),
        )
        return [Note(*row) for row in rows]

    def told_by(self, receiver: str, thread: str, number: int) -> dict[str, str]:
        """The alerts that a message told of, each with the severity that it had by then."""
        rows = self._database.rows(
            "SELECT alert_id, severity FROM decision "
            "WHERE what = 'told' AND thread = ? AND number = ? AND receiver = ? ORDER BY seq",
            (thread, number, receiver),
        )
        return dict(rows)

    def newest_of(self, alert_id: str) -> dict[str, Note]:
        """Per receiver the last decision about an alert that says whether it has been told."""
        return {note.receiver: note for note in self.of(alert_id) if note.what in (*HELD, "told", "dropped", "untold")}

    def counts(self) -> Counter[str]:
        """How many alerts each kind of decision was ever made about."""
        rows = self._database.rows("SELECT what, count(DISTINCT alert_id) FROM decision GROUP BY what ORDER BY what")
        return Counter(dict(rows))
