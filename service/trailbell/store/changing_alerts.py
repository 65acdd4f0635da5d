"""Alerts as the engine changes them: read once and written once a transaction, however often they fire in it."""

from __future__ import annotations

from trailbell_engine.alert import Alert
from trailbell_engine.codec import encode_alert
from trailbell_engine.decoding.exact_json import write_json

from .alerts import Alerts, StoredAlert
from .database import Database


class ChangingAlerts:
    """The ``alert`` table with what the running transaction has changed, which is written as its last act.

    A storm folds hundreds of firings into one alert, and with each its record would be read and written anew.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._alerts = Alerts(database)
        self._changed: dict[str, StoredAlert] = {}
        self.add = self._alerts.add
        database.participants.append(self)

    def get(self, alert_id: str) -> StoredAlert | None:
        """The alert of that id as it is now, or None."""
        return self._changed.get(alert_id) or self._alerts.get(alert_id)

    def replace(self, stored: StoredAlert, alert: Alert) -> None:
        """The alert is another one from now on, inside the running transaction; its wording stays what people read."""
        self._changed[alert.id] = stored._replace(alert=alert)

    def before_commit(self) -> None:
        """Write what has changed."""
        if self._changed:
            self._database.executemany(
                "UPDATE alert SET record = ? WHERE id = ?",
                [(write_json(encode_alert(stored.alert)), alert_id) for alert_id, stored in self._changed.items()],
            )

    def after_commit(self, *, done: bool) -> None:  # noqa: ARG002 - the protocol's signature
        """It is in the table now, or it never happened."""
        self._changed.clear()
