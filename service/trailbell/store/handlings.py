"""What people have done about alerts: acknowledged, taken back, resolved by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from .database import Database

Deed: TypeAlias = Literal["acknowledged", "unacknowledged", "resolved"]


class Handling(NamedTuple):
    """One deed; ``at_us`` is event time."""

    alert_id: str
    at_us: int
    what: Deed
    author: str
    comment: str


@dataclass(frozen=True, slots=True)
class Handlings:
    """The ``handling`` table."""

    database: Database

    def add(self, handling: Handling) -> None:
        """Append, inside the running transaction."""
        self.database.execute(
            "INSERT INTO handling (alert_id, at_us, what, author, comment) VALUES (?, ?, ?, ?, ?)", handling
        )

    def of(self, alert_id: str) -> list[Handling]:
        """What was done about an alert, oldest first."""
        rows = self.database.rows(
            "SELECT alert_id, at_us, what, author, comment FROM handling WHERE alert_id = ? ORDER BY seq", (alert_id,)
        )
        return [Handling(*row) for row in rows]

    def acknowledged(self, alert_id: str) -> Handling | None:
        """Who looks after it; None if nobody does."""
        deeds = [deed for deed in self.of(alert_id) if deed.what != "resolved"]
        return deeds[-1] if deeds and deeds[-1].what == "acknowledged" else None
